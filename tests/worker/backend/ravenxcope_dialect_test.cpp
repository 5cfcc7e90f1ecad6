#include "worker/backend/ravenxcope/ravenxcope_dialect.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worker/backend/golden.hpp"
#include "tests/worker/backend/values.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

RavenxcopeDialect dialect(DialectOptions options = {}) {
    options.emplace("sensor_id", "s-1");
    return RavenxcopeDialect(RavenxcopeOptions::from(options));
}

NetworkLink link(std::string name) { return {.interface = {.name = std::move(name)}}; }

NetworkLink eth0() {
    return {.interface = {.name = "eth0", .rx_bytes = 1, .tx_bytes = 2},
            .up = true,
            .default_route = true};
}

EnrollRequest enrolment() {
    NetworkLink loopback = link("lo");
    loopback.interface.rx_bytes = loopback.interface.tx_bytes = 5;
    loopback.loopback = loopback.up = true;
    NetworkLink mystery = link("mystery");
    mystery.software = true;
    NetworkLink radio = link("wlp3s0");
    radio.up = true;
    EnrollRequest request{.install_token = Secret("token"),
                          .host_id = "host-1",
                          .agent_version = "0.1.0",
                          .system = test::system_info(),
                          .network = {.links = {loopback, eth0(), link("docker0"), mystery, radio},
                                      .address = "192.0.2.1"}};
    request.system.os.pretty_name = "Debian GNU/Linux 12 (bookworm)";
    return request;
}

Heartbeat beat() {
    auto beat = test::heartbeat();
    beat.network.links = {eth0()};
    return beat;
}

const EnrollDialect& enrollment(const Dialect& dialect) { return *dialect.enrollment(); }

TEST(RavenxcopeEnrolment, IsWrittenAsDocumented) {
    const auto sensor = dialect();
    const auto exchange = enrollment(sensor).enroll(enrolment());
    EXPECT_EQ(test::written_out(exchange.request), test::golden("ravenxcope/enroll.http"));
    EXPECT_TRUE(enrollment(sensor).enroll_traits().spends_token);
}

TEST(RavenxcopeEnrolment, EveryAnswerHasItsMeaning) {
    const auto sensor = dialect();
    test::expect_judged_as("ravenxcope/enroll_answers.txt", enrollment(sensor).enroll(enrolment()));
}

Answer<Enrolled> enrolled(const std::string& data) {
    const auto sensor = dialect();
    return enrollment(sensor)
        .enroll(enrolment())
        .judge({.status = 200,
                .body = R"({"success":true,"data":{"sensorToken":"durable")" + data + "}}"});
}

TEST(RavenxcopeEnrolment, NeitherNameNorAddressChangeBecauseTheBackendSaysSo) {
    const auto answer = enrolled(R"(,"sensorId":"other","backendUrl":"http://evil.example")");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->identity.agent_id, "s-1");
    EXPECT_EQ(answer->identity.credential.reveal(), "durable");
}

TEST(RavenxcopeEnrolment, AnIntervalIsHonouredWithinReason) {
    EXPECT_EQ(enrolled(R"(,"heartbeatIntervalSeconds":5)")->heartbeat_interval, 5s);
    EXPECT_EQ(enrolled(R"(,"heartbeatIntervalSeconds":3600)")->heartbeat_interval, 1h);
    for (const auto* odd : {"4", "3601", "-1", "\"30\"", "30.5", "1e300"}) {
        EXPECT_EQ(
            enrolled(R"(,"heartbeatIntervalSeconds":)" + std::string(odd))->heartbeat_interval,
            std::nullopt)
            << odd;
    }
}

TEST(RavenxcopeEnrolment, WhatIsNotPublishedIsASetting) {
    const auto sensor = dialect({{"sensor_id", "a b"},
                                 {"enroll_path", "/enrol/{id}"},
                                 {"hostname", "outside"},
                                 {"os_info", "Other OS"},
                                 {"agent_version", "2.1.0"},
                                 {"sensor_port", "2222"},
                                 {"sudo_user", "admin"},
                                 {"virtual_prefixes", "eth"}});
    const auto request = enrollment(sensor).enroll(enrolment()).request;
    EXPECT_EQ(request.path, "/enrol/a%20b");
    const auto& body = test::body(request);
    EXPECT_TRUE(
        body.starts_with(R"({"installToken":"token","hostname":"outside","osInfo":"Other OS",)"
                         R"("architecture":"x86_64","agentVersion":"2.1.0","sensorIp":"192.0.2.1",)"
                         R"("sensorPort":2222,"sudoUser":"admin",)"))
        << body;
    EXPECT_NE(body.find(R"("name":"eth0","isManagement":true,"isLoopback":false,"isVirtual":true)"),
              std::string::npos);
    EXPECT_NE(body.find(R"("name":"docker0","isManagement":false,"isLoopback":false,)"
                        R"("isVirtual":false)"),
              std::string::npos);
}

TEST(RavenxcopeEnrolment, ArchitecturesHaveTheNamesOfItsBuilds) {
    auto request = enrolment();
    request.system.go_architecture = "arm64";
    const auto sensor = dialect();
    EXPECT_NE(test::body(enrollment(sensor).enroll(request).request).find(R"("arm64")"),
              std::string::npos);
}

TEST(RavenxcopeHeartbeat, CarriesTheTokenTwiceAndTheOlderMemoryFormula) {
    const auto exchange = dialect().heartbeat(test::identity(), beat());
    EXPECT_EQ(test::written_out(exchange.request), test::golden("ravenxcope/heartbeat.http"));
}

TEST(RavenxcopeHeartbeat, EveryAnswerHasItsMeaning) {
    test::expect_judged_as("ravenxcope/heartbeat_answers.txt",
                           dialect().heartbeat(test::identity(), beat()));
}

TEST(RavenxcopeTraits, SayThatNothingIsRepeatedBeforeTheNextTick) {
    const auto sensor = dialect();
    EXPECT_EQ(sensor.traits().heartbeat_interval, 30s);
    EXPECT_EQ(sensor.traits().retries->most, 0U);
    EXPECT_EQ(sensor.traits().longest_rejected_pause, 0s);
    EXPECT_TRUE(sensor.traits().network.links);
    EXPECT_EQ(sensor.traits().network.address_probe, "8.8.8.8");
}

TEST(RavenxcopeOptions, EveryDefaultPassesItsOwnCheck) {
    for (const auto& row : RavenxcopeOptions::rows())
        EXPECT_TRUE(row.accepts(row.fallback)) << row.name;
}

TEST(RavenxcopeOptions, TheProbeIsAnAddressOrNone) {
    const auto rows = RavenxcopeOptions::rows();
    const auto probe = std::ranges::find(rows, "address_probe", &DialectOption::name);
    for (const auto* good : {"", "192.0.2.1", "2001:db8::1"}) EXPECT_TRUE(probe->accepts(good));
    for (const auto* bad : {"backend.example.com", "8.8.8.8:80", "auto"}) {
        EXPECT_FALSE(probe->accepts(bad)) << bad;
    }
}

}  // namespace
}  // namespace bulkhead::worker
