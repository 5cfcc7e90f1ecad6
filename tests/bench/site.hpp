// A host for the bench: reference backend in this process, policy, configuration and state below
// one directory, and the real broker with its real worker.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/backend/reference_backend.hpp"
#include "tests/bench/child.hpp"

namespace bulkhead::bench {

struct Programs {
    std::string broker;
    std::string floor_agent;
    std::string policy;  // the directory that is shipped
};

// A running agent: both processes end with the object.
class Agent {
  public:
    explicit Agent(Child broker, pid_t worker) : broker_(std::move(broker)), worker_(worker) {}
    pid_t broker() const { return broker_.pid(); }
    pid_t worker() const { return worker_; }

  private:
    Child broker_;
    pid_t worker_;
};

class Site {
  public:
    explicit Site(Programs programs);
    ~Site();
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    // Enrolled, confined, and its next heartbeat accepted.
    Agent start_agent();
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
    void write_config() const;

    Programs programs_;
    std::string name_ = "bench-host";
    std::filesystem::path root_;
    reference::ReferenceBackend backend_;
};

inline constexpr std::chrono::seconds kBeat{1};

}  // namespace bulkhead::bench
