#include "common/base/secret.hpp"

#include <cstring>

namespace bulkhead {

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        value_ = std::move(other.value_);
        other.wipe();
    }
    return *this;
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe();
        value_ = other.value_;
    }
    return *this;
}

void Secret::wipe() {
    // Also what a moved-from or shortened string left beyond its size; explicit_bzero is never
    // optimised away (string(3)).
    value_.resize(value_.capacity());
    explicit_bzero(value_.data(), value_.size());
    value_.clear();
}

}  // namespace bulkhead
