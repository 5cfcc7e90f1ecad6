// Parses /proc/PID/mountinfo (proc(5)).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::sys {

// Fields of one line. Names are as the kernel escapes them, without blanks; `place` is the mount
// point, `device` is "major:minor".
struct Mount {
    std::string_view id, device, place, options, type, super_options;
};
// The fields are views of `mountinfo`. Lines of another form are skipped.
std::vector<Mount> parse_mounts(std::string_view mountinfo);

// `name` with each escape, a backslash and three octal digits, replaced by its byte.
std::string unescaped(std::string_view name);

}  // namespace bulkhead::sys
