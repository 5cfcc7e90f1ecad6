// A signed script: ordinary bash whose tail is a comment block with manifest and signatures.
//
//   ...the script...
//   #--bulkhead-approval-v1--
//   #m bulkhead-job v1
//   #m ...
//   #s -----BEGIN SSH SIGNATURE-----
//   #s ...
//
// What is signed is the script: every byte before the marker line. Worker, dry run and `bulkhead
// seal` take the tail apart or put it on; the broker only sees the three parts.
#pragma once
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::string_view kTailMarker = "#--bulkhead-approval-v1--";

struct SignedScript {
    std::string_view script;  // of the text that was split
    bool has_tail = false;
    std::string manifest;
    std::string signatures;  // empty: a manifest alone, as pinned jobs may carry it
};

// Text without a marker line is a bare script, whatever bytes it holds. With one, the marker and
// all that follows must be a tail; errors read "line 12: ...".
Result<SignedScript> split_signed_script(std::string_view text);

// The inverse. The script must end with LF and hold no marker line; manifest and signatures consist
// of whole lines.
Result<std::string> join_signed_script(std::string_view script, std::string_view manifest,
                                       std::string_view signatures);

}  // namespace bulkhead::approval
