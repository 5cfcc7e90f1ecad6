// The manifests that an operator removed on this host, or the guard rolled back: they are not
// loaded again before they are approved anew, by another manifest. A file of root's, so that a
// restart does not forget.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

class Withdrawn {
  public:
    // In the broker's state. Lines "DIGEST NOT-AFTER ID": a manifest's SHA-256, the end of its
    // validity in seconds since 1970, its artifact's id.
    static constexpr std::string_view kFile = "artifacts-withdrawn";
    static constexpr std::uint64_t kMaxBytes = 1 << 20;
    // A line stays so long after the end of its manifest's validity.
    static constexpr std::chrono::days kStays{30};

    // An error: what was withdrawn is not known, so nothing may be loaded.
    static Result<Withdrawn> open(sys::Dir state);

    const std::vector<crypto::Digest>& digests() const { return digests_; }
    // In effect when it returns; an error: a restart would forget it. `trusted` is the latest time
    // that a trusted clock has shown.
    Result<> add(const crypto::Digest& manifest, UnixTime not_after, std::string_view id,
                 UnixTime trusted);

  private:
    explicit Withdrawn(sys::Dir state) : state_(std::move(state)) {}
    Result<> take(std::string_view line);

    sys::Dir state_;
    std::vector<std::string> lines_;
    std::vector<UnixTime> ends_;
    std::vector<crypto::Digest> digests_;  // in the order of the lines
};

}  // namespace bulkhead::broker
