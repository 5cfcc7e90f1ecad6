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
    // A moved-from or shortened string may have left bytes beyond its size, so the whole capacity
    // is cleared. The compiler does not remove a call of explicit_bzero(3).
    value_.resize(value_.capacity());
    explicit_bzero(value_.data(), value_.size());
    value_.clear();
}

}  // namespace bulkhead
