#include "common/sys/dir.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/tree.hpp"

namespace bulkhead::sys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

mode_t mode_of(const test::Tree& tree, const std::string& name) {
    struct stat info {};
    EXPECT_EQ(::stat((tree.path() + "/" + name).c_str(), &info), 0);
    return info.st_mode & 07777;
}

std::vector<std::string> open_descriptors() {
    return Dir::open("/proc/self/fd").value().list().value();
}

TEST(Dir, ReadsBeneathItself) {
    const auto tree = test::tree({{"a/b/file", "text"}});
    const auto dir = tree.open();
    EXPECT_EQ(dir.read_file("a/b/file", 10), "text");
    EXPECT_EQ(dir.open_dir("a")->read_file("b/../b/file", 10), "text") << ".. within is fine";
    EXPECT_EQ(dir.read_file("a/none", 10).error().code, ENOENT);
}

TEST(Dir, NeverLeadsOutside) {
    const auto tree = test::tree({{"outside", "secret"}, {"in/file", "text"}});
    const auto inside = tree.open().open_dir("in").value();
    EXPECT_EQ(inside.read_file("../outside", 10).error().code, EXDEV);
    EXPECT_EQ(inside.read_file(tree.path() + "/outside", 10).error().code, EXDEV);
    EXPECT_EQ(inside.read_file("/etc/passwd", 1000).error().code, EXDEV);
    EXPECT_FALSE(inside.open_dir(".."));
    EXPECT_FALSE(inside.open_at("../new", O_WRONLY | O_CREAT, 0600));
    EXPECT_FALSE(inside.write_atomic("../new", "x", 0600));
    EXPECT_THAT(tree.open().list().value(), ElementsAre("in", "outside"));
}

TEST(Dir, NeverFollowsASymlink) {
    const auto tree = test::tree({{"real/file", "text"}});
    tree.link("to-file", "real/file");
    tree.link("to-dir", "real");
    tree.link("magic", "/proc/self/fd");
    const auto dir = tree.open();
    const auto refused = dir.read_file("to-file", 10);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "open to-file: a symlink is in the path");
    EXPECT_EQ(dir.read_file("to-dir/file", 10).error().code, ELOOP);
    EXPECT_EQ(dir.open_at("magic/0", O_RDONLY).error().code, ELOOP);
    EXPECT_FALSE(dir.open_dir("to-dir"));
}

TEST(Dir, RefusesAFifoWithoutWaitingForItsOtherEnd) {
    const auto tree = test::tree({{"file", "text"}});
    ASSERT_EQ(::mkfifo((tree.path() + "/fifo").c_str(), 0600), 0);
    const auto dir = tree.open();
    EXPECT_EQ(dir.open_regular("fifo", O_RDONLY).error().what, "fifo: not a regular file");
    EXPECT_FALSE(dir.open_regular("fifo", O_WRONLY));
    EXPECT_FALSE(dir.open_regular(".", O_RDONLY));
    EXPECT_FALSE(Dir::open("/dev")->open_regular("null", O_RDONLY));
}

TEST(Dir, OpensNothingThatIsNoDirectory) {
    const auto tree = test::tree({{"file", "text"}});
    EXPECT_EQ(Dir::open(tree.path() + "/file").error().code, ENOTDIR);
    EXPECT_EQ(tree.open().open_dir("file").error().code, ENOTDIR);
    EXPECT_EQ(tree.open().make_dir("file", 0700).error().code, ENOTDIR);
}

TEST(Dir, AFileLargerThanAllowedIsAnError) {
    const auto tree = test::tree({{"file", "12345"}});
    EXPECT_EQ(tree.open().read_file("file", 5), "12345");
    EXPECT_EQ(tree.open().read_file("file", 4).error().what, "file: larger than 4 bytes");
}

TEST(Dir, MakesADirectoryOnce) {
    const auto tree = test::tree({});
    EXPECT_TRUE(tree.open().make_dir("new", 0700));
    EXPECT_TRUE(tree.open().make_dir("new", 0755)) << "there already is no error";
    EXPECT_EQ(mode_of(tree, "new"), 0700U);
}

TEST(WriteAtomic, LeavesTheNewFileAndNothingElse) {
    const auto tree = test::tree({{"file", "old"}});
    const auto dir = tree.open();
    ASSERT_TRUE(dir.write_atomic("file", "new", 0640));
    EXPECT_EQ(dir.read_file("file", 10), "new");
    EXPECT_EQ(mode_of(tree, "file"), 0640U);
    EXPECT_THAT(dir.list().value(), ElementsAre("file"));
}

TEST(WriteAtomic, AReaderOfTheOldFileKeepsIt) {
    const auto tree = test::tree({{"file", "old"}});
    const auto dir = tree.open();
    const auto reader = dir.open_regular("file", O_RDONLY).value();
    ASSERT_TRUE(dir.write_atomic("file", "newer", 0600));
    EXPECT_EQ(read_to_end(reader, 10), "old") << "replaced, not rewritten";
}

TEST(WriteAtomic, AFailureLeavesTheOldFileAndNoTemporary) {
    const auto tree = test::tree({{"dir/inner", "kept"}, {"file", "old"}});
    const auto dir = tree.open();
    EXPECT_THAT(dir.write_atomic("dir", "text", 0600).error().what, HasSubstr("rename"));
    EXPECT_THAT(dir.list().value(), ElementsAre("dir", "file"));
    EXPECT_EQ(dir.read_file("dir/inner", 10), "kept");
    // A link that stands where the temporary file would be is not followed.
    tree.link("file.new", "dir/inner");
    EXPECT_FALSE(dir.write_atomic("file", "text", 0600));
    EXPECT_EQ(dir.read_file("file", 10), "old");
    EXPECT_EQ(dir.read_file("dir/inner", 10), "kept");
}

TEST(WriteAtomic, ReplacesALinkInsteadOfWritingThroughIt) {
    const auto tree = test::tree({{"target", "kept"}});
    tree.link("name", "target");
    ASSERT_TRUE(tree.open().write_atomic("name", "new", 0600));
    EXPECT_EQ(tree.open().read_file("target", 10), "kept");
    EXPECT_EQ(tree.open().read_file("name", 10), "new");
}

TEST(RemoveTree, TakesAllBelowAndNothingBeside) {
    const auto tree =
        test::tree({{"top/a/b/c", "1"}, {"top/a/d", "2"}, {"top/e", "3"}, {"beside/kept", "4"}});
    tree.link("top/to-beside", "../beside");
    tree.link("top/a/broken", "nowhere");
    const auto dir = tree.open();
    ASSERT_TRUE(dir.remove_tree("top"));
    EXPECT_THAT(dir.list().value(), ElementsAre("beside"));
    EXPECT_EQ(dir.read_file("beside/kept", 10), "4") << "a link is removed, not followed";
    EXPECT_TRUE(dir.remove_tree("top")) << "absent is no error";
}

TEST(RemoveTree, RefusesToStartAtALinkOrAFile) {
    const auto tree = test::tree({{"real/kept", "1"}});
    tree.link("link", "real");
    EXPECT_EQ(tree.open().remove_tree("link").error().code, ELOOP);
    EXPECT_FALSE(tree.open().remove_tree("real/kept"));
    EXPECT_FALSE(tree.open().remove_tree("../" + tree.path()));
    EXPECT_EQ(tree.open().read_file("real/kept", 10), "1");
}

TEST(RemoveFile, AbsentIsNoErrorAndADirectoryIs) {
    const auto tree = test::tree({{"dir/file", "1"}});
    EXPECT_TRUE(tree.open().remove_file("none"));
    EXPECT_FALSE(tree.open().remove_file("dir"));
    EXPECT_TRUE(tree.open().open_dir("dir")->remove_file("file"));
}

TEST(List, IsSortedAndCanBeAskedAgain) {
    const auto tree = test::tree({{"b", ""}, {"a", ""}, {".hidden", ""}, {"c/d", ""}});
    const auto dir = tree.open();
    EXPECT_THAT(dir.list().value(), ElementsAre(".hidden", "a", "b", "c"));
    EXPECT_THAT(dir.list().value(), ElementsAre(".hidden", "a", "b", "c"));
}

TEST(RemoveTree, SaysWhatItCouldNotRemove) {
    const auto tree = test::tree({{"file", ""}});
    EXPECT_THAT(tree.open().remove_tree(".").error().what, HasSubstr("remove ."));
}

TEST(Dir, WhatItOpensClosesOnExec) {
    const auto tree = test::tree({{"in/file", ""}});
    const auto dir = tree.open();
    const auto below = dir.open_dir("in").value();
    const auto file = below.open_regular("file", O_RDONLY).value();
    for (const int fd : {dir.fd(), below.fd(), file.get()}) {
        EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
}

TEST(Dir, KeepsNoDescriptorBehind) {
    const auto tree = test::tree({{"a/b", "text"}});
    tree.link("link", "a");
    const auto before = open_descriptors();
    {
        const auto dir = tree.open();
        static_cast<void>(dir.read_file("a/b", 1));
        static_cast<void>(dir.open_regular("a", O_RDONLY));
        static_cast<void>(dir.list());
        static_cast<void>(dir.write_atomic("a", "x", 0600));
        static_cast<void>(dir.remove_tree("link"));
        static_cast<void>(dir.remove_tree("a"));
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace bulkhead::sys
