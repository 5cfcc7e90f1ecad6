// OsRelease: name and version of the distribution, from os-release(5).
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::worker {

struct OsRelease {
    std::string id = "linux";
    std::string name = "Linux";
    std::string pretty_name = "Linux";
    std::string version;     // VERSION, "12 (bookworm)"
    std::string version_id;  // "12"
};

// Parses the subset of shell that os-release(5) describes: NAME=value, the value bare or in single
// or double quotes; a later line overrides an earlier one. Lines of another form are ignored;
// nothing is evaluated.
OsRelease parse_os_release(std::string_view text);

}  // namespace bulkhead::worker
