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
