// A signed script: a script that ends with a block of comments, its tail, which holds the manifest
// and the signatures.
//
//   ...the script...
//   #--bulkhead-approval-v1--
//   #m bulkhead-job v1
//   #m ...
//   #s -----BEGIN SSH SIGNATURE-----
//   #s ...
//
// The manifest has the digest of the script, which is every byte before the marker line. The worker
// and the programs of cli/ split and join the parts; the broker receives them as three descriptors.
#pragma once
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::string_view kTailMarker = "#--bulkhead-approval-v1--";

struct SignedScript {
    std::string_view script;  // a view of the text that was split
    bool has_tail = false;
    std::string manifest;
    std::string signatures;  // empty if the tail holds a manifest only
};

// Text without a marker line is a script without a tail, and may hold any bytes. With a marker
// line, everything from there on must be a tail of at most 64 KiB. An error reads "line 12: ...".
Result<SignedScript> split_signed_script(std::string_view text);

// The inverse of split_signed_script(). The script must end with LF and hold no marker line;
// manifest and signatures must consist of lines that end with LF alone.
Result<std::string> join_signed_script(std::string_view script, std::string_view manifest,
                                       std::string_view signatures);

}  // namespace bulkhead::approval
