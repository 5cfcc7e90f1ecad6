// The verdict of `bulkhead status`: the worse of what root has written and what workers say.
#pragma once
#include <string>
#include <vector>

#include "cli/status/ask.hpp"
#include "cli/status/root_file.hpp"

namespace bulkhead::cli {

struct Trouble {
    std::string code;
    std::string since;        // in UTC; empty if that is not known
    std::string why;          // and what to do
    std::string says;         // "root", "worker NAME", or "status": this program
    std::uint64_t tries = 0;  // of a duty: how many have failed in a row
};

struct Verdict {
    // The zero value claims nothing. Its numbers are no exit statuses.
    enum class Kind { unknown, healthy, trouble };
    Kind kind = Kind::unknown;
    std::string why;  // if it is unknown
    std::vector<Trouble> troubles;
};

inline constexpr std::size_t kMostTroubles = 16;  // that are taken from root, or from one worker
inline constexpr std::size_t kMostTold = 600;     // bytes of a text of theirs

// `workers` are the answers of those that have a socket.
Verdict judge(const RootFile& root, const std::vector<Asked>& workers);

// Of a worker's answer, what it says of its own backend; an error if it says nothing of it. With
// the name "" that is the first backend that it speaks of.
Result<StatusJson> own_entry(const Asked& one);

// A member that is text, cut to kMostTold bytes; else `otherwise`.
std::string text_of(const StatusJson& object, const char* name, const std::string& otherwise = "");
const StatusJson& member(const StatusJson& object, const char* name);
// A member of seconds since 1970 as UTC; empty if it is no such number.
std::string time_of(const StatusJson& object, const char* name);

}  // namespace bulkhead::cli
