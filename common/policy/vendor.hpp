// What the package lays down beside the programs: the policy of their version, and the digests of
// what releases before it shipped.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::policy {

inline constexpr unsigned kFormat = 1;  // of "policy-format"; this one and the one before are read

struct Vendor {
    unsigned format = 0;
    std::string version;
};
Result<Vendor> parse_vendor(const std::string& file, const Text& text);

// The releases by path and digest in hex.
using Shipped = std::map<std::pair<std::string, std::string>, std::string>;
// Lines "SHA256  RELEASE  PATH".
Result<Shipped> parse_shipped(const std::string& file, std::string_view text);

// A directory of another version than this program's is refused.
Result<Files> read_vendor(const std::string& directory, Trust trust);
// Where it lies: `installed` from the directory of the running program, or where a build puts it.
std::string vendor_directory(std::string_view installed);

}  // namespace bulkhead::policy
