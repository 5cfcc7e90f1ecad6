#include "broker/jobs/reboot.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::broker {

Result<std::string> boot_id() {
    return within("boot_id",
                  TRY(sys::Dir::open("/proc/sys/kernel/random")).read_file("boot_id", 64));
}

Reboot::Reboot(sys::Loop& loop, sys::Dir state, Jobs& jobs, records::Audit& audit,
               const sys::Log& log, std::string program, std::string boot, Patience patience)
    : loop_(loop),
      state_(std::move(state)),
      jobs_(jobs),
      audit_(audit),
      log_(log),
      program_(std::move(program)),
      boot_(std::move(boot)),
      patience_(patience) {}

Reboot::~Reboot() {
    loop_.cancel(timer_);
    loop_.cancel(soon_);
    if (!child_) return;
    loop_.forget(child_->pidfd().get());
    child_->reap();  // waits: a request that systemctl has begun is not taken back
}

Result<> Reboot::adopt() {
    const auto before = state_.read_file(kFile, 64);
    if (!before && before.error().code == ENOENT) return {};
    if (TRY(before) == boot_) {
        wait();
        return {};
    }
    records::note(audit_, log_, "rebooted", {});
    return state_.remove_file(kFile);
}

void Reboot::ask(JobNumber number) {
    records::note(audit_, log_, "reboot-requested", {{"number", number.value}});
    log_.check(state_.write_atomic(kFile, boot_, 0600), "reboot-request-failed");
    if (!pending()) wait();
}

void Reboot::wait() {
    asked_ = sys::Clock::now();
    timer_ = loop_.after(patience_.results, [this] {
        timer_ = loop_.after(patience_.jobs - patience_.results, [this] { consider(); });
        consider();
    });
    // In a turn of its own: Jobs is still recording the end of the job that asked.
    soon_ = loop_.after({}, [this] { consider(); });
}

void Reboot::consider() {
    if (!pending() || going_) return;
    const auto waited = sys::Clock::now() - *asked_;
    if (waited < patience_.jobs && jobs_.running() > 0) return;
    if (waited < patience_.results && jobs_.owes_result_before_reboot()) return;
    going_ = true;
    loop_.cancel(soon_);
    soon_ = loop_.after({}, [this] { go(); });  // the worker first has its answer
}

void Reboot::go() {
    loop_.cancel(timer_);
    records::note(
        audit_, log_, "rebooting",
        {{"waited_s",
          std::chrono::duration_cast<std::chrono::seconds>(sys::Clock::now() - *asked_).count()},
         {"running_jobs", jobs_.running()}});
    log_.warning("host-restarting", {{"why", "a job asked for it"}});
    const auto trusted = [&]() -> Result<> {
        const sys::Fd file(::open(program_.c_str(), O_PATH | O_CLOEXEC));
        if (!file) return sys::fail_errno(program_);
        return sys::require_roots_file(file, program_);
    }();
    if (!trusted) return failed(trusted.error().what);
    auto child = sandbox::Child::start(0, -1, [&] {
        ::setsid();
        const sys::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        ::dup2(null.get(), STDIN_FILENO);
        std::string program = program_;
        std::string word = "reboot";
        char* const arguments[] = {program.data(), word.data(), nullptr};
        char* const environment[] = {nullptr};
        ::execve(program.c_str(), arguments, environment);
    });
    if (!child) return failed(child.error().what);
    child_.emplace(*std::move(child));
    log_.check(loop_.watch(child_->pidfd().get(), EPOLLIN, [this](std::uint32_t) { on_answer(); }),
               "reboot-failed");
}

void Reboot::on_answer() {
    loop_.forget(child_->pidfd().get());
    const int status = child_->reap().status;
    child_.reset();
    if (status != 0) {
        return failed(program_ + " reboot: " +
                      (WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                         : "signal " + std::to_string(WTERMSIG(status))));
    }
    timer_ = loop_.after(patience_.to_go_down, [this] { failed("the host is still up"); });
}

// Gives the request up: jobs are refused while it is pending, so it is not tried again.
void Reboot::failed(const std::string& why) {
    log_.error("reboot-failed", {{"why", why}});
    records::note(audit_, log_, "reboot-failed", {{"why", why}});
    log_.check(state_.remove_file(kFile), "reboot-request-failed");
    asked_.reset();
    going_ = false;
    jobs_.give_up_waiting("the host did not restart: " + why);
}

}  // namespace bulkhead::broker
