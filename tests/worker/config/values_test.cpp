#include "worker/config/values.hpp"

#include <gtest/gtest.h>

#include "common/base/strong.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

TEST(ParseSpan, TakesUnitsAloneOrInARow) {
    const auto span = [](std::string_view text) { return parse_span(text, 1ms, 48h); };
    EXPECT_EQ(span("30s"), 30s);
    EXPECT_EQ(span("5m"), 5min);
    EXPECT_EQ(span("1h30m"), 90min);
    EXPECT_EQ(span("15m0s"), 15min);
    EXPECT_EQ(span("1500ms"), 1500ms);
    for (const auto* text : {"", "5", "s", "-5s", "5 s", "1.5h", "5s ", "5s6", "h", "1h 30m", "0s",
                             "72h", "5S", "99999999999999999999s"}) {
        EXPECT_FALSE(span(text)) << text;
    }
    EXPECT_EQ(span("72h").error().what, "must be 1ms..48h");
}

TEST(ParseSize, TakesBytesAndPowersOf1024) {
    const auto size = [](std::string_view text) { return parse_size(text, 1, 1_GiB); };
    EXPECT_EQ(size("4096"), 4096U);
    EXPECT_EQ(size("512KiB"), 512_KiB);
    EXPECT_EQ(size("1GiB"), 1_GiB);
    for (const auto* text : {"", "0", "2GiB", "1GB", "1G", "-1", "1.5MiB", "KiB", "1 MiB",
                             "4294967295GiB", "99999999999999999999"}) {
        EXPECT_FALSE(size(text)) << text;
    }
}

TEST(CheckPin, TakesOneOrSeveral) {
    const std::string pin = "sha256//" + std::string(43, 'A') + "=";
    EXPECT_TRUE(check_pin(pin));
    EXPECT_TRUE(check_pin(pin + ";" + pin));
    for (const auto& odd : {std::string(""), pin + ";", std::string(43, 'A') + "=",
                            std::string("sha256//AAAA"), std::string("/etc/key.pem")}) {
        EXPECT_FALSE(check_pin(odd)) << odd;
    }
}

TEST(CheckBackendName, AllowsWhatIsSafeInAFileName) {
    for (const auto* name : {"a", "main", "hyprbox-2", "0"}) EXPECT_TRUE(check_backend_name(name));
    for (const auto* name :
         {"", "-a", "A", "a/b", "..", "a b", "a.b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        EXPECT_FALSE(check_backend_name(name)) << name;
    }
}

TEST(ParsePaths, MustBeAbsolute) {
    EXPECT_EQ(parse_paths("/a:/b/*.pem")->size(), 2U);
    for (const auto* text : {"", "a", "/a:", "/a:b"}) EXPECT_FALSE(parse_paths(text)) << text;
}

}  // namespace
}  // namespace bulkhead::worker
