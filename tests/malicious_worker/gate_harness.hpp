// The broker's side of the channel in this process: receive(), gate, dispatch and the real
// handlers, on records of their own in memory. Without the broker's pace, so that millions of
// frames can be judged. Needs root.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "broker/handlers/dispatch.hpp"

namespace bulkhead::test {

class GateHarness {
  public:
    // `policy`: a directory as the broker loads it.
    static Result<std::unique_ptr<GateHarness>> create(const std::string& policy);
    ~GateHarness();

    // The worker's end of the channel.
    const link::Channel& end() const { return *end_; }
    // Takes one packet and does what the broker does with it: nothing, or the violation.
    Result<> judge();
    // The same, as soon as there is one.
    Result<> wait_and_judge();

    void greet() { gate_.serving(); }
    void drain() { context_->draining = true; }
    // Sees to it that a job runs; true if it had to start one.
    bool keep_a_job_running();
    std::size_t jobs_known() const { return jobs_->unreported(); }
    // One turn of the loop: ends of jobs, timers.
    void turn();

  private:
    GateHarness() = default;
    std::string place_;
    std::optional<sys::Dir> dir_;
    std::optional<broker::CgroupTree> cgroups_;
    std::optional<sys::Loop> loop_;
    std::optional<records::Ledger> ledger_;
    std::optional<records::Audit> audit_;
    std::optional<records::Evidence> evidence_;
    sys::Log log_{"test", -1};
    std::optional<broker::Jobs> jobs_;
    std::optional<broker::ConfinedProcess> worker_;
    std::optional<link::Channel> end_;
    std::optional<broker::Context> context_;
    protocol::BackendName backend_ = protocol::BackendName::clipped("main");
    std::vector<protocol::BackendFile> files_;
    broker::Gate gate_;
    std::uint64_t starts_ = 0;
};

}  // namespace bulkhead::test
