#include "tests/pair/pair.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/roots_program.hpp"

namespace bulkhead::test {

namespace {

namespace fs = std::filesystem;

std::string user(unsigned id) { return std::to_string(id) + ":" + std::to_string(id); }

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace

std::string status_of(pid_t pid, std::string_view name) {
    std::istringstream lines(content_of("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(std::string(name) + ":")) continue;
        const auto value = line.find_first_not_of(" \t", name.size() + 1);
        return value == line.npos ? "" : line.substr(value);
    }
    return "";
}

Pair::Pair(reference::ReferenceBackend::Options options) : options_(std::move(options)) {}
Pair::~Pair() = default;

void Pair::SetUp() {
    if (::geteuid() != 0) GTEST_SKIP() << "a broker must be started by root";
    // The port is known before the policy that names it, the directory before the certificates.
    options_.install_tokens.emplace_back("token");
    if (options_.heartbeat_seconds == 0) options_.heartbeat_seconds = 1;
    std::string directory = "/run/bulkhead-test-backend-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    fs::permissions(directory, fs::perms(0755));  // the worker reads its CA file there
    options_.directory = directory;
    backend_ = std::make_unique<reference::ReferenceBackend>(options_);
    const auto started = backend_->start();
    ASSERT_OK(started);
    place_ = std::make_unique<Installation>(backend_->port());
    place_->let_backends_have(directory);
    place_->write("agent.yaml", configuration());
}

void Pair::TearDown() {
    if (!place_) return;
    if (broker_ && broker_->running()) {
        const auto code = stop();
        EXPECT_EQ(code, 0) << "the broker did not stop cleanly";
    }
    if (broker_ && !killed_) {
        EXPECT_FALSE(fs::exists(place_->cgroup())) << "the broker left its cgroup";
    }
    broker_.reset();
    if (HasFailure()) {
        std::fprintf(stderr, "--- agent.log\n%s--- audit.log\n%s---\n", log().c_str(),
                     place_->read("log/audit.log").c_str());
    }
    place_.reset();
    backend_.reset();
    std::error_code ignored;
    if (!options_.directory.empty()) fs::remove_all(options_.directory, ignored);
}

// --- the agent

std::string Pair::configuration() {
    return "backend:\n  dialect: bulkhead\n  url: " + backend_->url() +
           "\n  ca_file: " + backend_->ca_file() +
           "\n  install_token: token\nheartbeat_interval: 1s\n";
}

std::vector<std::string> Pair::command(const std::vector<std::string>& more) {
    auto& place = *place_;
    std::vector<std::string> words{program_,
                                   "--policy",
                                   place / "policy",
                                   "--vendor-policy",
                                   place / "vendor-policy",
                                   "--config",
                                   place / "agent.yaml",
                                   "--state",
                                   place / "state",
                                   "--log-dir",
                                   place / "log",
                                   "--run-dir",
                                   place / "run",
                                   "--worker",
                                   roots_program(BULKHEAD_WORKER),
                                   "--worker-user",
                                   user(kFirstWorker),
                                   "--config-user",
                                   user(kConfigReader)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

void Pair::start(const std::vector<std::string>& more,
                 const std::map<std::string, std::string>& environment) {
    broker_ = std::make_unique<Program>(Command{
        .words = command(more), .environment = environment, .output = *place_ / "agent.log"});
}

void Pair::start_under(std::vector<std::string> words) {
    for (auto& word : command()) words.push_back(std::move(word));
    broker_ = std::make_unique<Program>(Command{.words = words, .output = *place_ / "agent.log"});
}

void Pair::start_enrolled() {
    start();
    const auto enrolled = [](const State& state) { return state.heartbeats_ever > 0; };
    ASSERT_TRUE(backend_->wait_for(enrolled, kPatience)) << log();
}

void Pair::reload() {
    const auto answered = [&] {
        return audit("policy-loaded").size() + audit("policy-rejected").size();
    };
    const auto before = answered();
    broker_->signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return answered() > before; }, kPatience));
}

std::optional<int> Pair::stop(int signal) {
    killed_ = killed_ || signal == SIGKILL;
    if (signal != 0) broker_->signal(signal);
    return broker_->wait(kPatience);
}

std::optional<int> Pair::run_to_end(const std::vector<std::string>& more) {
    start(more);
    return stop(0);
}

pid_t Pair::worker_pid(unsigned slot) const {
    const auto parent = std::to_string(broker_->pid());
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc", gone)) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        const auto pid = static_cast<pid_t>(std::stol(name));
        if (status_of(pid, "PPid") == parent &&
            status_of(pid, "Uid").starts_with(std::to_string(kFirstWorker + slot) + "\t")) {
            return pid;
        }
    }
    return 0;
}

pid_t Pair::wait_for_worker(pid_t before) {
    pid_t found = 0;
    const auto confined = [&] {
        const auto events = audit("worker-confined");
        if (events.empty()) return false;
        found = events.back()["pid"].get<pid_t>();
        return found != before;
    };
    EXPECT_TRUE(eventually(confined, kPatience)) << "no worker came";
    return found;
}

void Pair::kill_worker() {
    const auto pid = worker_pid();
    ASSERT_NE(pid, 0) << "there is no worker to kill";
    ::kill(pid, SIGKILL);
}

// --- what it says

bool Pair::wait_for_log(std::string_view text, std::size_t times) {
    return eventually([&] { return count_of(log(), text) >= times; }, kPatience);
}

std::vector<json> Pair::audit(std::string_view event) const {
    std::vector<json> events;
    std::istringstream lines(place_->read("log/audit.log"));
    for (std::string line; std::getline(lines, line);) {
        auto parsed = json::parse(line, nullptr, false);
        if (parsed.is_discarded()) continue;  // it is being written
        if (event.empty() || parsed["event"] == event) events.push_back(std::move(parsed));
    }
    return events;
}

bool Pair::wait_for_audit(std::string_view event, std::size_t times) {
    return eventually([&] { return audit(event).size() >= times; }, kPatience);
}

json Pair::last_audit(std::string_view event, std::size_t times) {
    EXPECT_TRUE(wait_for_audit(event, times))
        << event << " is not " << times << " times in the log";
    const auto events = audit(event);
    return events.empty() ? json::object() : events.back();
}

std::vector<json> Pair::heartbeats() const {
    std::vector<json> bodies;
    for (auto& beat : backend_->heartbeats()) bodies.push_back(std::move(beat.body));
    return bodies;
}

bool Pair::wait_for_heartbeats(std::size_t more) {
    const auto wanted = backend_->read([](const State& s) { return s.heartbeats_ever; }) + more;
    return backend_->wait_for([&](const State& s) { return s.heartbeats_ever >= wanted; },
                              kPatience);
}

std::string Pair::status() const {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(*place_ / "run/status", none)) {
        return run({BULKHEAD_CLI, "status", "--json", "--socket", entry.path()}).output;
    }
    return "";
}

bool Pair::wait_for_status(std::string_view text) {
    return eventually([&] { return status().find(text) != std::string::npos; }, kPatience);
}

std::size_t Pair::asked(std::string_view path, int status) const {
    return backend_->read([&](const State& state) {
        const auto meant = [&](const reference::RequestRecord& request) {
            return request.path == path && (status == 0 || request.status == status);
        };
        return static_cast<std::size_t>(std::ranges::count_if(state.requests, meant));
    });
}

bool Pair::wait_for_asked(std::string_view path, std::size_t times, int status) {
    return eventually([&] { return asked(path, status) >= times; }, kPatience);
}

// --- jobs

std::string Pair::queue(reference::ReferenceBackend::JobRequest request) {
    const auto id = backend_->queue_job(std::move(request));
    EXPECT_OK(id);
    return id.value_or("");
}

json Pair::result_of(const std::string& id) {
    EXPECT_TRUE(backend_->wait_for_result(id, kPatience)) << id << ": no result came";
    const auto job = backend_->job(id);
    return job ? job->result : json();
}

json Pair::run_job(reference::ReferenceBackend::JobRequest request) {
    return result_of(queue(std::move(request)));
}

bool Pair::wait_for_output(const std::string& id, std::string_view text) {
    return eventually([&] { return backend_->standard_output(id).find(text) != std::string::npos; },
                      kPatience);
}

std::size_t Pair::lines_in_scratch(std::string_view name) const {
    return count_of(content_of(place_->scratch() + "/" + std::string(name)), "\n");
}

}  // namespace bulkhead::test
