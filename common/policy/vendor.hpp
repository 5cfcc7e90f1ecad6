// The vendor's policy: the files that the package installs beside the programs for their version,
// and the digests of the files that earlier releases shipped.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::policy {

// The number of "policy-format" that this version writes. It reads this format and those before.
inline constexpr unsigned kFormat = 2;

struct Vendor {
    unsigned format = 0;
    std::string version;
};
Result<Vendor> parse_vendor(const std::string& file, const Text& text);

// The release that shipped a file, by the file's path and its SHA-256 in hex.
using Shipped = std::map<std::pair<std::string, std::string>, std::string>;
// Parses lines "SHA256  RELEASE  PATH".
Result<Shipped> parse_shipped(const std::string& file, std::string_view text);

// As read(), and an error unless vendor.policy in the directory names this program's version.
Result<Files> read_vendor(const std::string& directory, Trust trust);
// The path of the vendor's directory: `installed`, relative to the running program's directory; or,
// for a program in a build tree, where the build puts it.
std::string vendor_directory(std::string_view installed);

}  // namespace bulkhead::policy
