// BundleRefusal: why a bundle is not used.
#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace bulkhead::worker {

// Stable codes, as backends and logs get them.
inline constexpr std::string_view kBundleUnreadable = "bundle-unreadable";  // damaged, another form
inline constexpr std::string_view kBundleUnsafe =
    "bundle-unsafe";  // what no packer writes into one
inline constexpr std::string_view kBundleTooLarge = "bundle-too-large";
inline constexpr std::string_view kBundleIncomplete = "bundle-incomplete";  // no object in it

struct BundleRefusal {
    std::string_view code;
    std::string detail;  // for people; bounded, and foreign text in it is quoted()
};

template <class T = void>
using Unpacked = std::expected<T, BundleRefusal>;

inline std::unexpected<BundleRefusal> refuse(std::string_view code, std::string detail) {
    return std::unexpected(BundleRefusal{.code = code, .detail = std::move(detail)});
}

}  // namespace bulkhead::worker
