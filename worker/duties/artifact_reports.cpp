#include "worker/duties/artifact_reports.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMostWaiting = 256;

}  // namespace

void ArtifactReports::tell(const ArtifactReport& report) {
    if (!waiting_.contains(report.id) && waiting_.size() >= kMostWaiting) return;
    waiting_.insert_or_assign(report.id, report);
    send();
}

void ArtifactReports::stop() {
    stopped_ = true;
    context_.loop.cancel(timer_);
}

void ArtifactReports::send() {
    if (stopped_ || sending_ || waiting_.empty()) return;
    auto at = waiting_.upper_bound(last_);
    if (at == waiting_.end()) at = waiting_.begin();
    const auto report = at->second;
    auto exchange = dialect_.report(context_.identity, report);
    if (!exchange) return waiting_.clear();
    waiting_.erase(at);
    last_ = report.id;
    sending_ = true;
    perform<void>(context_.client, *std::move(exchange),
                  [this, report](const Answer<>& answer) { on_answer(report, answer); });
}

void ArtifactReports::on_answer(const ArtifactReport& sent, const Answer<>& answer) {
    if (answer) {
        backoff_.succeeded();
        trouble_.clear();
        sending_ = false;
        return send();
    }
    const auto& failure = answer.error();
    if (trouble_.failed(failure.text)) {
        context_.log.warning("artifact-report-failed",
                             {{"artifact", sent.id}, {"why", failure.text}});
    }
    using enum Failure::Kind;
    const bool dropped = failure.kind == refused || failure.kind == unknown_job;
    if (!dropped) waiting_.try_emplace(sent.id, sent);  // a newer one may have come
    timer_ = context_.loop.after(backoff_.next(failure.retry_after), [this] {
        sending_ = false;
        send();
    });
}

}  // namespace bulkhead::worker
