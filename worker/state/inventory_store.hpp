// What is remembered about inventory reports to one backend, and the private files it lies in.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

// Of an element's text: the first half of its SHA-256. What was reported is remembered by it, so
// that ten thousand connections take 160 KiB and no file holds who talked to whom.
using ElementDigest = std::array<std::byte, 16>;
ElementDigest digest_of(const InventoryElement& element);

// Sorted.
using ElementDigests = std::vector<ElementDigest>;

struct InventoryState {
    std::uint64_t sequence = 0;  // of the last report that was accepted
    std::optional<UnixTime> last_accepted;
    bool held = false;             // the backend wants nothing until an administrator acts
    InventoryPolicyChange policy;  // all that the backend ever asked for
    std::array<ElementDigests, kCollections> accepted;

    ElementDigests& of(Collection collection) { return accepted[index_of(collection)]; }
};

// Members of `change` that are there replace those of `policy`.
void merge(InventoryPolicyChange& policy, const InventoryPolicyChange& change);

class InventoryStore {
  public:
    // In the directory "inventory" beneath the worker's state, made here (0700) when absent.
    static Result<InventoryStore> open(const sys::Dir& state);

    // An empty state where there is none yet; an error when the file is damaged.
    Result<InventoryState> load(std::string_view backend) const;
    // 0600, whole or not at all, on disk when this returns.
    Result<> save(std::string_view backend, const InventoryState& state) const;

    // What open() found there that could be no file of ours.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit InventoryStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

std::string format_state(const InventoryState& state);
Result<InventoryState> parse_state(std::string_view text);

}  // namespace bulkhead::worker
