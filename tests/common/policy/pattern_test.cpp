#include "common/policy/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

using bulkhead::policy::matches;

TEST(Pattern, WithoutWildcardsItIsTheTextItself) {
    EXPECT_TRUE(matches("/etc/passwd", "/etc/passwd"));
    EXPECT_FALSE(matches("/etc/passwd", "/etc/passwd2"));
    EXPECT_FALSE(matches("/etc/passwd", "/etc/passw"));
    EXPECT_FALSE(matches("passwd", "xpasswd"));
    EXPECT_FALSE(matches("/etc/passwd", ""));
    EXPECT_TRUE(matches("", ""));
}

TEST(Pattern, AStarStaysWithinItsComponent) {
    EXPECT_TRUE(matches("/live/*/full.pem", "/live/example.com/full.pem"));
    EXPECT_FALSE(matches("/live/*/full.pem", "/live/a/b/full.pem"));
    EXPECT_FALSE(matches("/live/*", "/live/a/b"));
    EXPECT_FALSE(matches("*", "/etc"));
    EXPECT_TRUE(matches("/a/*b*c", "/a/xbbxcxc"));
    EXPECT_FALSE(matches("/a/*b*c", "/a/xbbxcx"));
    EXPECT_TRUE(matches("/a/*.crt", "/a/x.crt.crt"));
    EXPECT_FALSE(matches("/a*/b", "/a/x/b"));
}

TEST(Pattern, AQuestionMarkHoldsNoStarOfAnotherPattern) {
    EXPECT_TRUE(matches("/a/?.pem", "/a/*.pem")) << "a file may be called so";
    EXPECT_FALSE(matches("/a/?.pem", "/a/*.pem", '*'));
    EXPECT_FALSE(matches("/a/b?*.pem", "/a/b*.pem", '*'));
    EXPECT_TRUE(matches("/a/b*.pem", "/a/b?*.pem", '*'));
    EXPECT_TRUE(matches("/a/b*.pem", "/a/b*.pem", '*'));
    EXPECT_TRUE(matches("/a/b?.pem", "/a/b?.pem", '*'));
}

TEST(Pattern, AQuestionMarkIsOneByteAndNeverASlash) {
    EXPECT_TRUE(matches("/a?c", "/abc"));
    EXPECT_FALSE(matches("/a?c", "/a/c"));
    EXPECT_FALSE(matches("/a?", "/a"));
    EXPECT_FALSE(matches("?", ""));
}

TEST(Pattern, AHiddenFileIsMeantOnlyByItsDot) {
    EXPECT_FALSE(matches("/a/*", "/a/.b"));
    EXPECT_FALSE(matches("/a/*.b", "/a/.b"));
    EXPECT_FALSE(matches("/a/?b", "/a/.b"));
    EXPECT_TRUE(matches("/a/.*", "/a/.b"));
    EXPECT_TRUE(matches("/a/*", "/a/b.c"));
    EXPECT_FALSE(matches("/*/x", "/../x"));
}

TEST(Pattern, ManyStarsTakeNoForever) {
    std::string pattern;
    for (int i = 0; i < 250; ++i) pattern += "*a";
    EXPECT_FALSE(matches(pattern + "b", std::string(512, 'a')));
}
