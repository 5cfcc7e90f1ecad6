#include "worker/state/spool/spool_job.hpp"

#include <algorithm>
#include <cerrno>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kCheckpoint = "checkpoint";
constexpr std::array<std::string_view, 2> kStreams = {"stdout", "stderr"};
constexpr std::array kBoth = {Output::out, Output::err};

constexpr std::uint64_t kMetaSlot = 16_KiB;
constexpr std::uint64_t kCheckpointSlot = 4_KiB;

constexpr std::uint64_t kReadBudget = 1_MiB;  // read at once, before the event loop serves others
constexpr std::size_t kHashBuffer = 64_KiB;
constexpr std::uint64_t kLeastRoom = 64_KiB;      // with less room the spool counts as full
constexpr std::uint64_t kReserve = 256_KiB;       // each job may have this much waiting
constexpr std::uint64_t kMostUnpunched = 32_MiB;  // released at once, with one fdatasync(2)

void put_text(ByteWriter& writer, std::string_view text) {
    writer.integer(static_cast<std::uint32_t>(text.size()));
    writer.put(as_bytes(text));
}

Result<std::string> take_text(ByteReader& reader) {
    const auto size = TRY(reader.integer<std::uint32_t>());
    return std::string(as_text(TRY(reader.take(size))));
}

}  // namespace

bool is_disk_full(const Error& error) { return error.code == ENOSPC || error.code == EDQUOT; }

SpoolJob::SpoolJob(JobNumber number, std::shared_ptr<SpoolShared> shared, AtomicRecord meta,
                   AtomicRecord checkpoint, std::array<Stream, 2> streams)
    : number_(number),
      shared_(std::move(shared)),
      meta_(std::move(meta)),
      checkpoint_(std::move(checkpoint)),
      streams_(std::move(streams)) {}

Result<std::unique_ptr<SpoolJob>> SpoolJob::create(const sys::Dir& dir, JobNumber number,
                                                   SpoolLabel label,
                                                   std::shared_ptr<SpoolShared> shared) {
    auto checkpoint = TRY(AtomicRecord::create(dir, kCheckpoint, kCheckpointSlot));
    auto out = TRY(StreamFile::create(dir, kStreams[0]));
    auto err = TRY(StreamFile::create(dir, kStreams[1]));
    auto meta = TRY(AtomicRecord::create(dir, kMeta, kMetaSlot));
    std::unique_ptr<SpoolJob> job(new SpoolJob(number, std::move(shared), std::move(meta),
                                               std::move(checkpoint),
                                               {Stream{std::move(out)}, Stream{std::move(err)}}));
    job->label_ = std::move(label);
    TRY(job->store_meta());  // last: a directory without it is a creation that never finished
    return job;
}

Result<std::unique_ptr<SpoolJob>> SpoolJob::resume(const sys::Dir& dir, JobNumber number,
                                                   std::shared_ptr<SpoolShared> shared) {
    auto meta = AtomicRecord::open(dir, kMeta, kMetaSlot);
    const bool finished = meta && !meta->record().empty();
    if (!finished && (meta || meta.error().code == ENOENT))
        return fail("unfinished", Error::Kind::unfinished);
    auto checkpoint = TRY(AtomicRecord::open(dir, kCheckpoint, kCheckpointSlot));
    auto out = TRY(StreamFile::open(dir, kStreams[0]));
    auto err = TRY(StreamFile::open(dir, kStreams[1]));
    std::unique_ptr<SpoolJob> job(new SpoolJob(number, std::move(shared), TRY(std::move(meta)),
                                               std::move(checkpoint),
                                               {Stream{std::move(out)}, Stream{std::move(err)}}));
    TRY(within(kMeta, job->load_meta()));
    TRY(within(kCheckpoint, job->restore()));
    return job;
}

// Without a checkpoint nothing was released yet, and everything is hashed from the beginning.
// Released blocks are taken to be still allocated: a release may have been interrupted, and the
// next one repeats it.
Result<> SpoolJob::restore() {
    if (!checkpoint_.record().empty()) {
        ByteReader reader(checkpoint_.record());
        for (auto& stream : streams_) stream.state = TRY(read_state(reader));
        TRY(reader.finish());
    }
    for (const auto& stream : streams_) {
        const auto received = stream.state.retained.received;
        shared_->unrecorded += stream.file.size() - std::min(stream.file.size(), received);
    }
    // Hashing it would take longer than the broker waits for Hello. A checkpoint is written every
    // kReadBudget bytes, so this is no file of ours.
    if (shared_->unrecorded > 2 * shared_->limits.total_bytes) {
        return fail("holds more output than any record tells of");
    }
    for (const auto which : kBoth) TRY(hash_new_bytes(which));
    count_owed();
    return {};
}

Result<Taken> SpoolJob::take(Output which, const sys::Fd& pipe) {
    if (ended(which)) return Taken{.stop = Taken::Stop::end};
    Taken taken;
    const auto stop = fill(which, pipe, taken.bytes);
    if (!stop && !is_disk_full(stop.error())) return std::unexpected(stop.error());
    taken.stop = stop.value_or(Taken::Stop::disk);
    return taken;
}

Result<Taken::Stop> SpoolJob::fill(Output which, const sys::Fd& pipe, std::uint64_t& bytes) {
    TRY(catch_up());
    auto& stream = at(which);
    // The host crashed before the file was on disk, and the job ended with it.
    if (stream.file.size() < stream.state.retained.received) return Taken::Stop::end;

    auto stop = Taken::Stop::budget_spent;
    while (bytes < kReadBudget) {
        if (room() < kLeastRoom) {
            stop = Taken::Stop::quota;
            break;
        }
        const auto moved = stream.file.append_from(pipe, std::min(room(), kReadBudget - bytes));
        if (moved && *moved > 0) {
            bytes += *moved;
            TRY(hash_new_bytes(which));
        } else if (moved || moved.error().code == EAGAIN || moved.error().code == EFBIG) {
            // EFBIG: the file has the largest size that RLIMIT_FSIZE or the file system allows.
            const bool later = !moved && moved.error().code == EAGAIN;
            stop = later ? Taken::Stop::empty : Taken::Stop::end;
            if (moved) {
                stream.state.eof = true;
            } else if (!later) {
                stream.state.lost = true;
            }
            dirty_ = dirty_ || !later;
            break;
        } else if (is_disk_full(moved.error())) {
            stop = Taken::Stop::disk;
            break;
        } else {
            return std::unexpected(moved.error());
        }
    }
    TRY(catch_up());
    if (stop == Taken::Stop::disk) TRY(release());
    TRY(release_in_batches());
    return stop;
}

Result<> SpoolJob::take_over(Output which, bool has_pipe, unsigned run) {
    auto& state = at(which).state;
    if (state.ended || run == (state.second_run ? 2U : 1U)) return {};
    if (has_pipe) {
        state.lost = state.lost || !state.eof;
        state.second_run = true;
    }
    state.eof = false;
    return save_checkpoint();
}

Result<> SpoolJob::note_lost(Output which) {
    at(which).state.lost = true;
    return save_checkpoint();
}

Result<> SpoolJob::note_refused(Output which) {
    at(which).state.refused = true;
    return save_checkpoint();
}

Result<> SpoolJob::end(Output which) {
    at(which).state.ended = true;
    return save_checkpoint();
}

// Hashes the bytes that were appended to the file since the last call.
Result<> SpoolJob::hash_new_bytes(Output which) {
    auto& stream = at(which);
    auto& other = at(which == Output::out ? Output::err : Output::out);
    shared_->buffer.resize(kHashBuffer);  // not before a job has output
    while (stream.state.retained.received < stream.file.size()) {
        const auto piece =
            TRY(stream.file.read_at(stream.state.retained.received, shared_->buffer));
        if (piece.empty()) return fail("output file shrank");
        stream.state.hash.update(piece);
        note_received(stream.state.retained, other.state.retained, piece.size(), label_.output_max);
        count_owed();
        dirty_ = true;
    }
    return {};
}

void SpoolJob::count_owed() {
    shared_->owed -= owed_;
    owed_ = streams_[0].state.owed() + streams_[1].state.owed();
    shared_->owed += owed_;
}

Result<> SpoolJob::write_checkpoint() {
    dirty_ = true;
    ByteWriter writer;
    for (const auto& stream : streams_) write_state(writer, stream.state);
    TRY(checkpoint_.store(writer.bytes()));
    dirty_ = false;
    return {};
}

// Hashes and records what an earlier failure has left unhashed or unrecorded.
Result<> SpoolJob::catch_up() {
    for (const auto which : kBoth) TRY(hash_new_bytes(which));
    return dirty_ ? write_checkpoint() : Result<>{};
}

// A change in memory is in force at once; on a full disk it is written after the next read.
Result<> SpoolJob::save_checkpoint() {
    dirty_ = true;
    auto kept = catch_up();
    if (kept) kept = release_in_batches();
    return kept || is_disk_full(kept.error()) ? Result<>{} : kept;
}

std::uint64_t SpoolJob::room() const {
    const auto& limits = shared_->limits;
    const auto of_job = limits.job_bytes - std::min(owed_, limits.job_bytes);
    const auto of_total = limits.total_bytes - std::min(shared_->owed, limits.total_bytes);
    const auto reserve = kReserve - std::min(owed_, kReserve);
    return std::min(of_job, std::max(of_total, reserve));
}

std::uint64_t SpoolJob::releasable() const {
    std::uint64_t bytes = 0;
    for (const auto& stream : streams_) {
        bytes += stream.state.done() - stream.head_punched;
        bytes += stream.state.retained.tail_start - stream.gap_begin();
    }
    return bytes;
}

Result<> SpoolJob::release_in_batches() {
    const auto batch = std::min(shared_->limits.job_bytes / 2, kMostUnpunched);
    return releasable() < batch ? Result<>{} : release();
}

// The checkpoint is synced first: after a crash of the host no older checkpoint may appear that
// needs bytes which are gone.
Result<> SpoolJob::release() {
    if (releasable() == 0) return {};
    for (auto& stream : streams_) stream.state.released = stream.state.done();
    TRY(write_checkpoint());
    TRY(checkpoint_.sync());
    for (auto& stream : streams_) {
        TRY(stream.file.punch(stream.head_punched, stream.state.released));
        stream.head_punched = stream.state.released;
        TRY(stream.file.punch(stream.gap_begin(), stream.state.retained.tail_start));
        stream.gap_punched = stream.state.retained.tail_start;
    }
    return {};
}

std::optional<Chunk> SpoolJob::next_chunk(Output which, std::uint64_t max) const {
    return at(which).state.next_chunk(at(which).file.size(), both_ended(), max);
}

Result<std::string> SpoolJob::read(Output which, const Chunk& chunk) const {
    std::string text(chunk.length, '\0');
    auto rest = std::as_writable_bytes(std::span(text));
    while (!rest.empty()) {
        const auto offset = chunk.offset + chunk.length - rest.size();
        const auto piece = TRY(at(which).file.read_at(offset, rest));
        if (piece.empty()) return fail("output file shrank");
        rest = rest.subspan(piece.size());
    }
    return text;
}

Result<> SpoolJob::acknowledge(Output which, std::uint64_t next_offset) {
    auto& stream = at(which);
    if (next_offset > stream.state.offered(stream.file.size(), both_ended())) {
        return fail("the backend acknowledges bytes that it was never sent",
                    Error::Kind::never_sent);
    }
    if (next_offset == stream.state.acked) return {};
    stream.state.acked = next_offset;
    count_owed();
    return save_checkpoint();
}

bool SpoolJob::delivered() const {
    return both_ended() && !next_chunk(Output::out, 1) && !next_chunk(Output::err, 1);
}

OutputTotals SpoolJob::totals(Output which) const {
    const auto& stream = at(which);
    return {.bytes = stream.state.retained.received,
            .sha256 = stream.state.hash.digest(),
            .dropped = stream.state.dropped(stream.file.size()),
            .incomplete = stream.state.incomplete(stream.file.size()),
            .refused = stream.state.refused};
}

Result<> SpoolJob::store_meta() {
    ByteWriter writer;
    put_text(writer, label_.backend);
    put_text(writer, label_.delivery_id.value);
    put_text(writer, label_.job_id.value);
    writer.integer(label_.output_max);
    return within(kMeta, meta_.store(writer.bytes()));
}

Result<> SpoolJob::load_meta() {
    ByteReader reader(meta_.record());
    label_.backend = TRY(take_text(reader));
    label_.delivery_id.value = TRY(take_text(reader));
    label_.job_id.value = TRY(take_text(reader));
    label_.output_max = TRY(reader.integer<std::uint64_t>());
    return reader.finish();
}

}  // namespace bulkhead::worker
