// Hostile backends in each dialect that reports: whatever they answer, the worker lives on with
// bounded memory, and is well as soon as they are.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using Kind = Misbehaviour::Kind;

struct Dialect {
    std::string name;
    std::string settings;  // of the backend's entry
    std::vector<std::string> paths;
};

std::vector<Dialect> every_dialect() {
    return {{"bulkhead", "    install_token: token\n", {"/v1/heartbeat", "/v1/jobs/next"}},
            {"hyprbox",
             "    credential: node-token\n    options:\n      node_id: node-7\n",
             {"/api/nodes/heartbeat", "/api/jobs/pending"}},
            {"lunasentri",
             "    credential: key-of-web-01\n    options:\n      retry_backoff: 1s\n",
             {"/agent/metrics"}},
            {"aegisflux", "    options:\n      host_id: host-7\n", {"/artifacts/for-host/host-7"}},
            {"ravenxcope",
             "    install_token: token-of-the-sensor\n    options:\n      sensor_id: sensor-7\n"
             "      address_probe: 127.0.0.1\n",
             {"/api/sensors/sensor-7/agent/heartbeat"}}};
}

std::vector<std::string> every_path() {
    std::vector<std::string> all;
    for (const auto& dialect : every_dialect()) {
        all.insert(all.end(), dialect.paths.begin(), dialect.paths.end());
    }
    return all;
}

std::vector<Misbehaviour> every_trick() {
    constexpr std::size_t kTenGibibytes = 10'240;
    return {{.kind = Kind::redirect, .location = "http://127.0.0.1:1/elsewhere"},
            {.kind = Kind::cut_before_headers},
            {.kind = Kind::cut_in_body},
            {.kind = Kind::not_json},
            {.kind = Kind::truncated_json},
            {.kind = Kind::wrong_types},
            {.kind = Kind::oversized, .mebibytes = kTenGibibytes},
            {.kind = Kind::oversized, .mebibytes = kTenGibibytes, .chunked = true},
            {.kind = Kind::drip},
            {.kind = Kind::gzip_bomb},
            {.kind = Kind::deep_json},
            {.kind = Kind::odd_text}};
}

// One worker that speaks every dialect, each with a backend as hostile as the others.
class HostileBackends : public Pair {
  protected:
    HostileBackends()
        : Pair({.install_tokens = {"token-of-the-sensor"},
                .node_tokens = {{"node-token", "node-7"}},
                .api_keys = {{"key-of-web-01", "web-01"}}}) {}

    std::string configuration() override {
        std::string text = "backends:\n";
        for (const auto& dialect : every_dialect()) {
            text += "  - name: " + dialect.name + "\n    dialect: " + dialect.name +
                    "\n    url: " + backend().url() + "\n    ca_file: " + backend().ca_file() +
                    "\n    timeout: 1s\n" + dialect.settings;
        }
        return text + "heartbeat_interval: 1s\njobs:\n  poll_wait: 1s\n";
    }
    bool all_struck() {
        return eventually([&] { return backend().misbehaviours().empty(); }, kPatience);
    }
    // The last request of each path was taken: for a heartbeat that is one more of them. So the
    // next trick meets no long pause either.
    bool all_well() {
        const auto well = [](const State& state, const std::string& path) {
            const auto last = std::find_if(state.requests.rbegin(), state.requests.rend(),
                                           [&](const auto& each) { return each.path == path; });
            return last != state.requests.rend() && last->misbehaviour.empty() &&
                   last->status < 300;
        };
        return backend().wait_for(
            [&](const State& state) {
                return std::ranges::all_of(every_path(),
                                           [&](const auto& path) { return well(state, path); });
            },
            kPatience);
    }
    std::uint64_t peak_kibibytes() { return std::stoull(status_of(worker_pid(), "VmHWM")); }
};

TEST_F(HostileBackends, AreLivedThrough) {
    start();
    ASSERT_TRUE(all_well());
    const auto first = worker_pid();
    for (auto trick : every_trick()) {
        for (const auto& path : every_path()) {
            trick.path = path;
            trick.times = 2;
            backend().misbehave(trick);
        }
        ASSERT_TRUE(all_struck()) << name_of(trick.kind);
        ASSERT_TRUE(all_well()) << name_of(trick.kind);
    }
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(audit("worker-started").size(), 5U) << "each of them once";
    EXPECT_LT(peak_kibibytes(), 128U * 1024);
}

TEST_F(HostileBackends, MaySayAnyStatus) {
    start();
    ASSERT_TRUE(all_well());
    const auto first = worker_pid();
    for (const int status : {400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503}) {
        for (const auto& path : every_path()) {
            backend().misbehave({.kind = Kind::status, .path = path, .times = 1, .status = status});
        }
        ASSERT_TRUE(all_struck()) << status;
        ASSERT_TRUE(all_well()) << status;
    }
    EXPECT_EQ(worker_pid(), first);
}

// The single-use tokens are still unspent: nothing of this came from whoever takes them.
TEST_F(HostileBackends, DoNotMakeTheHostGiveUpEnrolling) {
    for (const auto* path : {"/v1/enroll", "/api/sensors/sensor-7/agent/enroll"}) {
        // Few, for the pauses between tries double.
        for (const auto kind : {Kind::deep_json, Kind::drip, Kind::gzip_bomb}) {
            backend().misbehave({.kind = kind, .path = path, .times = 1});
        }
    }
    start();
    ASSERT_TRUE(all_struck());
    EXPECT_TRUE(all_well());
    EXPECT_EQ(backend().enrolments().size(), 2U);
}

class EndlessJobs : public Pair {
  protected:
    EndlessJobs() : Pair({.node_tokens = {{"node-token", "node-7"}}}) {}
    std::string configuration() override {
        return "backend:\n  dialect: hyprbox\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  credential: node-token\n  options:\n    node_id: node-7\n"
               "heartbeat_interval: 1s\n";
    }
};

// After each heartbeat it asks for jobs until there is none; here there always is one.
TEST_F(EndlessJobs, DoNotKeepHeartbeatsAway) {
    start_enrolled();
    const auto queue_more = [&] {
        for (int i = 0; i < 50; ++i) {
            queue({.dialect = "hyprbox", .target = "node-7", .script = "echo never\n"});
        }
    };
    queue_more();
    const auto wanted = heartbeats().size() + 4;
    EXPECT_TRUE(eventually(
        [&] {
            const auto jobs = backend().jobs();
            const auto waiting = std::ranges::count_if(
                jobs, [](const auto& job) { return job.state == reference::JobState::queued; });
            if (waiting < 20) queue_more();
            return heartbeats().size() >= wanted;
        },
        kPatience));
    EXPECT_TRUE(audit("job-started").empty());
}

}  // namespace
}  // namespace bulkhead::test
