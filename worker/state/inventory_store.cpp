#include "worker/state/inventory_store.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kHeading = "bulkhead-inventory v1";
// Enough for four collections of the largest size (DumpLimits) at 46 octets a line.
constexpr std::uint64_t kMaxBytes = 16_MiB;

using std::chrono::seconds;

void put(std::string& text, std::string_view key, const std::string& value) {
    text.append(key).append(" ").append(value).append("\n");
}

template <class T>
void put_known(std::string& text, std::string_view key, const std::optional<T>& value) {
    if (!value) return;
    if constexpr (std::is_same_v<T, seconds>) {
        put(text, key, std::to_string(value->count()));
    } else if constexpr (std::is_same_v<T, CollectionSet>) {
        put(text, key, value->to_string());
    } else {
        put(text, key, std::to_string(*value));
    }
}

Result<ElementDigest> parse_element(std::string_view hex) {
    const auto bytes = TRY(parse_hex(hex));
    ElementDigest digest{};
    if (bytes.size() != digest.size()) return fail("an element of the wrong length");
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

Result<seconds> parse_seconds(std::string_view text) {
    return seconds(TRY(parse_number<std::uint32_t>(text)));
}

Result<CollectionSet> parse_set(std::string_view text) {
    if (text.size() != kCollections || text.find_first_not_of("01") != text.npos) {
        return fail("no set of collections");
    }
    return CollectionSet(std::string(text));
}

Result<> take_line(InventoryState& state, std::string_view key, std::string_view value) {
    for (std::size_t i = 0; i < kCollections; ++i) {
        if (key != name_of(static_cast<Collection>(i))) continue;
        state.accepted[i].push_back(TRY(parse_element(value)));
        return {};
    }
    auto& policy = state.policy;
    if (key == "sequence") {
        state.sequence = TRY(parse_number<std::uint64_t>(value));
    } else if (key == "last-accepted") {
        state.last_accepted = TRY(parse_utc(value));
    } else if (key == "peer") {
        const auto blank = value.find(' ');
        if (blank == value.npos) return fail("no address and port");
        state.peer = HttpPeer{std::string(value.substr(0, blank)),
                              TRY(parse_number<std::uint16_t>(value.substr(blank + 1)))};
    } else if (key == "held") {
        state.held = value == "yes";
    } else if (key == "interval") {
        policy.interval = TRY(parse_seconds(value));
    } else if (key == "jitter") {
        policy.jitter = TRY(parse_seconds(value));
    } else if (key == "collect-timeout") {
        policy.collect_timeout = TRY(parse_seconds(value));
    } else if (key == "max-report-bytes") {
        policy.max_report_bytes = TRY(parse_number<std::uint64_t>(value));
    } else if (key == "enabled") {
        policy.enabled = TRY(parse_set(value));
    } else {
        return fail("unknown line");
    }
    return {};
}

std::string file_name(std::string_view backend) { return std::string(backend) + ".state"; }

}  // namespace

ElementDigest digest_of(const InventoryElement& element) {
    const auto whole = crypto::sha256(as_bytes(element.json));
    ElementDigest digest{};
    std::copy_n(whole.begin(), digest.size(), digest.begin());
    return digest;
}

void merge(InventoryPolicyChange& policy, const InventoryPolicyChange& change) {
    if (change.interval) policy.interval = change.interval;
    if (change.jitter) policy.jitter = change.jitter;
    if (change.collect_timeout) policy.collect_timeout = change.collect_timeout;
    if (change.max_report_bytes) policy.max_report_bytes = change.max_report_bytes;
    if (change.enabled) policy.enabled = change.enabled;
}

std::string format_state(const InventoryState& state) {
    std::string text(kHeading);
    text += "\n";
    put(text, "sequence", std::to_string(state.sequence));
    if (state.last_accepted) put(text, "last-accepted", format_utc(*state.last_accepted));
    if (state.held) put(text, "held", "yes");
    if (state.peer) put(text, "peer", state.peer->ip + " " + std::to_string(state.peer->port));
    put_known(text, "interval", state.policy.interval);
    put_known(text, "jitter", state.policy.jitter);
    put_known(text, "collect-timeout", state.policy.collect_timeout);
    put_known(text, "max-report-bytes", state.policy.max_report_bytes);
    put_known(text, "enabled", state.policy.enabled);
    for (std::size_t i = 0; i < kCollections; ++i) {
        const auto name = name_of(static_cast<Collection>(i));
        for (const auto& digest : state.accepted[i]) put(text, name, to_hex(digest));
    }
    return text + "end\n";
}

Result<InventoryState> parse_state(std::string_view text) {
    const auto lines = split(text, '\n');
    // The last line shows that the file was not cut off.
    if (lines.size() < 3 || lines.front() != kHeading || lines[lines.size() - 2] != "end" ||
        !lines.back().empty()) {
        return fail("damaged");
    }
    InventoryState state;
    for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
        const auto blank = lines[i].find(' ');
        if (blank == std::string_view::npos) return fail("damaged");
        TRY(within("line " + std::to_string(i + 1),
                   take_line(state, lines[i].substr(0, blank), lines[i].substr(blank + 1))));
    }
    for (auto& digests : state.accepted) std::ranges::sort(digests);
    return state;
}

Result<InventoryStore> InventoryStore::open(const sys::Dir& state) {
    constexpr std::size_t kMostFiles = 64;
    Removed removed;
    InventoryStore store(TRY(own_dir(state, "inventory", removed)));
    const auto ours = [](std::string_view name) { return name.ends_with(".state"); };
    TRY(keep_files(store.dir_, ours, kMaxBytes, kMostFiles, removed));
    store.removed_ = removed.sentences();
    return store;
}

Result<InventoryState> InventoryStore::load(std::string_view backend) const {
    const auto name = file_name(backend);
    const auto text = dir_.read_file(name, kMaxBytes);
    if (!text && text.error().code == ENOENT) return InventoryState{};
    if (!text) return std::unexpected(text.error());
    return TRY(within(name, parse_state(*text)));
}

Result<> InventoryStore::save(std::string_view backend, const InventoryState& state) const {
    return dir_.write_atomic(file_name(backend), format_state(state), 0600);
}

Result<> InventoryStore::forget(std::string_view backend) const {
    return dir_.remove_file(file_name(backend));
}

bool InventoryStore::has(std::string_view backend) const {
    return dir_.open_at(file_name(backend), O_PATH).has_value();
}

}  // namespace bulkhead::worker
