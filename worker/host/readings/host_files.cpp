#include "worker/host/readings/host_files.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace bulkhead::worker {

std::string_view explain_read(std::string_view reason) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kReasons{{
        {"read-unknown", "reads.policy has no row of this name"},
        {"read-not-listed", "no row of reads.policy holds it"},
        {"read-absent", "there is no such file"},
        {"read-link", "a symlink is in the way, or leads further than its row allows"},
        {"read-not-roots",
         "the file or a directory above it is not root's, or others may write to it"},
        {"read-not-regular", "it is not a regular file"},
        {"read-not-public", "not everybody may read it, and its row is a pattern"},
        {"read-too-large", "it is larger than its row allows"},
        {"read-too-many", "more than 1,000 files match this row; the others are passed over"},
        {"read-failed", "it could not be read"},
    }};
    const auto* row =
        std::ranges::find(kReasons, reason, [](const auto& one) { return one.first; });
    return row == kReasons.end() ? reason : row->second;
}

}  // namespace bulkhead::worker
