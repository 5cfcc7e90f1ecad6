#include "tests/worker/backend/values.hpp"

namespace bulkhead::worker::test {

Identity identity() { return {.agent_id = "agent-1", .credential = Secret("bhc_secret")}; }

SystemInfo system_info() {
    SystemInfo system;
    system.hostname = "web-01";
    system.os.id = "debian";
    system.os.name = "Debian GNU/Linux";
    system.os.version_id = "12";
    system.kernel_release = "6.1.0-25-amd64";
    system.machine = "x86_64";
    system.go_architecture = "amd64";
    system.cpu_count = 4;
    system.memory_total_bytes = 8'000'000;
    system.boot_time = *parse_utc("2026-11-20T00:00:00Z");
    return system;
}

Heartbeat heartbeat() {
    Heartbeat beat;
    beat.sequence = 7;
    beat.sent_at = *parse_utc("2026-11-22T01:02:03Z");
    beat.agent_version = "0.1.0";
    beat.host_id = "host-1";
    beat.policy_digest = std::string(64, 'a');
    beat.walls_digest = std::string(64, 'd');
    beat.ceiling_digest = std::string(64, 'c');
    beat.restart_needed = true;
    beat.confinement = {.landlock_abi = 4, .missing = {"mdwe"}};
    beat.audit = ChainHead{.size = 12, .head = std::string(64, 'b')};
    beat.ledger = ChainHead{.size = 9, .head = std::string(64, 'e')};
    beat.troubles = {{.code = "ledger-lost", .since = beat.sent_at, .why = "it is gone"}};
    beat.worker_troubles = {
        {.code = "jobs-failing", .since = beat.sent_at, .why = "503", .tries = 3}};
    beat.metrics.cpu_percent = beat.metrics.last_cpu_percent = 12.5;
    beat.metrics.memory = Memory{.total_bytes = 1000, .free_bytes = 100, .available_bytes = 600};
    beat.metrics.swap = Swap{.total_bytes = 50, .used_bytes = 5};
    beat.metrics.disk = Disk{.path = "/",
                             .total_bytes = 200,
                             .used_bytes = 110,
                             .used_percent = 55,
                             .inodes_used_percent = 1.5};
    beat.metrics.load = Load{.one_minute = 0.1, .five_minutes = 0.2, .fifteen_minutes = 0.3};
    beat.metrics.uptime_seconds = 99;
    beat.metrics.interfaces = std::vector<Interface>{{.name = "eth0",
                                                      .rx_bytes = 1,
                                                      .rx_packets = 3,
                                                      .rx_errors = 5,
                                                      .tx_bytes = 2,
                                                      .tx_packets = 4,
                                                      .tx_errors = 6}};
    beat.metrics.interfaces_left_out = 3;
    beat.metrics.traffic = Traffic{.rx_bytes = 1, .tx_bytes = 2};
    beat.metrics.limits = Limits{.memory_bytes = 512, .cpus = {}};
    beat.system = system_info();
    beat.running_jobs = {{"job-1"}};
    beat.unreported_jobs = 2;
    return beat;
}

JobResult job_result(std::string delivery_id) {
    JobResult result;
    result.delivery_id = {std::move(delivery_id)};
    result.exit_code = 0;
    result.reason = "ok";
    result.wall_ms = 10;
    result.cpu_ms = 5;
    result.max_rss_bytes = 4096;
    result.out = {.bytes = 3, .sha256 = std::string(64, 'c')};
    result.err = {.bytes = 0, .sha256 = std::string(64, 'd')};
    return result;
}

std::string header(const HttpRequest& request, std::string_view name) {
    for (const auto& entry : request.headers) {
        if (entry.name == name) return entry.value.reveal();
    }
    return "";
}

const std::string& body(const HttpRequest& request) { return std::get<std::string>(request.body); }

}  // namespace bulkhead::worker::test
