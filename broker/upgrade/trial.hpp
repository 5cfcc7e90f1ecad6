// A run of a program that took the place of this one: it is asked one thing, says what it has to
// say, and ends. What it may do is the profile "upgrade-check" of policy.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/jobs/cgroup.hpp"
#include "broker/processes/ready_policy.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Trial {
  public:
    static constexpr const char* kProfile = "upgrade-check";
    static constexpr std::size_t kMostSaid = 16 * 1024;  // bytes that are kept of its output

    struct Plan {
        const ReadyPolicy& policy;
        const CgroupTree& cgroups;
        const sys::Fd& program;  // of open_program()
        std::vector<std::string> arguments;
        std::vector<std::string> environment;
        sandbox::User user;
        int landlock_abi = 0;
    };
    struct End {
        int exit = -1;     // its exit status; -1: a signal ended it, or the time was over
        std::string said;  // the begin of its standard output and error
        std::string how;   // how it ended, in words
    };
    // Calls `ended` once, from the loop, unless this object goes before. Nothing here waits for the
    // process. The destructor kills it.
    static Result<std::unique_ptr<Trial>> start(sys::Loop& loop, const Plan& plan,
                                                std::function<void(End)> ended);
    ~Trial();
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

  private:
    Trial(sys::Loop& loop, sandbox::Child child, sys::Fd output, std::function<void(End)> ended)
        : loop_(loop),
          child_(std::move(child)),
          output_(std::move(output)),
          ended_(std::move(ended)) {}
    Result<> follow(std::chrono::seconds time);
    void read_output();
    void on_ended();

    sys::Loop& loop_;
    sandbox::Child child_;
    sys::Fd output_;
    std::function<void(End)> ended_;
    sys::TimerId limit_;
    std::string said_;
    bool late_ = false;
};

}  // namespace bulkhead::broker
