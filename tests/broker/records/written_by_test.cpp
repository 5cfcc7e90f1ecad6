#include "broker/records/written_by.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using ::testing::HasSubstr;

TEST(WrittenBy, IsWhatWasNotedLast) {
    test::Tree tree({{"other", ""}});
    const auto dir = tree.open();
    const auto none = read_written_by(dir);
    ASSERT_OK(none);
    EXPECT_EQ(none->format, 0U);
    EXPECT_OK(require_known(*none)) << "of before there was the file";
    ASSERT_OK(note_written_by(dir, *none, "0.2.0"));
    EXPECT_EQ(dir.read_file("written-by", 256).value(), "state-format 1\nversion 0.2.0\n");
    const auto last = read_written_by(dir);
    ASSERT_OK(last);
    EXPECT_EQ(last->version, "0.2.0");
    EXPECT_OK(require_known(*last));
    ASSERT_OK(note_written_by(dir, *last, "0.2.1"));
    EXPECT_EQ(read_written_by(dir)->version, "0.2.1");
}

TEST(WrittenBy, ALaterFormatIsRefusedWithTheVersionToInstall) {
    test::Tree tree({{"written-by", "state-format 2\nversion 0.3.0\nmore of then\n"}});
    const auto last = read_written_by(tree.open());
    ASSERT_OK(last);
    const auto known = require_known(*last);
    ASSERT_FALSE(known);
    EXPECT_THAT(known.error().what, HasSubstr("install 0.3.0 or newer"));
}

TEST(WrittenBy, WhatIsNoneOfItIsAnErrorThatSaysWhatToDo) {
    for (const auto* text : {"", "state-format 1", "state-format x\nversion 0.2.0\n",
                             "state-format 0\nversion 0.2.0\n", "state-format 1\nversion A B\n",
                             "version 0.2.0\nstate-format 1\n"}) {
        test::Tree tree({{"written-by", text}});
        const auto last = read_written_by(tree.open());
        ASSERT_FALSE(last) << text;
        EXPECT_THAT(last.error().what, HasSubstr("remove the file"));
    }
}

}  // namespace
}  // namespace bulkhead::records
