#include "tests/malicious_worker/site.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/malicious_worker/attacker.hpp"
#include "tests/malicious_worker/jobs.hpp"
#include "tests/support/files.hpp"
#include "tests/support/roots_program.hpp"

namespace bulkhead::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWorkerUser = "64123:64123";  // no account has this number
constexpr const char* kReaderUser = "64200:64200";

std::uint64_t status_kib(pid_t pid, const std::string& name) {
    std::istringstream lines(content_of("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
    }
    return 0;
}

// utime and stime are the 14th and 15th field of /proc/PID/stat (proc(5)); the second may hold
// blanks.
std::chrono::milliseconds cpu_of(pid_t pid) {
    const auto text = content_of("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream words(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) words >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    words >> user >> system;
    return std::chrono::milliseconds((user + system) * 1000 /
                                     static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace

Vitals vitals_of(pid_t pid) {
    const fs::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
    return {.peak_bytes = status_kib(pid, "VmHWM") * 1024,
            .written_bytes = status_kib(pid, "RssAnon") * 1024,
            .cpu = cpu_of(pid),
            .descriptors = static_cast<std::size_t>(std::distance(begin(open), end(open)))};
}

void Site::SetUpTestSuite() {
    if (::geteuid() != 0) return;
    place_ = std::make_unique<Installation>(kPortOfTheSite);
    place_->write("agent.yaml", "# the malicious worker reads none\n");
    for (const auto& job : jobs_of_the_site()) place_->pin(job);
    place_->write("policy/allowed_signers", "# nobody signs here\n");
    place_->write("notes", "for root's eyes, and the worker's\n");
    place_->append("policy/reads.policy",
                   "file notes " + *place_ / "notes" + " 4KiB  # to have one\n");
}

void Site::TearDownTestSuite() { place_.reset(); }

void Site::SetUp() {
    if (::geteuid() != 0) GTEST_SKIP() << "a broker must be started by root";
}

void Site::start(const std::string& orders, std::map<std::string, std::string> environment,
                 std::vector<std::string> under) {
    environment["MALICE_ORDERS"] = orders;
    environment["MALICE_PLACE"] = place_->path();
    std::error_code absent;
    for (const char* backend : {"main", "other"}) {
        for (const char* name : {"findings", "sweep"}) {
            fs::remove(*place_ / "state/workers/" + backend + "/" + name, absent);
        }
    }
    lines_before_ = 0;
    lines_before_ = audit("").size();
    auto& place = *place_;
    under.insert(under.end(), {BULKHEAD_BROKER, "--policy", place / "policy", "--vendor-policy",
                               place / "vendor-policy", "--config", place / "agent.yaml", "--state",
                               place / "state", "--log-dir", place / "log", "--run-dir",
                               place / "run", "--worker", roots_program(BULKHEAD_MALICIOUS_WORKER),
                               "--worker-user", kWorkerUser, "--config-user", kReaderUser});
    under.insert(under.end(), more_options.begin(), more_options.end());
    broker_ = std::make_unique<Program>(Command{.words = std::move(under),
                                                .environment = std::move(environment),
                                                .output = place / "agent.log"});
}

void Site::stop() {
    if (!broker_) return;
    broker_->signal(SIGTERM);
    EXPECT_EQ(broker_->wait(kPatience), 0) << "the broker did not stop cleanly";
    broker_.reset();
}

void Site::TearDown() {
    if (!place_) return;
    stop();
    if (HasFailure()) {
        std::fprintf(stderr, "--- agent.log\n%s--- audit.log\n%s--- findings\n%s---\n",
                     log().c_str(), place_->read("log/audit.log").c_str(),
                     place_->read("state/workers/main/findings").c_str());
    }
    std::error_code absent;
    fs::remove(*place_ / "agent.log", absent);
}

std::optional<std::string> Site::finding(const std::string& name,
                                         const std::string& backend) const {
    std::istringstream lines(place_->read("state/workers/" + backend + "/findings"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + "\t")) return line.substr(name.size() + 1);
    }
    return std::nullopt;
}

std::optional<std::string> Site::wait_for_finding(const std::string& name,
                                                  const std::string& backend) {
    eventually([&] { return finding(name, backend) || !broker_->running(); }, kPatience);
    return finding(name, backend);
}

std::vector<json> Site::audit(std::string_view event) const {
    std::vector<json> events;
    std::istringstream lines(place_->read("log/audit.log"));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        if (number++ < lines_before_) continue;
        auto parsed = json::parse(line, nullptr, false);
        if (parsed.is_discarded()) continue;  // it is being written
        if (event.empty() || parsed["event"] == event) events.push_back(std::move(parsed));
    }
    return events;
}

bool Site::wait_for_audit(std::string_view event, std::size_t times) {
    return eventually([&] { return audit(event).size() >= times || !broker_->running(); },
                      kPatience) &&
           audit(event).size() >= times;
}

double Site::slowness() {
    static const auto measured = [this] {
        constexpr std::chrono::duration<double> kOfARealOne = 100ms;  // 30 at most were seen
        start("idle");
        EXPECT_TRUE(wait_for_audit("worker-confined"));
        const auto cpu = vitals_of(broker_->pid()).cpu;
        stop();
        const auto times = std::max(1.0, cpu / kOfARealOne);
        std::printf("a broker starts in %ld ms of processor time: %.1f times as slow as expected\n",
                    static_cast<long>(cpu.count()), times);
        return times;
    }();
    return measured;
}

void Site::expect_well(std::size_t descriptors_before) {
    ASSERT_TRUE(broker_->running()) << "the broker is gone";
    const auto now = vitals_of(broker_->pid());
    EXPECT_LE(now.peak_bytes, kMostMemory);
    EXPECT_LE(now.descriptors, descriptors_before);
}

}  // namespace bulkhead::test
