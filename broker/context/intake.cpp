#include "broker/context/intake.hpp"

#include <unistd.h>

#include <cerrno>

#include "common/base/backend_name.hpp"

namespace bulkhead::broker {

namespace {

std::string mark_of(std::string_view backend) {
    return std::string(Intake::kMark) + "." + std::string(backend);
}

bool stands(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0 || errno != ENOENT;
}

}  // namespace

bool Intake::suspended(std::string_view backend, records::Audit& audit) {
    auto& door = doors_[std::string(backend)];
    bool standing = door.unmarked || stands(directory_ + "/" + std::string(kMark));
    // Names of 0.1's jobs may be others than a file can have.
    if (is_backend_name(backend)) standing |= stands(directory_ + "/" + mark_of(backend));
    if (door.stood && !standing && !audit.event("intake-resumed", {{"backend", backend}})) {
        return true;
    }
    door.stood = standing;
    return standing;
}

Result<> Intake::suspend(std::string_view backend) {
    auto& door = doors_[std::string(backend)];
    door.stood = true;
    const auto marked = [&]() -> Result<> {
        return TRY(sys::Dir::open(directory_))
            .write_atomic(mark_of(backend), "too many protocol violations; bulkhead resume-jobs\n",
                          0600);
    }();
    door.unmarked = !marked;
    return marked;
}

}  // namespace bulkhead::broker
