#include "worker/state/refusal_store.hpp"

#include <map>

#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxFile = 16_KiB;

// A delivery id may hold any character and be longer than NAME_MAX, so its hash is the name. The
// names of backends hold no blank.
std::string file_of(std::string_view backend, const DeliveryId& delivery_id) {
    const auto whole = std::string(backend) + " " + delivery_id.value;
    return crypto::hex(crypto::sha256(as_bytes(whole)));
}

Result<KeptRefusal> parse(std::string_view text) {
    const auto json = TRY(JsonValue::parse(text));
    const auto member = [&json](std::string_view name) -> Result<std::string> {
        return TRY(json.member(name)).text(kMaxFile);
    };
    return KeptRefusal{.backend = TRY(member("backend")),
                       .delivery_id = {TRY(member("delivery"))},
                       .reason = TRY(member("reason")),
                       .detail = TRY(member("detail")),
                       .rule = TRY(member("rule"))};
}

}  // namespace

Result<RefusalStore> RefusalStore::open(const sys::Dir& state) {
    constexpr std::size_t kMostFiles = 1'000;
    Removed removed;
    RefusalStore store(TRY(own_dir(state, "refusals", removed)));
    const auto ours = [](std::string_view name) {
        return name.size() == 2 * sizeof(crypto::Digest);
    };
    TRY(keep_files(store.dir_, ours, kMaxFile, kMostFiles, removed));
    store.removed_ = removed.sentences();
    return store;
}

Result<> RefusalStore::keep(const KeptRefusal& refusal) const {
    JsonWriter json;
    json.begin_object()
        .put("backend", refusal.backend)
        .put("delivery", refusal.delivery_id.value)
        .put("reason", refusal.reason)
        .put("detail", refusal.detail)
        .put("rule", refusal.rule)
        .end();
    return dir_.write_atomic(file_of(refusal.backend, refusal.delivery_id), std::move(json).take(),
                             0600);
}

Result<> RefusalStore::forget(std::string_view backend, const DeliveryId& delivery_id) const {
    return dir_.remove_file(file_of(backend, delivery_id));
}

Result<std::vector<KeptRefusal>> RefusalStore::of(std::string_view backend) const {
    std::map<DeliveryId, KeptRefusal> kept;  // one for each delivery
    for (const auto& name : TRY(dir_.list())) {
        const auto text = dir_.read_file(name, kMaxFile);
        auto refusal = text ? parse(*text) : std::unexpected(text.error());
        if (refusal && name != file_of(refusal->backend, refusal->delivery_id)) TRY(keep(*refusal));
        if (!refusal || name != file_of(refusal->backend, refusal->delivery_id)) {
            TRY(dir_.remove_file(name));
        }
        if (refusal && refusal->backend == backend) {
            const auto id = refusal->delivery_id;
            kept.insert_or_assign(id, *std::move(refusal));
        }
    }
    std::vector<KeptRefusal> all;
    for (auto& [delivery, refusal] : kept) all.push_back(std::move(refusal));
    return all;
}

}  // namespace bulkhead::worker
