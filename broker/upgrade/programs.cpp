#include "broker/upgrade/programs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "broker/reads/stamp.hpp"
#include "broker/records/written_by.hpp"

namespace bulkhead::broker {

namespace {

// What no write to the file changes.
std::string identity(const struct stat& info) {
    return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

std::string identity_at(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) ? identity(info) : "";
}

std::string identity_of(int fd) {
    struct stat info {};
    return fd >= 0 && ::fstat(fd, &info) == 0 ? identity(info) : "";
}

// The kernel adds the ending where the file has been replaced already.
std::string own_path() {
    constexpr std::string_view kGone = " (deleted)";
    std::error_code failed;
    auto path = std::filesystem::read_symlink("/proc/self/exe", failed).string();
    if (path.ends_with(kGone)) path.resize(path.size() - kGone.size());
    return path;
}

}  // namespace

Programs::Programs(const StartFiles& files, int worker, int loader)
    : files_{{own_path(), identity_at("/proc/self/exe")},
             {files.worker, identity_of(worker)},
             {files.loader, identity_of(loader)}},
      others_{files.config, files.state + "/broker/" + std::string(records::kWrittenByFile),
              "/etc/passwd", "/etc/group"},
      trees_{files.policy, files.vendor_policy} {}

bool Programs::replaced() const {
    return std::ranges::any_of(files_, [](const File& file) {
        const auto now = identity_at(file.path);
        return !now.empty() && now != file.stamp;
    });
}

std::string Programs::stamp() const {
    std::string all;
    for (const auto& file : files_) all += stamp_of(file.path) + "\n";
    for (const auto& path : others_) all += stamp_of(path) + "\n";
    for (const auto& directory : trees_) all += stamp_of_tree(directory) + "\n";
    return all;
}

}  // namespace bulkhead::broker
