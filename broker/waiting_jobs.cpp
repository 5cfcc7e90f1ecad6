#include "broker/waiting_jobs.hpp"

#include <algorithm>
#include <utility>

#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

Result<> take_up_waiting_jobs(const KeptJobs& kept, Context& broker) {
    const auto waiting = broker.ledger.unended();
    for (const auto number : kept.list()) {
        if (std::ranges::count(waiting, number, &records::Unreported::number) > 0) continue;
        TRY(kept.remove(number));  // it has ended
    }
    for (const auto& job : waiting) {
        broker.jobs.wait(job);
        const auto one = kept.read(job.number);
        if (!one) {
            broker.jobs.give_up(job.number, one.error().what);
        } else if (one->boot.str() != broker.boot) {
            if (broker.none_in_force) continue;
            TRY(kept.remove(job.number));
            resume(*one, job, broker);
        } else if (!broker.reboot->pending()) {
            broker.jobs.give_up(job.number, "the agent was restarted, and not the host");
        }
    }
    return {};
}

bool resume_waiting_jobs(const KeptJobs& kept, Context& broker,
                         const std::function<void()>& replace_workers) {
    bool any = false;
    for (const auto& job : broker.ledger.unended()) {
        const auto one = kept.read(job.number);
        if (!one || one->boot.str() == broker.boot) continue;
        if (!broker.log.check(kept.remove(job.number), "job-forget-failed")) continue;
        if (!std::exchange(any, true)) replace_workers();
        resume(*one, job, broker);
    }
    return any;
}

void settle_orphan(JobNumber number, Context& broker) {
    if (!broker.jobs.has_ended(number)) return;
    const std::string backend(broker.jobs.backend_of(number));
    broker.log.warning("job-orphaned", {{"number", number.value}, {"backend", backend}});
    note(broker, "job-orphaned", {{"number", number.value}, {"backend", backend}});
    broker.jobs.acknowledge(number);
}

}  // namespace bulkhead::broker
