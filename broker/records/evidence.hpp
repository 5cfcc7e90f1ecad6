// The evidence store: manifest, signatures and script of each job that was admitted, and each
// policy by which that was decided. Each is a file named by the SHA-256 of its content, which the
// audit log has; what is the same is kept once.
//
// A backend cannot push evidence out of it: what is kept is chosen by those who approve and by the
// operator, whatever a worker sends, and a job that runs again adds nothing.
#pragma once
#include "common/policy/load.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

class Evidence {
  public:
    static constexpr std::string_view kFolder = "evidence";
    // A file beside it, which only root can write: the digest of the policy that was kept last.
    static constexpr std::string_view kLastPolicy = "last-policy";
    // Bounds at which prune() removes what was used longest ago.
    static constexpr std::uint64_t kMostBytes = 256 << 20;
    static constexpr std::size_t kMostFiles = 16'384;
    static constexpr std::chrono::days kLongest{400};  // since its last use
    static constexpr std::chrono::hours kLookEvery{24};
    // Removed for their age at a time: a clock that is ahead for an hour must not empty the store.
    static constexpr std::size_t kMostForAge = 16;

    // Makes the directory in `dir`, the broker's state, if it is absent.
    static Result<Evidence> open(const sys::Dir& dir);

    // On disk when these return; otherwise what it is evidence of must not be done.
    Result<> keep(std::string_view content);
    // The list whose digest is the policy's, and each file in it. From then on it is the
    // last_policy(), also for brokers to come. After an error there is no last one.
    Result<> keep(const policy::Policy& policy);

    // The files of the policy that was kept last, each checked against its SHA-256. Code ENOENT if
    // there was none.
    Result<policy::Files> last_policy() const;

    // Removes what is beyond the bounds. `policy`, which is in force, stays.
    Result<> prune(UnixTime now, const policy::Policy& policy);

  private:
    Evidence(sys::Dir dir, sys::Dir state) : dir_(std::move(dir)), state_(std::move(state)) {}
    struct File {
        UnixTime used;
        std::string name;
        std::uint64_t bytes = 0;
    };
    Result<std::vector<File>> list() const;
    Result<std::string> read(std::string_view digest) const;
    Result<> name_last(const policy::Policy& policy) const;

    sys::Dir dir_;
    sys::Dir state_;
    std::uint64_t bytes_ = 0;
    std::size_t files_ = 0;
    UnixTime looked_{};
    crypto::Digest policy_{};  // the last one that was kept
};

}  // namespace bulkhead::records
