#include "worker/state/artifact_store.hpp"

#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxFile = 32_KiB;

// An id may be as long as NAME_MAX allows without the suffix of a file that is being written.
std::string file_of(std::string_view id) { return crypto::hex(crypto::sha256(as_bytes(id))); }

Result<ArtifactRecord> parse(std::string_view text) {
    const auto json = TRY(JsonValue::parse(text));
    const auto member = [&json](std::string_view name) -> Result<std::string> {
        return TRY(json.member(name)).text(kMaxFile);
    };
    return ArtifactRecord{
        .id = TRY(member("id")),
        .key = TRY(member("key")),
        .state = TRY(member("state")),
        .reason = TRY(member("reason")),
        .detail = TRY(member("detail")),
        .signature = TRY(member("signature")),
        .elf = TRY(member("elf")),
        .manifest = TRY(member("manifest")),
        .approval = TRY(member("approval")),
        .approval_inside = TRY(TRY(json.member("approval_inside")).truth()),
        .place = static_cast<std::uint64_t>(TRY(TRY(json.member("place")).integer(0, 64))),
        .policy_digest = TRY(member("policy_digest")),
        .tried = TRY(parse_utc(TRY(member("tried"))))};
}

}  // namespace

Result<ArtifactStore> ArtifactStore::open(const sys::Dir& state) {
    constexpr std::size_t kMostFiles = 256;
    Removed removed;
    ArtifactStore store(TRY(own_dir(state, "artifacts", removed)));
    const auto ours = [](std::string_view name) {
        return name.size() == 2 * sizeof(crypto::Digest);
    };
    TRY(keep_files(store.dir_, ours, kMaxFile, kMostFiles, removed));
    store.removed_ = removed.sentences();
    return store;
}

Result<> ArtifactStore::keep(const ArtifactRecord& record) const {
    JsonWriter json;
    json.begin_object()
        .put("id", record.id)
        .put("key", record.key)
        .put("state", record.state)
        .put("reason", record.reason)
        .put("detail", record.detail)
        .put("signature", record.signature)
        .put("elf", record.elf)
        .put("manifest", record.manifest)
        .put("approval", record.approval)
        .put("approval_inside", record.approval_inside)
        .put("place", record.place)
        .put("policy_digest", record.policy_digest)
        .put("tried", format_utc(record.tried))
        .end();
    return dir_.write_atomic(file_of(record.id), std::move(json).take(), 0600);
}

Result<> ArtifactStore::forget(std::string_view id) const { return dir_.remove_file(file_of(id)); }

Result<std::vector<ArtifactRecord>> ArtifactStore::all() const {
    std::vector<ArtifactRecord> all;
    for (const auto& name : TRY(dir_.list())) {
        const auto text = dir_.read_file(name, kMaxFile);
        auto record = text ? parse(*text) : std::unexpected(text.error());
        if (record && name == file_of(record->id)) {
            all.push_back(*std::move(record));
        } else {
            TRY(dir_.remove_file(name));
        }
    }
    return all;
}

}  // namespace bulkhead::worker
