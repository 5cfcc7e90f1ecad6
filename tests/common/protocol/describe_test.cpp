#include "common/protocol/describe.hpp"

#include <gtest/gtest.h>

#include "tests/common/protocol/random_message.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::protocol {
namespace {

bool has(const std::string& text) {
    static const auto page = describe();
    return page.find(text) != page.npos;
}

TEST(Describe, NamesEveryMessageAndEveryField) {
    each_message([&]<class T>(const std::string& name) {
        const auto stands_there = [&](std::string_view field) {
            EXPECT_TRUE(has("| `" + std::string(field) + "` |")) << name;
        };
        std::apply([&](const auto&... field) { (stands_there(field.name), ...); }, T::fields);
    });
    const auto has_heading = [&]<class M> {
        EXPECT_TRUE(has("### " + std::string(M::spec.name) + "\n"));
        EXPECT_TRUE(has(std::string(M::spec.remark) + " |\n"));
    };
    Requests::each(has_heading);
    ReaderRequests::each(has_heading);
    LoaderRequests::each(has_heading);
    Events::each(has_heading);
}

TEST(Describe, ShowsBoundsAndWhatIsInside) {
    EXPECT_TRUE(has("| `jobs.end.reason` | text <= 40 |"));
    EXPECT_TRUE(has("| `params` | list of <= 32 record |"));
    EXPECT_TRUE(has("| `manifest` | optional descriptor |"));
    EXPECT_TRUE(has("| `audit_head` | 32 bytes |"));
    EXPECT_TRUE(has("| `end.outcome` | enum 0..4 |"));
}

TEST(Describe, IsThePageInTheDocumentation) {
    EXPECT_EQ(test::content_of(PROTOCOL_PAGE), describe())
        << "write it anew: bulkhead-broker --describe-protocol > docs/protocol.md";
}

}  // namespace
}  // namespace bulkhead::protocol
