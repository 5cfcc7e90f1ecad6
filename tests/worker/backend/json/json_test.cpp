#include "worker/backend/json/json.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

std::string error_of(std::string_view text) {
    const auto value = JsonValue::parse(text);
    return value ? "" : value.error().what;
}

JsonValue parsed(std::string_view text) {
    auto value = JsonValue::parse(text);
    EXPECT_OK(value);
    return *value;
}

TEST(JsonReading, GivesMembersWithTheirTypes) {
    const auto root = parsed(R"({"a":{"id":"x","n":-7,"list":["p","q"]},"none":null})");
    const auto a = root.member("a");
    ASSERT_TRUE(a);
    EXPECT_EQ(a->member("id")->text(10), "x");
    EXPECT_EQ(a->member("n")->integer(-10, 10), -7);
    const auto list = a->member("list")->items(2);
    ASSERT_TRUE(list);
    EXPECT_EQ((*list)[1].text(10), "q");
    EXPECT_FALSE(root.find("none"));
    EXPECT_FALSE(root.find("absent"));
}

TEST(JsonReading, AnErrorNamesThePlace) {
    const auto root = parsed(R"({"job":{"id":7,"params":{"k":[]}}})");
    const auto job = root.member("job");
    EXPECT_EQ(job->member("id")->text(10).error().what, "job.id: expected text");
    EXPECT_EQ(job->member("script").error().what, "job.script: missing");
    const auto params = job->member("params")->members(5);
    EXPECT_EQ((*params)[0].second.text(5).error().what, "job.params.k: expected text");
    EXPECT_EQ(root.text(5).error().what, "answer: expected text");
}

TEST(JsonReading, WhatIsNotJsonIsAnError) {
    EXPECT_EQ(error_of(""), "empty, expected JSON");
    EXPECT_EQ(error_of("<html>"), "not JSON at byte 1");
    EXPECT_EQ(error_of(R"({"a":1)"), "not JSON at byte 7");
    EXPECT_EQ(error_of("{} {}"), "not JSON at byte 4");
    EXPECT_NE(error_of(std::string("{\"a\"\0:1}", 8)), "");
}

TEST(JsonReading, NestingWithoutEndIsAnErrorAndNotACrash) {
    for (const char c : {'[', '{'}) EXPECT_NE(error_of(std::string(100'000, c)), "");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
    EXPECT_EQ(error_of(deep), "JSON nested deeper than 32");
    EXPECT_EQ(error_of(std::string(33, '[') + std::string(33, ']')), "JSON nested deeper than 32");
    EXPECT_EQ(error_of(std::string(32, '[') + std::string(32, ']')), "");
}

TEST(JsonReading, MoreValuesThanAnyAnswerHasAreAnErrorBeforeTheyTakeMemory) {
    std::string many = "[[]";
    for (int i = 0; i < 1'000'000; ++i) many += ",[]";
    EXPECT_EQ(error_of(many + "]"), "JSON of more than 10000 values");
    EXPECT_EQ(error_of("\"" + std::string(1'000'000, ',') + "\""), "");
}

TEST(JsonReading, BracketsInsideTextDoNotNest) {
    EXPECT_EQ(
        error_of("{\"a\":\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"}"),
        "");
}

TEST(JsonReading, OddTextIsAnError) {
    EXPECT_NE(error_of(R"("\ud800")"), "") << "a lone surrogate";
    EXPECT_NE(error_of(R"("\udc00\ud800")"), "") << "surrogates the wrong way round";
    EXPECT_NE(error_of("\"\xff\""), "") << "not UTF-8";
    EXPECT_NE(error_of("\"\xc0\x80\""), "") << "an overlong NUL";
    EXPECT_EQ(parsed(R"({"a":"x\u0000y"})").member("a")->text(10).error().what, "a: holds a NUL");
    EXPECT_EQ(parsed(R"("\ud83d\ude00")").text(4), "\xf0\x9f\x98\x80");
}

TEST(JsonReading, TextsAreBounded) {
    const auto root = parsed(R"({"a":"12345"})");
    EXPECT_EQ(root.member("a")->text(5), "12345");
    EXPECT_EQ(root.member("a")->text(4).error().what, "a: longer than 4 bytes");
}

TEST(JsonReading, OnlyIntegersAreIntegers) {
    const auto integer = [](std::string_view text) {
        return parsed(text).integer(0, std::numeric_limits<std::int64_t>::max());
    };
    EXPECT_EQ(integer("42"), 42);
    EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    for (const auto* text :
         {"4.0", "4e0", "\"4\"", "true", "[4]", "{}", "null", "-1", "9223372036854775808",
          "18446744073709551615", "18446744073709551616"}) {
        EXPECT_FALSE(integer(text)) << text;
    }
    EXPECT_NE(error_of("1e999"), "");
}

TEST(JsonReading, WrongTypesAreErrors) {
    const auto number = parsed("5");
    EXPECT_FALSE(number.is_object());
    EXPECT_FALSE(number.find("a"));
    EXPECT_FALSE(number.member("a"));
    EXPECT_FALSE(number.items(5));
    EXPECT_FALSE(number.members(5));
    EXPECT_FALSE(parsed("[1,2,3]").items(2)) << "more than allowed";
    EXPECT_FALSE(parsed(R"({"a":1,"b":2})").members(1)) << "more than allowed";
}

TEST(JsonReading, AValueOutlivesTheDocumentItIsPartOf) {
    std::optional<JsonValue> inner;
    {
        const auto root = parsed(R"({"a":{"b":"text"}})");
        inner = root.find("a");
    }
    EXPECT_EQ(inner->member("b")->text(10), "text");
}

TEST(JsonWriting, WritesObjectsArraysAndNumbers) {
    JsonWriter json;
    json.begin_object()
        .put("text", "a\"b\n")
        .put("yes", true)
        .put("count", 18446744073709551615U)
        .put("share", 0.1)
        .put("code", std::optional<int>())
        .put("signal", std::optional<int>(9))
        .put_known("absent", std::optional<int>());
    json.begin_array("list").add(1).add("two").end();
    json.begin_array("none").end();
    json.begin_object("inner").begin_object("more").end().end();
    json.end();
    EXPECT_EQ(std::move(json).take(),
              R"({"text":"a\"b\n","yes":true,"count":18446744073709551615,"share":0.1,)"
              R"("code":null,"signal":9,"list":[1,"two"],"none":[],"inner":{"more":{}}})");
}

TEST(JsonWriting, WhatItWritesCanAlwaysBeRead) {
    JsonWriter json;
    json.begin_object()
        .put("bytes", std::string_view("\xff\xfe\0\x01", 4))
        .put("nan", std::numeric_limits<double>::quiet_NaN())
        .put("inf", std::numeric_limits<double>::infinity())
        .put("tiny", 5e-324)
        .put("huge", 1.7976931348623157e308)
        .end();
    EXPECT_TRUE(JsonValue::parse(std::move(json).take()));
}

}  // namespace
}  // namespace bulkhead::worker
