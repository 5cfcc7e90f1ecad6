#include "common/audit/log_files.hpp"

#include <fcntl.h>

#include <cerrno>

namespace bulkhead::records {

namespace {

constexpr int kOldest = 100;

}  // namespace

std::string rotated_name(int number) {
    return std::string(kAuditLog) + "." + std::to_string(number);
}

Result<std::vector<std::string>> list_audit_set(const sys::Dir& dir) {
    std::vector<std::string> names;
    for (int number = kOldest; number >= 0; --number) {
        auto name = number == 0 ? std::string(kAuditLog) : rotated_name(number);
        const auto file = dir.open_regular(name, O_RDONLY);
        if (file) names.push_back(std::move(name));
        if (!file && file.error().code != ENOENT) return std::unexpected(file.error());
    }
    return names;
}

Result<std::vector<sys::Fd>> open_audit_set(const sys::Dir& dir) {
    std::vector<sys::Fd> files;
    for (const auto& name : TRY(list_audit_set(dir))) {
        files.push_back(TRY(dir.open_regular(name, O_RDONLY)));
    }
    return files;
}

}  // namespace bulkhead::records
