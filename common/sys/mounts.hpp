// /proc/PID/mountinfo, proc(5).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::sys {

// A line of mountinfo. Names as the kernel escapes them: without blanks, never empty.
struct Mount {
    std::string_view id, device, place, options, type, super_options;
};
// Views of `mountinfo`; what is no such line is passed over.
std::vector<Mount> parse_mounts(std::string_view mountinfo);

// A name with its escapes (backslash and three octal digits) taken back.
std::string unescaped(std::string_view name);

}  // namespace bulkhead::sys
