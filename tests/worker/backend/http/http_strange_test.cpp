// Answers that no backend's API gives: compressed ones, and pages of proxies and captive portals.
#include <gtest/gtest.h>

#include <mutex>

#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/http/raw_server.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {
namespace {

using test::Caller;
using test::RawServer;

std::string answer(std::string_view status, std::string_view fields, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// How a dialect that reads JSON takes it, and one that reads no body; "" for a success.
struct Verdicts {
    std::string reading;
    std::string blind;
};
Verdicts verdicts(const std::string& said) {
    RawServer server([&said](const std::string&, const RawServer::Say& say) { say(said); });
    const auto ask = [&](auto judge) {
        Caller caller({.base_url = server.url()});
        const auto verdict =
            caller.speak(Exchange<>{.request = {.path = "/"}, .judge = std::move(judge)});
        return verdict ? "" : verdict.error().text;
    };
    return {.reading = ask([](const HttpAnswer& given) -> Answer<> {
                if (given.status != 200) return judge_failure(given, "");
                const auto body = JsonValue::parse(given.body);
                if (!body) return judge_unreadable(body.error());
                return {};
            }),
            .blind = ask([](const HttpAnswer& given) -> Answer<> {
                if (given.status != 200) return judge_failure(given, "");
                return {};
            })};
}

TEST(Strange, NoCodingIsAcceptable) {
    std::mutex lock;
    std::string asked;
    RawServer server([&](const std::string& request, const RawServer::Say& say) {
        const std::lock_guard hold(lock);
        asked = request;
        say(answer("200 OK", "", "{}"));
    });
    Caller caller({.base_url = server.url()});
    ASSERT_OK(caller.call({.path = "/"}));
    const std::lock_guard hold(lock);
    EXPECT_NE(asked.find("\r\nAccept-Encoding: identity\r\n"), asked.npos) << asked;
}

TEST(Strange, ACompressedAnswerIsNamed) {
    constexpr auto* kJson = "Content-Type: application/json\r\n";
    const auto gzip = verdicts(answer("200 OK", std::string(kJson) + "Content-Encoding: gzip\r\n",
                                      "\x1f\x8b\x08 and so on"));
    EXPECT_EQ(gzip.reading,
              "unreadable answer: status 200 with a body with Content-Encoding gzip (Content-Type "
              "application/json), which was not asked for");
    EXPECT_EQ(gzip.blind, "") << "nobody reads it";
    const auto twice = verdicts(answer(
        "200 OK", "Content-Encoding: Identity, br\r\nContent-Encoding: zstd\r\n", "\x28\xb5"));
    EXPECT_NE(twice.reading.find("Content-Encoding br, zstd (no Content-Type)"), std::string::npos)
        << twice.reading;
    EXPECT_EQ(verdicts(answer("200 OK", "Content-Encoding: identity\r\n", "{}")).reading, "");
    const auto failed = verdicts(answer("503 Busy", "Content-Encoding: gzip\r\n", "\x1f\x8b"));
    EXPECT_EQ(
        failed.reading,
        "status 503; the answer is a body with Content-Encoding gzip (no Content-Type), which "
        "was not asked for");
}

TEST(Strange, APageOfHtmlIsNamedAndIsNoSuccessAnywhere) {
    constexpr auto* kHtml = "Content-Type: text/html; charset=utf-8\r\n";
    const std::string expected =
        "unreadable answer: status 200 with an HTML page (Content-Type text/html; charset=utf-8), "
        "as a proxy or a captive portal sends";
    for (const auto* page : {"<html>log in</html>", "\xef\xbb\xbf\r\n <!DOCTYPE HTML><p>"}) {
        const auto portal = verdicts(answer("200 OK", kHtml, page));
        EXPECT_EQ(portal.reading, expected);
        EXPECT_EQ(portal.blind, expected);
        EXPECT_NE(verdicts(answer("200 OK", "", page)).blind, "") << "whatever its type says";
    }
    EXPECT_EQ(
        verdicts(answer("502 Bad Gateway", kHtml, "<h1>502</h1>")).reading,
        "status 502; the answer is an HTML page (Content-Type text/html; charset=utf-8), as a "
        "proxy or a captive portal sends");
    // Some frameworks say so of everything.
    EXPECT_EQ(verdicts(answer("200 OK", kHtml, "{}")).reading, "");
    EXPECT_EQ(verdicts(answer("200 OK", kHtml, "")).blind, "");
    EXPECT_EQ(verdicts(answer("200 OK", "Content-Type: text/plain\r\n", "<ok>")).blind, "");
}

}  // namespace
}  // namespace bulkhead::worker
