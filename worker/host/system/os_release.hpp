// os-release(5): the distribution's own name for itself.
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

// A subset of shell: NAME=value, the value bare or in single or double quotes; a later line wins.
// Lines that are none of this are passed over, as the page demands, and never evaluated.
OsRelease parse_os_release(std::string_view text);

}  // namespace bulkhead::worker
