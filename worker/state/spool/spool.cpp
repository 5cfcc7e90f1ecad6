#include "worker/state/spool/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kLeastJobBytes = 1_MiB;
// As many as the broker keeps unreported (protocol::kMaxUnreported); each takes four descriptors.
constexpr std::size_t kMostJobs = 32;
constexpr std::size_t kMostProblems = 50;  // that are logged

std::string name_of(JobNumber number) { return std::to_string(number.value); }

// A file system without FALLOC_FL_PUNCH_HOLE (fallocate(2)) is an error at start and not only when
// the disk is full.
Result<> require_punching(const sys::Dir& dir) {
    constexpr std::string_view kProbe = "probe";
    TRY(remove_any(dir, kProbe));
    auto probe = TRY(StreamFile::create(dir, kProbe));
    const auto punched = probe.punch(0, 64_KiB);
    TRY(dir.remove_file(kProbe));
    return punched;
}

}  // namespace

Result<Spool> Spool::open(const sys::Dir& state, SpoolLimits limits) {
    if (limits.job_bytes < kLeastJobBytes || limits.total_bytes < limits.job_bytes) {
        return fail("spool: at least 1 MiB a job, and in total no less than one job's");
    }
    Removed removed;
    Spool spool(TRY(own_dir(state, "spool", removed)));
    for (auto& sentence : removed.sentences()) spool.problems_.push_back({std::move(sentence)});
    spool.shared_->limits = limits;
    TRY(within("spool", require_punching(spool.dir_)));
    const auto numbers = spool.numbers();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto resumed =
            i < kMostJobs ? spool.resume(numbers[i]) : fail("one of too many jobs, passed over");
        if (!resumed) spool.note(name_of(numbers[i]), resumed.error());
    }
    return spool;
}

void Spool::note(const std::string& name, Error problem) {
    auto whole = within("spool/" + quoted(name, 40), std::move(problem));
    if (problems_.size() < kMostProblems) problems_.push_back(std::move(whole).error());
}

// Newest first. Entries that cannot be the directory of a job are removed.
std::vector<JobNumber> Spool::numbers() {
    std::vector<JobNumber> numbers;
    const auto names = dir_.list();
    if (!names) note(".", names.error());
    for (const auto& name : names.value_or(std::vector<std::string>{})) {
        const auto number = parse_number<std::uint64_t>(name);
        const bool fits = number && name_of(JobNumber{*number}) == name;
        struct stat info {};
        if (fits && ::fstatat(dir_.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(info.st_mode)) {
            numbers.push_back(JobNumber{*number});
            continue;
        }
        const auto gone = remove_any(dir_, name);
        note(name, gone ? Error{"not a job's, removed"} : gone.error());
    }
    std::ranges::sort(numbers, std::greater());
    return numbers;
}

Result<> Spool::resume(JobNumber number) {
    const auto name = name_of(number);
    auto job = SpoolJob::resume(TRY(dir_.open_dir(name)), number, shared_);
    // A worker died while it made this directory, so no output was read yet.
    if (!job && job.error().kind == Error::Kind::unfinished) return remove_any(dir_, name);
    jobs_.emplace(number, TRY(std::move(job)));
    return {};
}

Result<SpoolJob*> Spool::create(JobNumber number, SpoolLabel label) {
    const auto name = name_of(number);
    if (find(number) != nullptr) return fail("spool/" + name + ": exists");
    auto made = [&]() -> Result<std::unique_ptr<SpoolJob>> {
        // A directory that open() could not use held output.
        const bool unusable = dir_.open_dir(name).has_value();
        TRY(remove_any(dir_, name));
        const auto dir = TRY(dir_.make_dir(name, 0700));
        auto job = TRY(SpoolJob::create(dir, number, std::move(label), shared_));
        for (const auto which : {Output::out, Output::err}) {
            if (unusable) TRY(job->note_lost(which));
        }
        return job;
    }();
    if (!made) {
        // Removes the incomplete directory; if that fails, too, open() removes it later.
        static_cast<void>(remove_any(dir_, name));
        return within("spool/" + name, std::move(made).error());
    }
    return jobs_.emplace(number, *std::move(made)).first->second.get();
}

SpoolJob* Spool::find(JobNumber number) const {
    const auto found = jobs_.find(number);
    return found == jobs_.end() ? nullptr : found->second.get();
}

std::vector<SpoolJob*> Spool::jobs() const {
    std::vector<SpoolJob*> all;
    for (const auto& [number, job] : jobs_) all.push_back(job.get());
    return all;
}

Result<> Spool::remove(JobNumber number) {
    jobs_.erase(number);
    const auto name = name_of(number);
    // The meta file goes first: if this is interrupted, open() takes the rest for an unfinished
    // creation.
    if (const auto dir = dir_.open_dir(name)) static_cast<void>(dir->remove_file(SpoolJob::kMeta));
    return remove_any(dir_, name);
}

Result<> Spool::keep_only(const std::vector<JobNumber>& jobs) {
    for (const auto number : numbers()) {
        if (std::ranges::count(jobs, number) == 0) TRY(remove(number));
    }
    return {};
}

}  // namespace bulkhead::worker
