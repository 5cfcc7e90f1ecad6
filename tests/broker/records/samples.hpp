// Starts and ends to put into a ledger.
#pragma once
#include "broker/records/history.hpp"

namespace bulkhead::records {

inline UnixTime utc(std::string_view text) { return parse_utc(text).value(); }
inline const UnixTime kNoon = utc("2026-11-22T12:00:00Z");

inline Start sample_start(std::uint64_t n, UnixTime started = kNoon,
                          std::chrono::seconds valid = std::chrono::hours(24 * 7)) {
    const auto tag = std::to_string(n);
    Start start;
    start.manifest = crypto::sha256(as_bytes("manifest " + tag));
    start.job_key = crypto::sha256(as_bytes("job-" + tag));
    start.delivery_digest = crypto::sha256(as_bytes("backend\ndelivery-" + tag));
    start.started = started;
    start.not_after = started + valid;
    start.output_max = 1'048'576;
    start.job_id.value = protocol::Name::clipped("job-" + tag);
    start.backend = BoundaryText<32>::clipped("backend");
    start.delivery_id.value = protocol::Label::clipped("delivery-" + tag);
    start.profile = protocol::Name::clipped("maintain");
    return start;
}

inline protocol::JobEnd sample_end(std::uint8_t exit_code = 0) {
    return {.outcome = protocol::JobOutcome::finished,
            .exit_code = exit_code,
            .reason = protocol::Code::clipped("ok"),
            .wall_ms = 1500,
            .cpu_us = 700'000,
            .max_rss_bytes = 9'000'000};
}

// A ledger file from records, as it would stand on disk.
inline std::string file_of(const std::vector<Record>& records) {
    std::string file;
    crypto::Digest chain{};
    for (const auto& record : records) file += as_text(encode(record, chain));
    return file;
}

inline Record clock_record(std::uint64_t next, UnixTime time) {
    return {.kind = Kind::clock, .number = JobNumber{next}, .time = time};
}
inline Record start_record(std::uint64_t n, UnixTime time = kNoon) {
    return {.kind = Kind::started,
            .number = JobNumber{n},
            .time = time,
            .start = sample_start(n, time)};
}
inline Record end_record(std::uint64_t n, UnixTime time = kNoon) {
    return {.kind = Kind::ended, .number = JobNumber{n}, .time = time, .end = sample_end()};
}
inline Record reported_record(std::uint64_t n, UnixTime time = kNoon) {
    return {.kind = Kind::reported, .number = JobNumber{n}, .time = time};
}

// A run of a repeatable job that is over: n starts a `period` (seconds).
inline Record repeated_record(std::uint64_t n, UnixTime time = kNoon, std::uint32_t period = 3600) {
    Record record{.kind = Kind::ran,
                  .number = JobNumber{n},
                  .time = time,
                  .start = sample_start(n, time, std::chrono::seconds(0))};
    record.start.period = period;
    return record;
}
inline Record ran_record(std::uint64_t n, UnixTime time = kNoon) {
    auto record = start_record(n, time);
    record.kind = Kind::ran;
    return record;
}
inline Record header_record(std::uint64_t next, const Header& header, UnixTime time = kNoon) {
    return {.kind = Kind::header, .number = JobNumber{next}, .time = time, .header = header};
}

inline Result<History> replay(std::string_view file) {
    History history;
    crypto::Digest chain{};
    TRY(each_record(as_bytes(file), chain,
                    [&](const Record& record) { return history.apply(record); }));
    return history;
}

// All that a history tells, to compare two of them.
inline std::string facts(const History& history) {
    std::string out = "next " + std::to_string(history.next().value) + " floor " +
                      format_utc(history.floor()) + " records " +
                      std::to_string(history.records()) + " of " + std::to_string(history.count()) +
                      "\n";
    if (history.header()) {
        const auto& header = *history.header();
        out += "host " + crypto::hex(header.host) + " born " + std::to_string(header.birth) +
               " memory " + std::to_string(header.memory) + (header.after_loss ? " lost" : "") +
               " serial " + std::to_string(header.policy_serial) + "\n";
    }
    for (const auto& run : history.runs()) {
        out += crypto::hex(run.manifest) + crypto::hex(run.job_key) +
               crypto::hex(run.delivery_digest) + format_utc(run.started) +
               format_utc(run.not_after) + std::to_string(run.period) + "\n";
    }
    for (const auto& [number, job] : history.open_jobs()) {
        out += "open " + std::to_string(number.value) + " " + job.start.job_id.value.str() + " " +
               job.start.delivery_id.value.str() + " " + job.start.profile.str();
        if (job.end) out += " ended " + std::to_string(job.end->exit_code) + job.end->reason.str();
        out += "\n";
    }
    return out;
}

}  // namespace bulkhead::records
