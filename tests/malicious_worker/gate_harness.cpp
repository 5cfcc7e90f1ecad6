#include "tests/malicious_worker/gate_harness.hpp"

#include <poll.h>

#include <filesystem>

#include "common/sys/clock.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/broker/records/samples.hpp"

namespace bulkhead::test {

using namespace std::chrono_literals;

Result<std::unique_ptr<GateHarness>> GateHarness::create(const std::string& policy) {
    std::unique_ptr<GateHarness> made(new GateHarness);
    auto& self = *made;
    // In memory: what a disk costs is not asked here.
    self.place_ = "/dev/shm/bulkhead-gate-XXXXXX";
    if (::mkdtemp(self.place_.data()) == nullptr) return sys::fail_errno(self.place_);
    self.dir_.emplace(TRY(sys::Dir::open(self.place_)));
    self.cgroups_.emplace(TRY(broker::CgroupTree::create("gate-" + std::to_string(::getpid()))));
    self.loop_.emplace(TRY(sys::Loop::create()));
    self.ledger_.emplace(TRY(records::Ledger::open(*self.dir_, sys::now())));
    self.audit_.emplace(TRY(records::Audit::open(*self.dir_, {.rotate_at = 1 << 20, .keep = 1})));
    self.evidence_.emplace(TRY(records::Evidence::open(*self.dir_)));
    self.jobs_.emplace(*self.loop_, *self.cgroups_, *self.ledger_, *self.audit_, self.log_,
                       [](JobNumber, const protocol::JobEnd&) {});
    self.worker_.emplace(TRY(broker::ConfinedProcess::spawn(sleeping_plan())));
    self.end_.emplace(worker_end(*self.worker_));
    TRY(sys::set_nonblocking(self.end_->descriptor(), true));
    self.context_.emplace(broker::Context{.policy = TRY(broker::ReadyPolicy::load(policy)),
                                          .ledger = *self.ledger_,
                                          .audit = *self.audit_,
                                          .evidence = *self.evidence_,
                                          .jobs = *self.jobs_,
                                          .log = self.log_,
                                          .intake = broker::Intake(self.place_),
                                          .missing = {},
                                          .policy_directory = policy});
    return made;
}

GateHarness::~GateHarness() {
    if (jobs_) {
        jobs_->stop_all("test-over");
        while (jobs_->running() > 0) turn();
    }
    std::error_code ignored;
    std::filesystem::remove_all(place_, ignored);
}

Result<> GateHarness::judge() {
    auto packet = TRY(worker_->channel().receive());
    if (!packet) return fail("the channel is at its end");
    const broker::Caller caller{backend_, files_, *worker_};
    return broker::dispatch<protocol::Requests>(*packet, gate_, caller, *context_);
}

Result<> GateHarness::wait_and_judge() {
    pollfd news{.fd = worker_->channel().fd(), .events = POLLIN, .revents = 0};
    if (::poll(&news, 1, 60'000) != 1) return fail("no packet came");
    return judge();
}

bool GateHarness::keep_a_job_running() {
    turn();
    if (jobs_->running() > 0) return false;
    const auto plan = broker::plan_of(broker::permissive(), "sleep 600");
    auto pipes = jobs_->prepare(plan);
    return pipes && jobs_->start(*std::move(pipes), plan,
                                 records::sample_start(++starts_, sys::now()), 600s);
}

void GateHarness::turn() { static_cast<void>(loop_->step(0ms)); }

}  // namespace bulkhead::test
