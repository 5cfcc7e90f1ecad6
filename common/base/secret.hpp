// Secret: a credential whose memory is cleared on destruction. It has no conversion to a string, so
// no log line prints it by accident.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret& other) = default;
    Secret& operator=(const Secret& other);
    ~Secret() { wipe(); }

    // The only access to the bytes; a reviewer finds every use by this name.
    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

  private:
    void wipe();
    std::string value_;
};

}  // namespace bulkhead
