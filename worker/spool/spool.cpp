#include "worker/spool/spool.hpp"

#include <cerrno>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kHashBuffer = 64_KiB;
constexpr std::uint64_t kLeastJobBytes = 1_MiB;

std::string name_of(JobNumber number) { return std::to_string(number.value); }

// An old kernel or file system that cannot give back parts of a file is found out now and not when
// the disk is full.
Result<> require_punching(const sys::Dir& dir) {
    constexpr std::string_view kProbe = "probe";
    TRY(dir.remove_file(kProbe));
    auto probe = TRY(StreamFile::create(dir, kProbe));
    const auto punched = probe.punch(0, kHashBuffer);
    TRY(dir.remove_file(kProbe));
    return punched;
}

}  // namespace

Result<Spool> Spool::open(const sys::Dir& state, SpoolLimits limits) {
    if (limits.job_bytes < kLeastJobBytes || limits.total_bytes < limits.job_bytes) {
        return fail("spool: at least 1 MiB a job, and in total no less than one job's");
    }
    Spool spool(TRY(state.make_dir("spool", 0700)));
    spool.shared_->limits = limits;
    spool.shared_->buffer.resize(kHashBuffer);
    TRY(within("spool", require_punching(spool.dir_)));
    for (const auto& name : TRY(spool.dir_.list())) {
        if (auto resumed = spool.resume(name); !resumed) {
            auto problem = within("spool/" + name, std::move(resumed).error());
            spool.problems_.push_back(std::move(problem).error());
        }
    }
    return spool;
}

Result<> Spool::resume(const std::string& name) {
    const auto number = JobNumber{TRY(parse_number<std::uint64_t>(name))};
    if (name_of(number) != name) return fail("not a job's number");
    auto job = SpoolJob::resume(TRY(dir_.open_dir(name)), number, shared_);
    // A worker died while it made this directory, before the first byte of output.
    if (!job && job.error().kind == Error::Kind::unfinished) return dir_.remove_tree(name);
    jobs_.emplace(number, TRY(std::move(job)));
    return {};
}

Result<SpoolJob*> Spool::create(JobNumber number, SpoolLabel label) {
    const auto name = name_of(number);
    if (find(number) != nullptr) return fail("spool/" + name + ": exists");
    auto made = [&]() -> Result<std::unique_ptr<SpoolJob>> {
        TRY(dir_.remove_tree(name));  // what open() could not use
        const auto dir = TRY(dir_.make_dir(name, 0700));
        return SpoolJob::create(dir, number, std::move(label), shared_);
    }();
    if (!made) {
        // Nothing half made is left, unless the disk refuses even that.
        static_cast<void>(dir_.remove_tree(name));
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
    // First what makes it a job: if this is cut off, open() takes the rest for a job never made.
    if (const auto dir = dir_.open_dir(name)) TRY(dir->remove_file(SpoolJob::kMeta));
    return dir_.remove_tree(name);
}

}  // namespace bulkhead::worker
