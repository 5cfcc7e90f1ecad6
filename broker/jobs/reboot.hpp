// A restart of the host that a job has asked for: when it is time, and through whom.
#pragma once
#include <optional>
#include <string>

#include "broker/jobs/jobs.hpp"
#include "common/sandbox/child.hpp"

namespace bulkhead::broker {

// How long a restart is put off.
struct Patience {
    std::chrono::milliseconds results = std::chrono::minutes(2);  // that no backend takes
    std::chrono::milliseconds jobs = std::chrono::hours(1);       // that still run
    // From systemd's acceptance of the request; a host that is up then has not restarted.
    std::chrono::milliseconds to_go_down = std::chrono::minutes(10);
};

class Reboot {
  public:
    // `program` is asked by the word "reboot"; `boot` is the boot that this is.
    Reboot(sys::Loop& loop, sys::Dir state, Jobs& jobs, records::Audit& audit, const sys::Log& log,
           std::string program, std::string boot, Patience patience = {});
    ~Reboot();
    Reboot(const Reboot&) = delete;
    Reboot& operator=(const Reboot&) = delete;

    // Takes over a request made before this broker started: carried out, or still to be.
    Result<> adopt();
    // On disk before it returns, so that a broker that dies now does not forget it.
    void ask(JobNumber number);
    // Whenever a job has ended or a result was taken.
    void consider();
    // A restart was asked for, and neither failed nor was given up: no new jobs.
    bool pending() const { return asked_.has_value(); }

    static constexpr std::string_view kFile = "reboot-requested";

  private:
    void wait();
    void go();
    void on_answer();
    void failed(const std::string& why);

    sys::Loop& loop_;
    sys::Dir state_;
    Jobs& jobs_;
    records::Audit& audit_;
    const sys::Log& log_;
    std::string program_;
    std::string boot_;
    Patience patience_;
    std::optional<sys::Clock::time_point> asked_;
    bool going_ = false;
    std::optional<sandbox::Child> child_;
    sys::TimerId timer_;  // of patience
    sys::TimerId soon_;   // what is to be done in a turn of its own
};

// /proc/sys/kernel/random/boot_id (random(4)): another value at each boot.
Result<std::string> boot_id();

}  // namespace bulkhead::broker
