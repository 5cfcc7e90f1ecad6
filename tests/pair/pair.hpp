// The fixture: a real broker, its real worker and real jobs, with the reference backend in this
// process. Tests need root and are skipped without it.
#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/backend/reference_backend.hpp"
#include "tests/pair/installation.hpp"
#include "tests/pair/program.hpp"
#include "tests/support/eventually.hpp"

namespace bulkhead::test {

using namespace std::chrono_literals;
using nlohmann::json;
using reference::Misbehaviour;
using reference::State;

inline constexpr auto kPatience = 40s;  // only a failure ever waits so long

inline constexpr unsigned kFirstWorker = 64123;  // no account has this number, nor the next ones
inline constexpr unsigned kConfigReader = 64122;

class Pair : public testing::Test {
  protected:
    Pair() : Pair(reference::ReferenceBackend::Options{}) {}
    explicit Pair(reference::ReferenceBackend::Options options);
    ~Pair() override;

    void SetUp() override;
    void TearDown() override;

    Installation& place() { return *place_; }
    reference::ReferenceBackend& backend() { return *backend_; }

    // --- the agent
    virtual std::string configuration();
    std::vector<std::string> command(const std::vector<std::string>& more = {});
    void start(const std::vector<std::string>& more = {},
               const std::map<std::string, std::string>& environment = {});
    // By a program that then becomes the broker.
    void start_under(std::vector<std::string> words);
    // Started and enrolled.
    void start_enrolled();
    void reload();  // and wait until it is done
    // Sends the signal if it is not 0; the exit code.
    std::optional<int> stop(int signal = SIGTERM);
    std::optional<int> run_to_end(const std::vector<std::string>& more);
    Program& broker() { return *broker_; }
    // Of the backend that was configured as number `slot` when there were no others; 0: none.
    pid_t worker_pid(unsigned slot = 0) const;
    // Another one than `before`, past its Hello.
    pid_t wait_for_worker(pid_t before = 0);
    void kill_worker();

    // --- what it says
    std::string log() const { return place_->read("agent.log"); }
    bool wait_for_log(std::string_view text, std::size_t times = 1);
    std::vector<json> audit(std::string_view event = "") const;
    bool wait_for_audit(std::string_view event, std::size_t times = 1);
    // The newest once there are so many: what a backend hears of may be in the log a moment later.
    json last_audit(std::string_view event, std::size_t times = 1);
    std::vector<json> heartbeats() const;
    bool wait_for_heartbeats(std::size_t more);
    // Of the one backend: JSON, as `bulkhead status` prints it; empty without an agent.
    std::string status() const;
    bool wait_for_status(std::string_view text);
    // How often the backend answered on this path, with this status or any.
    std::size_t asked(std::string_view path, int status = 0) const;
    bool wait_for_asked(std::string_view path, std::size_t times, int status = 0);

    // --- jobs
    void pin(const PinnedJob& job) { place_->pin(job); }
    std::string queue(reference::ReferenceBackend::JobRequest request);
    json result_of(const std::string& id);
    // Queues it and waits for the result.
    json run_job(reference::ReferenceBackend::JobRequest request);
    bool wait_for_output(const std::string& id, std::string_view text);
    // Lines in the file `name` of the scratch directory: jobs leave one for each run.
    std::size_t lines_in_scratch(std::string_view name) const;

    std::string program_ = BULKHEAD_BROKER;

  private:
    reference::ReferenceBackend::Options options_;
    std::unique_ptr<Installation> place_;
    std::unique_ptr<reference::ReferenceBackend> backend_;
    std::unique_ptr<Program> broker_;
    bool killed_ = false;
};

// "Name:  value" of /proc/PID/status; empty when it is not there.
std::string status_of(pid_t pid, std::string_view name);

}  // namespace bulkhead::test
