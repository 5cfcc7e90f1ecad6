#include "worker/duties/findings_duty.hpp"

#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::worker {

void FindingsDuty::start() {
    if (std::exchange(started_, true)) return;
    if (services_.pass != Pass::serve) return schedule({});
    schedule(first_phase(services_.config.findings.interval, services_.random));
}

void FindingsDuty::stop() { services_.loop.cancel(timer_); }

void FindingsDuty::scan() {
    const auto findings =
        scan_all({.host = host_,
                  .settings = services_.config.findings,
                  .now = services_.now(),
                  .file_systems = [this] { return services_.broker.file_systems(); },
                  .disk = services_.disk});
    if (!findings) return services_.fatal(findings.error());
    if (findings->empty() && !dialect_.takes_whole_set()) return on_answer({}, 0);
    perform<void>(
        client_, dialect_.findings(identity_, services_.system, *findings),
        [this, count = findings->size()](const Answer<>& answer) { on_answer(answer, count); });
}

void FindingsDuty::on_answer(const Answer<>& answer, std::size_t count) {
    std::chrono::milliseconds delay = services_.config.findings.interval;
    if (answer) {
        backoff_.succeeded();
        if (accepted_ != count) {
            services_.log.info("findings",
                               {{"backend", config_.name}, {"count", std::to_string(count)}});
        }
        accepted_ = count;
        trouble_.clear();
    } else {
        const auto& failure = answer.error();
        if (failure.text != trouble_) {
            services_.log.warning("findings", {{"backend", config_.name}, {"why", failure.text}});
        }
        trouble_ = failure.text;
        // Soon again with what is found then; what was refused is tried at the usual pace.
        if (failure.kind == Failure::Kind::retry) {
            const auto soon = backoff_.next(failure.retry_after);
            delay = failure.retry_after ? soon : std::min(delay, soon);
        }
    }
    if (services_.pass != Pass::serve) return finished_(answer.has_value());
    schedule(delay);
}

void FindingsDuty::describe(JsonWriter& json) const {
    json.put_known("findings", accepted_);
    if (!trouble_.empty()) json.put("findings_trouble", trouble_);
}

void FindingsDuty::schedule(std::chrono::milliseconds delay) {
    services_.loop.cancel(timer_);
    timer_ = services_.loop.after(delay, [this] { scan(); });
}

}  // namespace bulkhead::worker
