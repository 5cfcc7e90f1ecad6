#include "worker/backend/grapheon/grapheon_dialect.hpp"

#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <zlib.h>

#include "tests/support/ok.hpp"
#include "tests/worker/backend/golden.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/grapheon/grapheon_answers.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;

constexpr auto* kUuid = "5f0c1c5e-7d0e-4b6e-9a3e-0d7a3f1f2b11";

std::string golden(const std::string& name) { return test::golden("grapheon/" + name); }

std::string unpacked(const std::string& packed) {
    std::string text(1U << 20U, '\0');
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    ::inflateEnd(&stream);
    return text;
}

GrapheonDialect dialect(DialectOptions options = {}) {
    return GrapheonDialect(GrapheonOptions::from(options));
}

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

Inventory inventory() {
    Inventory all;
    all.links = {{.index = 1, .name = "lo", .kind = "", .mac = "00:00:00:00:00:00"},
                 {.index = 2, .name = "eth0", .kind = "", .mac = "02:fc:00:00:00:05"}};
    all.addresses = {{.ip = ip("127.0.0.1"), .prefix_length = 8, .interface = 1},
                     {.ip = ip("192.0.2.9"), .prefix_length = 24, .interface = 2}};
    all.neighbours = {{.ip = ip("192.0.2.1"), .mac = "", .state = NUD_FAILED, .interface = 2}};
    all.sockets = {{.state = TCP_ESTABLISHED,
                    .local = ip("192.0.2.9"),
                    .local_port = 443,
                    .remote = ip("198.51.100.7"),
                    .remote_port = 50'000},
                   {.state = TCP_LISTEN, .local_port = 22, .inode = 4'711}};
    all.routes = {{.gateway = ip("192.0.2.1"),
                   .source = {},
                   .interface = 2,
                   .table = RT_TABLE_MAIN,
                   .type = RTN_UNICAST},
                  {.destination = ip("10.0.0.0"),
                   .prefix_length = 8,
                   .gateway = {},
                   .source = ip("192.0.2.9"),
                   .interface = 2,
                   .table = RT_TABLE_MAIN,
                   .type = RTN_UNICAST},
                  {.destination = ip("192.0.2.9"),
                   .prefix_length = 32,
                   .gateway = {},
                   .source = {},
                   .interface = 2,
                   .table = RT_TABLE_LOCAL}};
    auto owners = std::make_shared<SocketOwners>();
    owners->by_inode[4'711] = {.pid = 812, .name = "sshd"};
    all.owners = owners;
    return all;
}

std::vector<std::string> connections(const Inventory& of, const std::string& treatment) {
    std::vector<std::string> texts;
    const auto all = dialect({{"wildcard_listeners", treatment}}).inventory()->elements(of).rows;
    for (const auto& element : all) {
        if (element.collection == Collection::connections) texts.push_back(element.json);
    }
    return texts;
}

using Texts = std::vector<std::string>;

Texts locals(const Inventory& of, const std::string& treatment = "rewrite") {
    Texts all;
    for (const auto& text : connections(of, treatment)) {
        const auto from = text.find(R"("local_ip":")") + 12;
        all.push_back(text.substr(from, text.find('"', from) - from));
    }
    return all;
}

InventoryReport report() {
    return {.observed_at = *parse_utc("2026-11-22T04:12:33Z"),
            .sequence = 12,
            .agent_version = "0.1.0",
            .policy_digest = std::string(64, 'a'),
            .audit = ChainHead{.size = 12, .head = std::string(64, 'b')},
            .ledger = ChainHead{.size = 3, .head = std::string(64, 'c')},
            .system = test::system_info(),
            .elements = dialect().inventory()->elements(inventory()).rows};
}

Exchange<InventoryReceipt> exchange() {
    const auto speaker = dialect();
    return speaker.inventory()->report({.agent_id = kUuid, .credential = Secret("gpak_key")},
                                       report());
}

template <class T>
Answer<T> judged(const Exchange<T>& what, int status, std::string body = "") {
    return what.judge({.status = status, .body = std::move(body)});
}

Exchange<Enrolled> registration() {
    const auto speaker = dialect({{"site_name", "Basel"}});
    EnrollRequest request{.agent_version = "0.1.0", .system = test::system_info()};
    request.install_token = Secret("gaek_one");
    request.agent_id = kUuid;
    request.inventory = inventory();
    return speaker.enrollment()->enroll(request);
}

TEST(GrapheonRegistration, IsTheGoldenOneAndHasItsSecretInTheBody) {
    const auto request = registration().request;
    EXPECT_EQ(request.path, "/api/agents/register");
    EXPECT_EQ(test::body(request), golden("register.request.json"));
    EXPECT_EQ(test::header(request, "Content-Encoding"), "");
}

TEST(GrapheonRegistration, IsPendingThenGivesAKeyAndAPolicyAndThenNoneAnyMore) {
    const auto what = registration();
    EXPECT_EQ(judged(what, 200, golden("register-pending.answer.json")).error().kind,
              Kind::not_yet);
    const auto active = judged(what, 200, golden("register-active.answer.json"));
    ASSERT_OK(active);
    EXPECT_EQ(active->identity.agent_id, kUuid);
    EXPECT_TRUE(active->identity.credential.reveal().starts_with("gpak_"));
    const auto& policy = active->inventory_policy;
    EXPECT_EQ(policy.interval, 60s);
    EXPECT_EQ(policy.jitter, 0s);
    EXPECT_EQ(policy.collect_timeout, 5s);
    EXPECT_EQ(policy.max_report_bytes, 16'384U);
    ASSERT_TRUE(policy.enabled);
    EXPECT_FALSE(policy.enabled->test(index_of(Collection::routes)));
    EXPECT_TRUE(policy.enabled->test(index_of(Collection::connections))) << "absent is on";
    const auto again = judged(what, 200, golden("register-again.answer.json"));
    EXPECT_EQ(again.error().kind, Kind::credential_lost);
}

TEST(GrapheonRegistration, ARefusalSaysWhatTheBackendSaid) {
    const auto what = registration();
    for (const int status : {401, 403}) {
        const auto verdict = judged(what, status, R"({"detail":"Invalid enrollment key"})");
        EXPECT_EQ(verdict.error().kind, Kind::credential_rejected);
        EXPECT_NE(verdict.error().text.find("Invalid enrollment key"), std::string::npos);
    }
    EXPECT_EQ(judged(what, 409).error().kind, Kind::refused);
    EXPECT_EQ(judged(what, 422).error().kind, Kind::refused);
    EXPECT_EQ(judged(what, 500).error().kind, Kind::retry);
    EXPECT_EQ(judged(what, 200, "<html>").error().kind, Kind::retry);
    EXPECT_EQ(judged(what, 200, R"({"status":"fine"})").error().kind, Kind::retry);
    EXPECT_EQ(judged(what, 200, R"({"status":"active","api_key":"a b"})").error().kind,
              Kind::retry);
}

TEST(GrapheonReport, IsTheGoldenOnePackedUnderItsKey) {
    const auto request = exchange().request;
    EXPECT_EQ(request.path, "/api/agents/check-in");
    EXPECT_EQ(test::header(request, "X-Agent-Api-Key"), "gpak_key");
    EXPECT_EQ(test::header(request, "Content-Encoding"), "gzip");
    EXPECT_EQ(unpacked(test::body(request)), golden("check-in.request.json"));
}

TEST(GrapheonReport, IsDeliveredOnlyWhereTheAnswerSaysAccepted) {
    const auto accepted = judged(exchange(), 200, golden("check-in.answer.json"));
    ASSERT_OK(accepted);
    EXPECT_EQ(accepted->policy.interval, 60s);
    EXPECT_EQ(accepted->policy.jitter, std::nullopt);
    EXPECT_FALSE(judged(exchange(), 200, R"({"status":"ok"})"));
    EXPECT_FALSE(judged(exchange(), 204));
}

TEST(GrapheonReport, APolicyBeyondTheBackendsOwnBoundsIsNotTakenOver) {
    const auto answer = judged(exchange(), 200,
                               R"({"status":"accepted","policy":{"checkin_interval_seconds":1,)"
                               R"("jitter_seconds":"7","max_report_bytes":99999999999,)"
                               R"("command_timeout_seconds":0,"enabled_commands":[]}})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->policy.interval, std::nullopt);
    EXPECT_EQ(answer->policy.jitter, std::nullopt);
    EXPECT_EQ(answer->policy.max_report_bytes, std::nullopt);
    EXPECT_EQ(answer->policy.collect_timeout, std::nullopt);
    EXPECT_EQ(answer->policy.enabled, std::nullopt);
}

TEST(GrapheonReport, EachStatusHasItsOwnMeaning) {
    const auto kind = [](int status) { return judged(exchange(), status).error().kind; };
    EXPECT_EQ(kind(400), Kind::refused);
    EXPECT_EQ(kind(401), Kind::credential_rejected);
    EXPECT_EQ(kind(403), Kind::not_yet);
    EXPECT_EQ(kind(409), Kind::refused);
    EXPECT_EQ(kind(413), Kind::too_large);
    EXPECT_EQ(kind(415), Kind::refused);
    EXPECT_EQ(kind(429), Kind::retry);
    EXPECT_EQ(kind(500), Kind::retry);
    EXPECT_EQ(kind(302), Kind::retry);
}

// The golden report has one address and one neighbour before its connections.
TEST(GrapheonReport, ElementsThatTheBackendNamesAreFound) {
    const auto invalid = judged(exchange(), 422, golden("check-in-invalid.answer.json"));
    EXPECT_EQ(invalid.error().kind, Kind::refused);
    EXPECT_EQ(invalid.error().elements, (std::vector<std::size_t>{3, 4}));
    const auto by_address =
        judged(exchange(), 422, R"({"detail":"Invalid host IP '192.0.2.1'"})").error();
    EXPECT_EQ(by_address.elements, (std::vector<std::size_t>{1, 4}));
}

TEST(GrapheonReport, WhereNothingIsNamedHalvesMustFindIt) {
    EXPECT_EQ(judged(exchange(), 422, R"({"detail":"no"})").error().kind, Kind::too_large);
    EXPECT_EQ(judged(exchange(), 422, R"({"detail":"Invalid host IP '9.9.9.9'"})").error().kind,
              Kind::too_large);
    const auto envelope =
        judged(exchange(), 422, R"({"detail":"x","errors":[{"field":"observed_at"}]})").error();
    EXPECT_EQ(envelope.kind, Kind::refused);
    EXPECT_TRUE(envelope.elements.empty());
    const auto beyond =
        judged(exchange(), 422, R"({"errors":[{"field":"connections.99.state"}]})").error();
    EXPECT_TRUE(beyond.elements.empty());
}

TEST(GrapheonElements, AListThatIsAbsentHasNone) {
    EXPECT_TRUE(dialect().inventory()->elements(Inventory{}).rows.empty());
}

TEST(GrapheonElements, SocketsOnEveryAddressAreRewrittenDroppedOrSent) {
    EXPECT_NE(connections(inventory(), "rewrite").at(1).find(R"("local_ip":"192.0.2.9")"),
              std::string::npos);
    EXPECT_EQ(connections(inventory(), "drop").size(), 1U);
    EXPECT_NE(connections(inventory(), "raw").at(1).find(R"("local_ip":"0.0.0.0")"),
              std::string::npos);
}

TEST(GrapheonElements, WithoutADefaultRouteAListenerHasAnAddressAllTheSame) {
    auto without = inventory();
    without.routes->erase(without.routes->begin());
    EXPECT_EQ(locals(without), (Texts{"192.0.2.9", "192.0.2.9"}));
    without.routes = std::nullopt;
    EXPECT_EQ(locals(without), (Texts{"192.0.2.9", "192.0.2.9"}));
}

TEST(GrapheonElements, WhatHasNoAddressIsLeftOutCountedAndSaid) {
    auto lonely = inventory();
    lonely.addresses->resize(1);  // 127.0.0.1
    const auto elements = dialect().inventory()->elements(lonely);
    EXPECT_EQ(elements.left_out, 1U);
    ASSERT_EQ(elements.problems.size(), 1U);
    EXPECT_NE(elements.problems[0].find("no IPv4 address"), std::string::npos);
    const auto asked = dialect({{"wildcard_listeners", "drop"}}).inventory()->elements(lonely);
    EXPECT_EQ(asked.left_out, 1U);
    EXPECT_TRUE(asked.problems.empty()) << "somebody wanted it so";
}

TEST(GrapheonElements, AListenerOfBothFamiliesIsReportedWithBoth) {
    auto all = inventory();
    auto& listener = all.sockets->at(1);
    listener.local = IpAddress(Family::v6);
    listener.remote = IpAddress(Family::v6);
    EXPECT_EQ(locals(all), (Texts{"192.0.2.9", "192.0.2.9"}));
    listener.v6_only = true;
    EXPECT_EQ(locals(all), (Texts{"192.0.2.9"}));
    all.addresses->push_back({.ip = ip("2001:db8::9"), .prefix_length = 64, .interface = 2});
    EXPECT_EQ(locals(all), (Texts{"192.0.2.9", "2001:db8::9"}));
    listener.v6_only = false;
    EXPECT_EQ(locals(all), (Texts{"192.0.2.9", "192.0.2.9", "2001:db8::9"}));
    EXPECT_NE(connections(all, "rewrite").at(1).find(R"("remote_ip":"0.0.0.0")"), std::string::npos)
        << "as a listener of IPv4 alone has";
    EXPECT_EQ(locals(all, "raw"), (Texts{"192.0.2.9", "::"}));
}

TEST(GrapheonElements, AMappedAddressIsAnIpv4Address) {
    auto all = inventory();
    all.sockets = {{.state = TCP_ESTABLISHED,
                    .local = ip("::ffff:192.0.2.9"),
                    .local_port = 443,
                    .remote = ip("::ffff:198.51.100.7"),
                    .remote_port = 50'000}};
    for (const auto* treatment : {"rewrite", "drop", "raw"}) {
        EXPECT_EQ(connections(all, treatment), Texts{connections(inventory(), treatment).at(0)});
    }
    all.sockets = {{.state = TCP_LISTEN, .local = ip("::ffff:0.0.0.0"), .local_port = 80}};
    EXPECT_EQ(locals(all), (Texts{"192.0.2.9"}));
}

// Otherwise the backend makes a host of each.
TEST(GrapheonElements, AnAddressOfNoHostIsNeverSent) {
    auto all = inventory();
    all.routes->push_back({.destination = ip("192.0.2.255"),
                           .prefix_length = 32,
                           .gateway = {},
                           .source = {},
                           .interface = 2,
                           .table = RT_TABLE_LOCAL,
                           .type = RTN_BROADCAST});
    for (const auto* group :
         {"224.0.0.251", "192.0.2.255", "255.255.255.255", "::ffff:224.0.0.1"}) {
        all.sockets = {{.transport = Transport::udp, .state = 7, .local = ip(group)}};
        EXPECT_EQ(locals(all), (Texts{"192.0.2.9"})) << group;
        EXPECT_TRUE(locals(all, "drop").empty()) << group;
        all.sockets = {{.transport = Transport::udp,
                        .state = 1,
                        .local = ip("192.0.2.9"),
                        .remote = ip(group),
                        .remote_port = 5'353}};
        EXPECT_TRUE(locals(all).empty()) << group;
        EXPECT_EQ(dialect().inventory()->elements(all).left_out, 1U);
    }
    all.sockets = {{.transport = Transport::udp, .state = 7, .local = ip("ff02::fb")}};
    EXPECT_TRUE(locals(all).empty()) << "there is no IPv6 address, and a group has one family";
    all.addresses->push_back({.ip = ip("2001:db8::9"), .prefix_length = 64, .interface = 2});
    EXPECT_EQ(locals(all), (Texts{"2001:db8::9"}));
}

TEST(GrapheonElements, StatesAreSpelledAsTheBackendKnowsThem) {
    const char* expected[] = {"unknown",   "established", "syn_sent", "syn_recv",   "fin_wait1",
                              "fin_wait2", "time_wait",   "unknown",  "close_wait", "last_ack",
                              "listen",    "closing",     "syn_recv"};
    for (std::uint8_t state = 0; state < 13; ++state) {
        auto all = inventory();
        all.sockets->resize(1);
        all.sockets->front().state = state;
        EXPECT_NE(connections(all, "raw").at(0).find('"' + std::string(expected[state]) + '"'),
                  std::string::npos)
            << int{state};
    }
}

TEST(GrapheonElements, WhatOthersChoseCannotBreakTheReport) {
    auto all = inventory();
    all.links->at(1).name = "we\"ird\n";
    auto owners = std::make_shared<SocketOwners>();
    owners->by_inode[4'711] = {.pid = 1, .name = "\xff\"}],"};
    all.owners = owners;
    for (const auto& element : dialect().inventory()->elements(all).rows) {
        EXPECT_TRUE(JsonValue::parse(element.json)) << element.json;
    }
}

}  // namespace
}  // namespace bulkhead::worker
