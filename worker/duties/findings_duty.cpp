#include "worker/duties/findings_duty.hpp"

#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::worker {

void FindingsDuty::start() {
    if (std::exchange(started_, true)) return;
    if (!context_.serves()) return schedule({});
    schedule(first_phase(settings_.interval, context_.random));
}

void FindingsDuty::stop() { context_.loop.cancel(timer_); }

void FindingsDuty::scan() {
    const auto findings =
        scan_all({.host = host_,
                  .settings = settings_,
                  .now = context_.now(),
                  .file_systems = [this] { return broker_.file_systems(settings_.mounts); },
                  .disk = disk_});
    if (!findings) return context_.fatal(findings.error());
    if (findings->empty() && !dialect_.takes_whole_set()) return on_answer({}, 0);
    perform<void>(
        context_.client, dialect_.findings(context_.identity, system_, *findings),
        [this, count = findings->size()](const Answer<>& answer) { on_answer(answer, count); });
}

void FindingsDuty::on_answer(const Answer<>& answer, std::size_t count) {
    std::chrono::milliseconds delay = settings_.interval;
    if (answer) {
        backoff_.succeeded();
        if (accepted_ != count) {
            context_.log.info("findings-reported", {{"count", count}});
        }
        accepted_ = count;
        trouble_.clear();
    } else {
        const auto& failure = answer.error();
        if (trouble_.failed(failure.text)) {
            context_.log.warning("findings-failed", {{"why", failure.text}});
        }
        // After a failure that may pass the next scan is soon; after a refusal at the usual
        // interval.
        if (failure.kind == Failure::Kind::retry) {
            const auto soon = backoff_.next(failure.retry_after);
            delay = failure.retry_after ? soon : std::min(delay, soon);
        }
    }
    if (!context_.serves()) return finished_(answer.has_value());
    schedule(delay);
}

void FindingsDuty::describe(JsonWriter& json) const {
    json.put_known("findings", accepted_);
    if (trouble_.stands()) json.put("findings_trouble", trouble_.why());
}

void FindingsDuty::schedule(std::chrono::milliseconds delay) {
    context_.loop.cancel(timer_);
    timer_ = context_.loop.after(delay, [this] { scan(); });
}

}  // namespace bulkhead::worker
