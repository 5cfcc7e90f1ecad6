#include "worker/duties/job_report.hpp"

#include <sys/epoll.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "worker/backend/json/utf8.hpp"
#include "worker/duties/job_end.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;

constexpr std::array kOutputs{Output::out, Output::err};
constexpr auto kDiskFullWait = 1s;  // between tries; another process has to free space

std::size_t index(Output which) { return static_cast<std::size_t>(which); }

StreamSummary summary_of(const OutputTotals& totals) {
    return {.bytes = totals.bytes,
            .sha256 = crypto::hex(totals.sha256),
            .dropped = totals.dropped,
            .incomplete = totals.incomplete};
}

// Why the backend has not all that the job printed; the worst if there are several reasons.
std::string_view why_incomplete(const SpoolJob& spool) {
    const std::array totals{spool.totals(Output::out), spool.totals(Output::err)};
    if (std::ranges::any_of(totals, &OutputTotals::incomplete)) return kOutputLost;
    if (std::ranges::any_of(totals, &OutputTotals::refused)) return kOutputRefused;
    const bool cut = std::ranges::any_of(totals, [](const auto& one) { return one.dropped > 0; });
    return cut ? kOutputCut : "";
}

}  // namespace

bool is_repeatable(const Failure& failure) {
    return failure.kind == Failure::Kind::retry ||
           failure.kind == Failure::Kind::credential_rejected;
}

JobReport::JobReport(const JobRoute& route, JobNumber number, DeliveryId id, SpoolJob& spool,
                     JobPipes pipes, std::string rule, OnDone done)
    : route_(route),
      number_(number),
      id_(std::move(id)),
      spool_(spool),
      pipes_(std::move(pipes.ends)),
      run_(pipes.run),
      rule_(std::move(rule)),
      done_(std::move(done)),
      backoff_(route.context.random),
      pacing_(route.dialect.traits(), route.context.config.timeout) {}

JobReport::~JobReport() {
    if (request_) route_.context.client.cancel(*request_);
    route_.context.loop.cancel(pause_timer_);
    route_.context.loop.cancel(disk_timer_);
    for (const auto& pipe : pipes_) {
        if (pipe) route_.context.loop.forget(pipe.get());
    }
}

Result<> JobReport::start() {
    for (const auto which : kOutputs) {
        const auto& pipe = pipes_[index(which)];
        TRY(spool_.take_over(which, static_cast<bool>(pipe), run_));
        if (!pipe) continue;
        TRY(sys::set_nonblocking(pipe, true));
        watch_pipe(which);
    }
    return {};
}

void JobReport::job_ended(const protocol::JobEnd& end, std::string remarks) {
    end_ = end;
    remarks_ = std::move(remarks);
    for (const auto which : kOutputs) {
        if (!pipes_[index(which)]) end_stream(which);
    }
    send_next();
}

// --- from the pipes to the disk

void JobReport::watch_pipe(Output which) {
    const auto& context = route_.context;
    paused_pipes_[index(which)] = false;
    const auto watched = context.loop.watch(pipes_[index(which)].get(), EPOLLIN,
                                            [this, which](std::uint32_t) { read_pipe(which); });
    if (!watched) context.fatal(watched.error());
}

void JobReport::read_pipe(Output which) {
    const auto& context = route_.context;
    auto& pipe = pipes_[index(which)];
    const auto taken = spool_.take(which, pipe);
    if (!taken) return context.fatal(taken.error());
    switch (taken->stop) {
        case Taken::Stop::budget_spent:
        case Taken::Stop::empty:
            break;
        case Taken::Stop::end: {
            context.loop.forget(pipe.get());
            pipe.reset();
            // A stream does not end before its job: after a restart of the host the job may
            // continue with other pipes.
            if (end_) end_stream(which);
            break;
        }
        case Taken::Stop::disk:
            if (!trouble_.stands()) context.log.warning("disk-full", {{"delivery", id_.value}});
            trouble_.failed("the disk is full; the job waits");
            disk_full_ = true;
            context.loop.cancel(disk_timer_);
            disk_timer_ = context.loop.after(kDiskFullWait, [this] { resume_pipes(); });
            [[fallthrough]];
        case Taken::Stop::quota:  // the job blocks on the full pipe until output is acknowledged
            context.loop.forget(pipe.get());
            paused_pipes_[index(which)] = true;
            break;
    }
    send_next();
}

void JobReport::end_stream(Output which) {
    if (const auto ended = spool_.end(which); !ended) route_.context.fatal(ended.error());
}

void JobReport::resume_pipes() {
    for (const auto which : kOutputs) {
        if (paused_pipes_[index(which)]) watch_pipe(which);
    }
}

// --- from the disk to the backend

void JobReport::send_next() {
    if (discarding_) release_discarded_output();
    if (abandoned_ || !route_.open || request_ || pause_ == Pause::retry) return;
    if (!discarding_ && send_output()) return;
    if (end_ && spool_.both_ended()) send_result();
}

void JobReport::abandon() {
    if (request_) route_.context.client.cancel(*std::exchange(request_, std::nullopt));
    abandoned_ = discarding_ = true;
    send_next();
    resume_pipes();
}

// True if a chunk was sent, or waits for its time.
bool JobReport::send_output() {
    bool waits = false;
    const auto now = sys::Clock::now();
    for (const auto which : kOutputs) {
        const auto chunk = spool_.next_chunk(which, pacing_.max_chunk());
        if (!chunk || is_begun_character(which, *chunk)) continue;
        const bool last = end_ && spool_.both_ended();
        if (last && fits_into_result(*chunk)) continue;
        if (pacing_.may_send(now, chunk->length, last)) {
            send_chunk(which, *chunk);
            return true;
        }
        waits = true;
    }
    if (waits && pause_ == Pause::none) pause_for(Pause::flush, pacing_.time_until_flush(now));
    return waits;
}

void JobReport::send_chunk(Output which, const Chunk& chunk) {
    auto composed = compose_chunk(which, chunk);
    if (!composed) return route_.context.fatal(composed.error());
    const auto* text = std::get_if<std::string>(&composed->data);
    const auto begin = chunk.skip_from.value_or(chunk.offset);
    const auto end = chunk.offset + (text == nullptr ? chunk.length : text->size());
    pacing_.output_sent(sys::Clock::now(), chunk.length);
    request_ = perform<OutputReceipt>(
        route_.context.client, route_.dialect.output(route_.context.identity, *std::move(composed)),
        [this, which, begin, end](const Answer<OutputReceipt>& answer) {
            on_output_answer(which, begin, end, answer);
        });
}

Result<OutputChunk> JobReport::compose_chunk(Output which, const Chunk& chunk) const {
    OutputChunk out;
    out.delivery_id = id_;
    const bool merged = route_.dialect.traits().merged_output;
    out.stream = merged ? Stream::merged : which == Output::out ? Stream::stdout_ : Stream::stderr_;
    out.offset = chunk.offset;
    out.skip_from = chunk.skip_from;
    if (route_.dialect.traits().output_as_text) {
        auto text = TRY(spool_.read(which, chunk));
        // A UTF-8 sequence that the end of the chunk would cut is sent whole with the next chunk.
        // Nothing but such a sequence (whole is 0) is here where a hole follows it.
        const auto whole = whole_characters(text);
        if (whole > 0 && !ends_stream(which, chunk)) text.resize(whole);
        out.data = std::move(text);
    } else {
        out.data =
            FileRange{.fd = spool_.fd(which), .offset = chunk.offset, .length = chunk.length};
    }
    return out;
}

// `begin`: how much the backend had before this chunk. A backend without offsets has everything
// below `end` once it accepts the chunk.
void JobReport::on_output_answer(Output which, std::uint64_t begin, std::uint64_t end,
                                 const Answer<OutputReceipt>& answer) {
    request_.reset();
    if (!answer && is_repeatable(answer.error()))
        return retry_later("output-delayed", answer.error());
    if (answer) {
        const auto next = route_.dialect.traits().output_by_offset ? answer->next_offset : end;
        const auto kept = spool_.acknowledge(which, next);
        if (!kept && kept.error().kind != Error::Kind::never_sent) {
            return route_.context.fatal(kept.error());
        }
        if (kept && next <= begin)
            return retry_later("output-delayed", {.text = "the backend took none of it"});
        if (kept) {
            backoff_.succeeded();
            trouble_.clear();
            disk_full_ = false;
            pacing_.accepted(sys::Clock::now());
        } else {
            // It has more than this spool ever held: an earlier one is gone.
            if (const auto noted = spool_.note_lost(which); !noted) {
                return route_.context.fatal(noted.error());
            }
            discard_output(kept.error().what);
        }
    } else if (answer.error().kind != Failure::Kind::too_large || !pacing_.halve()) {
        if (const auto noted = spool_.note_refused(which); !noted) {
            return route_.context.fatal(noted.error());
        }
        discard_output(answer.error().text);
    }
    resume_pipes();
    send_next();
}

void JobReport::discard_output(const std::string& why) {
    route_.context.log.warning("output-discarded", {{"delivery", id_.value}, {"why", why}});
    discarding_ = true;
}

// The output is acknowledged unsent: the result still has to be reported, and a full spool would
// block the job.
void JobReport::release_discarded_output() {
    bool dropped = false;
    for (const auto which : kOutputs) {
        while (const auto chunk = spool_.next_chunk(which, 1_GiB)) {
            const auto kept = spool_.acknowledge(which, chunk->offset + chunk->length);
            if (!kept) return route_.context.fatal(kept.error());
            dropped = true;
        }
    }
    if (dropped) resume_pipes();
}

// True if the chunk is only the beginning of a UTF-8 character whose other bytes may yet come. It
// is then sent with them, or when the stream has ended.
bool JobReport::is_begun_character(Output which, const Chunk& chunk) const {
    constexpr std::uint64_t kMost = 3;  // bytes of a character that is not whole (RFC 3629)
    const bool newest = chunk.offset + chunk.length == spool_.totals(which).bytes;
    if (!route_.dialect.traits().output_as_text || chunk.length > kMost) return false;
    if (!newest || spool_.ended(which)) return false;
    const auto text = spool_.read(which, chunk);
    return text && whole_characters(*text) == 0;  // compose_chunk() meets the error again
}

bool JobReport::ends_stream(Output which, const Chunk& chunk) const {
    return spool_.ended(which) && chunk.offset + chunk.length == spool_.totals(which).bytes;
}

// --- the result

// Only an OutputChunk can say that octets before it were dropped (skip_from), so such a chunk is
// sent by itself.
bool JobReport::fits_into_result(const Chunk& chunk) const {
    return route_.dialect.traits().last_output_in_result && !chunk.skip_from &&
           ends_stream(Output::out, chunk);
}

void JobReport::send_result() {
    std::optional<Chunk> last;
    if (route_.dialect.traits().last_output_in_result && !discarding_) {
        last = spool_.next_chunk(Output::out, pacing_.max_chunk());
    }
    pacing_.result_sent(last ? last->length : 0);
    const auto result = compose_result(last);
    tell_incomplete(result);
    request_ =
        perform<void>(route_.context.client, route_.dialect.result(route_.context.identity, result),
                      [this](Answer<> answer) { on_result_answer(std::move(answer)); });
}

JobResult JobReport::compose_result(const std::optional<Chunk>& last) const {
    auto result = result_of(*end_);
    result.delivery_id = id_;
    result.rule = rule_;
    result.remarks = remarks_;
    result.out = summary_of(spool_.totals(Output::out));
    result.err = summary_of(spool_.totals(Output::err));
    result.incomplete = why_incomplete(spool_);
    if (last) result.last_output = spool_.read(Output::out, *last).value_or("");
    return result;
}

void JobReport::tell_incomplete(const JobResult& result) {
    if (result.incomplete.empty() || std::exchange(told_incomplete_, true)) return;
    route_.context.log.warning("job-output-incomplete",
                               {{"delivery", id_.value}, {"why", result.incomplete}});
}

void JobReport::on_result_answer(Answer<> answer) {
    request_.reset();
    if (!answer && is_repeatable(answer.error()))
        return retry_later("result-delayed", answer.error());
    // The output that was part of the result is now sent before it, in smaller chunks.
    if (!answer && answer.error().kind == Failure::Kind::too_large && pacing_.halve()) {
        return send_next();
    }
    if (!answer) {
        route_.context.log.warning("result-refused",
                                   {{"delivery", id_.value}, {"why", answer.error().text}});
    }
    done_();  // must be the last statement: it may destroy this object
}

// --- waiting

void JobReport::pause_for(Pause reason, std::chrono::milliseconds delay) {
    route_.context.loop.cancel(pause_timer_);
    pause_ = reason;
    pause_timer_ = route_.context.loop.after(delay, [this] {
        if (std::exchange(pause_, Pause::none) == Pause::flush) pacing_.flush();
        send_next();
    });
}

void JobReport::retry_later(sys::Event event, const Failure& failure) {
    const auto delay = backoff_.next(failure.retry_after);
    // The request may have timed out because the connection is too slow for its size.
    pacing_.halve();
    disk_full_ = false;
    if (trouble_.failed(failure.text)) {
        route_.context.log.warning(
            event,
            {{"delivery", id_.value}, {"why", failure.text}, {"next_try_ms", delay.count()}});
    }
    pause_for(Pause::retry, delay);
}

void JobReport::describe(JsonWriter& json) const {
    json.begin_object();
    json.put("number", number_.value)
        .put("delivery", id_.value)
        .put("job", spool_.label().job_id.value);
    json.put("state", std::string_view(end_ ? "reporting" : "running"));
    json.put("stdout_bytes", spool_.totals(Output::out).bytes);
    json.put("stderr_bytes", spool_.totals(Output::err).bytes);
    if (trouble_.stands()) json.put("trouble", trouble_.why());
    json.end();
}

void JobReport::tell(std::vector<Trouble>& all) const {
    std::vector<Trouble> own;
    trouble_.tell(own, "output");
    for (auto& one : own) {
        if (disk_full_) one.code = "spool-full";
        one.why = "delivery " + id_.value + ": " + one.why;
        all.push_back(std::move(one));
    }
}

}  // namespace bulkhead::worker
