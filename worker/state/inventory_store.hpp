// InventoryStore: what is remembered of inventory reports, one private file for each backend.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/http/http_client.hpp"

namespace bulkhead::worker {

// The first 16 octets of the SHA-256 of an element's text. Reported elements are remembered by it,
// so that ten thousand connections take 160 KiB and no file names their peers.
using ElementDigest = std::array<std::byte, 16>;
ElementDigest digest_of(const InventoryElement& element);

// Sorted.
using ElementDigests = std::vector<ElementDigest>;

struct InventoryState {
    std::uint64_t sequence = 0;  // of the last report that was accepted
    std::optional<UnixTime> last_accepted;
    bool held = false;             // the backend wants nothing until an administrator acts
    InventoryPolicyChange policy;  // all that the backend ever asked for
    std::optional<HttpPeer> peer;  // that took the last report
    std::array<ElementDigests, kCollections> accepted;

    ElementDigests& of(Collection collection) { return accepted[index_of(collection)]; }
};

// Members that `change` has replace those of `policy`.
void merge(InventoryPolicyChange& policy, const InventoryPolicyChange& change);

class InventoryStore {
  public:
    // In the directory "inventory" beneath the worker's state, made here (0700) when absent.
    static Result<InventoryStore> open(const sys::Dir& state);

    // An empty state if there is no file yet; an error if it is damaged.
    Result<InventoryState> load(std::string_view backend) const;
    // Mode 0600; replaced atomically (rename(2)) and on disk when this returns.
    Result<> save(std::string_view backend, const InventoryState& state) const;

    // Absent is no error.
    Result<> forget(std::string_view backend) const;
    bool has(std::string_view backend) const;

    // What open() has removed because the store cannot have written it, a sentence each.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit InventoryStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

std::string format_state(const InventoryState& state);
Result<InventoryState> parse_state(std::string_view text);

}  // namespace bulkhead::worker
