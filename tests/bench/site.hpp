// A host for the bench: reference backend in this process, policy, configuration and state below
// one directory, and the real broker with its real worker.
#pragma once
#include <sys/types.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/backend/reference_backend.hpp"
#include "tests/bench/child.hpp"

namespace bulkhead::bench {

struct Programs {
    std::string broker;
    std::string floor_agent;
    std::string policy;  // the directory that is shipped
};

// A running agent: all its processes end with the object.
class Agent {
  public:
    Agent(Child broker, std::vector<pid_t> workers)
        : broker_(std::move(broker)), workers_(std::move(workers)) {}
    pid_t broker() const { return broker_.pid(); }
    pid_t worker() const { return workers_.front(); }
    const std::vector<pid_t>& workers() const { return workers_; }
    // Every process of it that runs now.
    std::vector<pid_t> processes() const;

  private:
    Child broker_;
    std::vector<pid_t> workers_;
};

inline constexpr int kMostBackends = 3;

class Site {
  public:
    explicit Site(Programs programs);
    ~Site();
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    // Enrolled, confined, and a heartbeat accepted; with so many backends.
    Agent start_agent(int backends = 1);
    // Pins it in policy; the next agent to be started runs it.
    void approve(const std::string& name, const std::string& script, std::uint64_t output_max,
                 const std::string& profile = "inspect");

    reference::ReferenceBackend& backend() { return backend_; }
    const Programs& programs() const { return programs_; }
    const std::string& name() const { return name_; }
    std::string policy() const { return root_ / "policy"; }
    std::uint64_t beats() const;
    // False when it takes longer than a beat every other interval would.
    bool wait_for_beats(std::uint64_t more) const;

  private:
    void write_policy() const;
    void write_config(int backends) const;
    std::vector<const reference::ReferenceBackend*> all() const {
        return {&backend_, &further_[0], &further_[1]};
    }
    std::vector<reference::ReferenceBackend*> all() {
        return {&backend_, &further_[0], &further_[1]};
    }

    Programs programs_;
    std::string name_ = "bench-host";
    std::filesystem::path root_;
    reference::ReferenceBackend backend_;
    std::array<reference::ReferenceBackend, kMostBackends - 1> further_;
};

inline constexpr std::chrono::seconds kBeat{1};

}  // namespace bulkhead::bench
