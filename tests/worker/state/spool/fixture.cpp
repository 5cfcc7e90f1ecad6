#include "tests/worker/state/spool/fixture.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace bulkhead::worker {

namespace {

std::uint64_t mixed(std::uint64_t seed, std::uint64_t index) {
    std::uint64_t z = seed * 0x9e3779b97f4a7c15ULL + index + 1;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void write_everything(std::uint64_t seed, std::array<std::uint64_t, 2> totals,
                      const std::array<sys::Fd, 2>& pipes) {
    std::mt19937_64 random(seed);
    std::array<std::uint64_t, 2> done{};
    while (done != totals) {
        const std::size_t which = random() % 2;
        const auto left = totals[which] - done[which];
        if (left == 0) continue;
        // Mostly lines, now and then a flood.
        const auto wanted = 1 + random() % (random() % 8 == 0 ? 200'000 : 300);
        const auto count = std::min(left, wanted);
        const auto piece = output_bytes(seed + which, done[which], done[which] + count);
        if (!sys::write_all(pipes[which], as_bytes(piece))) return;
        done[which] += count;
    }
}

}  // namespace

std::string output_bytes(std::uint64_t seed, std::uint64_t from, std::uint64_t to) {
    std::string text(to - from, '\0');
    for (auto at = from; at < to;) {
        const auto word = mixed(seed, at / 8);
        const auto count = std::min(to - at, 8 - at % 8);
        std::memcpy(text.data() + (at - from), reinterpret_cast<const char*>(&word) + at % 8,
                    count);
        at += count;
    }
    return text;
}

WritingJob::WritingJob(std::uint64_t seed, std::array<std::uint64_t, 2> totals) {
    std::array<sys::Fd, 2> write_ends;
    for (std::size_t i = 0; i < 2; ++i) {
        auto pipe = sys::make_pipe(1 << 20).value();
        read_ends_[i] = std::move(pipe.read);
        write_ends[i] = std::move(pipe.write);
    }
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::signal(SIGPIPE, SIG_IGN);
    for (auto& end : read_ends_) end.reset();
    write_everything(seed, totals, write_ends);
    ::_exit(0);
}

WritingJob::~WritingJob() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

std::uint64_t HeldStream::put(std::uint64_t offset, std::string_view data,
                              std::optional<std::uint64_t> skip_from) {
    if (skip_from && *skip_from <= next && next < offset) {
        hole_begin = next;
        hole_end = next = offset;
    }
    const auto end = offset + data.size();
    if (offset > next || end <= next || end > kRoom) return next;
    const auto fresh = data.substr(next - offset);
    std::ranges::copy(fresh, bytes.begin() + static_cast<std::ptrdiff_t>(next));
    return next = end;
}

std::string_view HeldStream::text(std::uint64_t from, std::uint64_t to) const {
    return std::string_view(bytes.data(), bytes.size()).substr(from, to - from);
}

Result<bool> upload(SpoolJob& job, Output which, HeldJob& held, std::uint64_t max) {
    const auto chunk = job.next_chunk(which, max);
    if (!chunk) return false;
    const auto data = TRY(job.read(which, *chunk));
    auto& stream = held.streams[static_cast<std::size_t>(which)];
    TRY(job.acknowledge(which, stream.put(chunk->offset, data, chunk->skip_from)));
    return true;
}

std::string what_is_wrong(const SpoolJob& job, const HeldJob& held, std::uint64_t seed,
                          std::array<std::uint64_t, 2> totals) {
    if (!job.delivered()) return "not delivered";
    std::uint64_t kept = 0;
    for (const auto which : {Output::out, Output::err}) {
        const auto index = static_cast<std::size_t>(which);
        const auto& stream = held.streams[index];
        const auto sum = job.totals(which);
        const auto whole = output_bytes(seed + index, 0, totals[index]);
        const auto name = index == 0 ? std::string("stdout: ") : std::string("stderr: ");
        if (sum.bytes != totals[index]) return name + "count " + std::to_string(sum.bytes);
        if (sum.sha256 != crypto::sha256(as_bytes(whole))) return name + "digest";
        const auto hole = stream.hole_end - stream.hole_begin;
        if (sum.dropped != hole) return name + "dropped " + std::to_string(sum.dropped);
        if (stream.next != totals[index]) return name + "held " + std::to_string(stream.next);
        const std::string_view expected = whole;
        if (stream.text(0, stream.hole_begin) != expected.substr(0, stream.hole_begin) ||
            stream.text(stream.hole_end, stream.next) != expected.substr(stream.hole_end)) {
            return name + "content";
        }
        kept += sum.bytes - sum.dropped;
    }
    const auto limit = std::min(totals[0] + totals[1], job.label().output_max);
    if (kept != limit) return "kept " + std::to_string(kept) + " of " + std::to_string(limit);
    return {};
}

}  // namespace bulkhead::worker
