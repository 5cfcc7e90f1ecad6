// What an event of telemetry costs the worker: its JSON, the queue, and the way to a NATS server.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/measure.hpp"
#include "tests/bench/processor_time.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/nats/nats_server.hpp"
#include "worker/duties/telemetry_duty.hpp"

namespace bulkhead::bench {

namespace {

using worker::TelemetryDuty;
using worker::test::NatsServer;

constexpr int kAtOnce = 20;  // artifacts of a host, each of which tells its state
constexpr int kRounds = 200;

std::optional<double> cost_of_duty(const NatsServer& server) {
    worker::test::Caller caller({.base_url = "http://127.0.0.1:9", .allow_plaintext = true});
    worker::BackendConfig config;
    config.name = "bench";
    config.connect_timeout = std::chrono::seconds(5);
    config.telemetry.url = server.at("nats");
    config.telemetry.subject = "agent.telemetry";
    config.telemetry.interval = std::chrono::hours(1);
    const worker::Identity identity;
    sys::Log log("bench", STDERR_FILENO);
    log.set_least(sys::Level::error);
    const worker::DutyContext context{.loop = caller.loop(),
                                      .client = caller.client(),
                                      .config = config,
                                      .identity = identity,
                                      .log = log,
                                      .mode = worker::RunMode::serve,
                                      .random = [] { return 0.5; },
                                      .now = sys::now,
                                      .fatal = [](const Error&) {}};
    TelemetryDuty duty(context, "host-1",
                       {.files = [&] { return config.telemetry.files; },
                        .heartbeat = [] { return worker::TelemetryHeartbeat{}; }});
    const auto delivered = [&](int count) {
        const auto part = "\"delivered\":" + std::to_string(count) + ",";
        return caller.run_until([&] {
            worker::JsonWriter json;
            json.begin_object();
            duty.describe(json);
            json.end();
            return std::move(json).take().find(part) != std::string::npos;
        });
    };
    duty.start();
    double began = 0;
    for (int round = 0; round <= kRounds; ++round) {
        for (int i = 0; i < kAtOnce; ++i) {
            duty.artifact_event({.artifact_id = "artifact-" + std::to_string(i),
                                 .status = "loaded",
                                 .drops = 1,
                                 .cpu_pct = 0.25});
        }
        if (!delivered((round + 1) * kAtOnce)) return std::nullopt;
        if (round == 0) began = processor_us();  // connected, and nothing is new any more
    }
    return (processor_us() - began) / (kRounds * kAtOnce);
}

// As many bytes in as many packets, each confirmed by the server, and nothing else.
std::optional<double> cost_of_bytes(const NatsServer& server) {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return std::nullopt;
    std::string packet;
    for (int i = 0; i < kAtOnce; ++i) {
        packet += "PUB agent.telemetry 124\r\n" + std::string(124, 'x') + "\r\n";
    }
    packet += "PING\r\n";
    const auto send_and_hear = [&](const std::string& text) {
        if (!sys::write_all(socket, as_bytes(text))) return false;
        std::string heard;
        while (heard.find("PONG\r\n") == heard.npos) {
            char some[4096];
            const auto got = ::read(socket.get(), some, sizeof some);
            if (got <= 0) return false;
            heard.append(some, static_cast<std::size_t>(got));
        }
        return true;
    };
    if (!send_and_hear("CONNECT {\"verbose\":false}\r\nPING\r\n")) return std::nullopt;
    const auto began = processor_us();
    for (int round = 0; round < kRounds; ++round) {
        if (!send_and_hear(packet)) return std::nullopt;
    }
    return (processor_us() - began) / (kRounds * kAtOnce);
}

}  // namespace

void measure_telemetry(Table& table) {
    const std::string name = "telemetry, processor time an event";
    if (NatsServer::program().empty()) return table.skip(name, "nats-server is not installed");
    NatsServer server;
    if (!server.start()) return table.skip(name, "nats-server does not listen");
    const auto ours = cost_of_duty(server);
    const auto floor = cost_of_bytes(server);
    if (!ours || !floor) return table.skip(name, "nats-server took nothing");
    table.add(name, {*ours, "us"}, Figure{*floor, "us"}, "-");
}

}  // namespace bulkhead::bench
