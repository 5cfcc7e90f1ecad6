#include "broker/context/intake.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/backend_name.hpp"
#include "common/base/text.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::size_t kMaxText = 256;  // bytes of a mark that are told

std::string mark_of(std::string_view backend) {
    return std::string(Intake::kMark) + "." + std::string(backend);
}

bool stands(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0 || errno != ENOENT;
}

}  // namespace

bool Intake::suspended(std::string_view backend, records::Audit& audit) {
    auto& mark = marks_[std::string(backend)];
    bool standing = mark.unwritten || stands(directory_ + "/" + std::string(kMark));
    // The ledger may hold jobs of 0.1 whose backend's name cannot be part of a file name.
    if (is_backend_name(backend)) standing |= stands(directory_ + "/" + mark_of(backend));
    if (mark.stood && !standing && !audit.event("intake-resumed", {{"backend", backend}})) {
        return true;
    }
    mark.stood = standing;
    return standing;
}

void Intake::look(records::Audit& audit) {
    for (const auto& [backend, mark] : marks_) suspended(backend, audit);
}

std::vector<std::string> Intake::standing() const {
    std::vector<std::string> list;
    for (const auto& [backend, mark] : marks_) {
        if (mark.unwritten) list.push_back("jobs of " + backend + ": its mark cannot be written");
    }
    const auto dir = sys::Dir::open(directory_);
    const auto names = dir ? dir->list() : std::unexpected(dir.error());
    if (!names) list.push_back("marks cannot be looked for: " + names.error().what);
    for (const auto& name : names ? *names : std::vector<std::string>{}) {
        const bool of_one = name.starts_with(std::string(kMark) + ".");
        struct stat info {};
        if (name != kMark && !of_one) continue;
        if (::fstatat(dir->fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        const auto text = dir->read_file(name, kMaxText).value_or("");
        const auto whose = of_one ? "backend " + name.substr(kMark.size() + 1) : "all backends";
        list.push_back("jobs of " + whose + ", since " +
                       format_utc(UnixTime(std::chrono::seconds(info.st_mtim.tv_sec))) + ": " +
                       quoted(text.substr(0, text.find('\n')), kMaxText));
    }
    return list;
}

Result<> Intake::suspend(std::string_view backend) {
    auto& mark = marks_[std::string(backend)];
    mark.stood = true;
    const auto marked = [&]() -> Result<> {
        return TRY(sys::Dir::open(directory_))
            .write_atomic(mark_of(backend), "too many protocol violations; bulkhead resume-jobs\n",
                          0600);
    }();
    mark.unwritten = !marked;
    return marked;
}

}  // namespace bulkhead::broker
