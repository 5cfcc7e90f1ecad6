// ArtifactStore: what came of each artifact that was offered to the broker, one small file each in
// the directory `artifacts` of the state directory. So what was refused is not fetched again and
// again, and a worker that starts knows what its predecessor brought.
#pragma once
#include <string>
#include <vector>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

struct ArtifactRecord {
    std::string id;   // the backend's
    std::string key;  // what the backend said of the bytes then
    std::string state;
    std::string reason;  // a stable code
    std::string detail;
    std::string signature;         // the backend's own: "valid", "invalid", "not-checked"
    std::string elf;               // SHA-256, 64 hex digits; empty: it came not so far
    std::string manifest;          // the same, of the manifest that was offered
    std::string approval;          // the same, of manifest and signatures
    bool approval_inside = false;  // the bundle; else it may come or change while that stays
    std::uint64_t place = 0;       // ArtifactDialect::bundle(), where it was found
    std::string policy_digest;     // that was in force
    UnixTime tried{};
};

class ArtifactStore {
  public:
    static Result<ArtifactStore> open(const sys::Dir& state);

    // On disk when this returns; one record for each id. Of more than 256, others are removed at
    // the next open().
    Result<> keep(const ArtifactRecord& record) const;
    // Absent is no error.
    Result<> forget(std::string_view id) const;
    // Damaged files are removed.
    Result<std::vector<ArtifactRecord>> all() const;

    // What open() has removed because the store cannot have written it, a sentence each.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit ArtifactStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

}  // namespace bulkhead::worker
