#include "broker/jobs/pipe_store.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::uint8_t kMostRuns = 2;

// Names one stream of one run of one delivery: another ledger may count its jobs from 1 again.
std::string name_of(JobNumber number, const records::Start& start, std::uint8_t run,
                    std::string_view stream) {
    return "job-" + std::to_string(number.value) + "-" + std::to_string(run) + "-" +
           std::string(stream) + "-" + crypto::hex(start.delivery_digest).substr(0, 32);
}

bool is_read_end_of_pipe(const sys::Fd& fd) {
    struct statfs system {};
    const int flags = ::fcntl(fd.get(), F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY && ::fstatfs(fd.get(), &system) == 0 &&
           system.f_type == PIPEFS_MAGIC;
}

}  // namespace

// FDPOLL=0: systemd otherwise drops a pipe whose writer has ended, which is what a job does.
Result<> PipeStore::keep(JobNumber number, const records::Start& start, std::uint8_t run,
                         const sys::Fd& out, const sys::Fd& err) {
    const auto store = [&](std::string_view stream, const sys::Fd& fd) {
        return send_("FDSTORE=1\nFDPOLL=0\nFDNAME=" + name_of(number, start, run, stream), &fd);
    };
    TRY(store("out", out));
    return store("err", err);
}

sys::Fd PipeStore::take(const std::string& name) {
    const auto found = std::ranges::find(kept_, name, &Named::first);
    if (found == kept_.end() || !is_read_end_of_pipe(found->second)) return {};
    auto fd = std::move(found->second);
    kept_.erase(found);
    return sys::set_nonblocking(fd, true) ? std::move(fd) : sys::Fd();
}

PipeStore::Ends PipeStore::take(JobNumber number, const records::Start& start) {
    for (auto run = kMostRuns; run > 0; --run) {
        Ends ends{.runs = run,
                  .out = take(name_of(number, start, run, "out")),
                  .err = take(name_of(number, start, run, "err"))};
        if (ends.out || ends.err) return ends;
    }
    return {};
}

void PipeStore::forget(JobNumber number, const records::Start& start, std::uint8_t runs) {
    for (std::uint8_t run = 1; run <= std::max<std::uint8_t>(runs, 1); ++run) {
        for (const auto* stream : {"out", "err"}) remove(name_of(number, start, run, stream));
    }
}

void PipeStore::remove(std::string name) {
    unsent_.push_back(std::move(name));
    std::erase_if(unsent_, [this](const std::string& one) {
        return send_("FDSTOREREMOVE=1\nFDNAME=" + one, nullptr).has_value();
    });
}

void PipeStore::drop_rest(const sys::Log& log) {
    for (auto& [name, fd] : std::exchange(kept_, {})) {
        log.warning("descriptor-not-expected",
                    {{"name", quoted(name, 80)},
                     {"why", "no job of the ledger waits for it; it is closed"}});
        fd.reset();
        remove(std::move(name));
    }
}

}  // namespace bulkhead::broker
