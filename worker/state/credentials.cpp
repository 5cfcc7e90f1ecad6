#include "worker/state/credentials.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxBytes = 8_KiB;
constexpr std::size_t kUuidLength = 36;
constexpr std::string_view kHeading = "bulkhead-credential v1";
constexpr std::string_view kEnrolments = "enrolments";
constexpr std::string_view kEnrolmentHeading = "bulkhead-enrolment v1";
constexpr std::string_view kNoMark = "none";
constexpr std::size_t kMarkBytes = 4;

// RFC 9562, section 5.4: 122 random bits, the version and the variant.
Result<std::string> random_uuid() {
    std::array<std::byte, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return sys::fail_errno("getrandom");
    }
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    auto text = to_hex(bytes);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, "-");
    return text;
}

std::string file_name(std::string_view backend) { return std::string(backend) + ".credential"; }
std::string enrolment_name(std::string_view backend) { return std::string(backend) + ".enrolment"; }
std::string uuid_name(std::string_view backend) { return std::string(backend) + ".uuid"; }
std::string key_name(std::string_view backend) { return std::string(backend) + ".key"; }

// The value of a line "KEY VALUE" with exactly this key.
Result<std::string> value_of(std::string_view line, std::string_view key) {
    const auto prefix = std::string(key) + " ";
    if (!line.starts_with(prefix)) return fail("expected \"" + prefix + "...\"");
    return std::string(line.substr(prefix.size()));
}

Result<Identity> parse_identity(std::string_view text) {
    const auto lines = split(text, '\n');
    // The last line shows that the file was not cut off.
    if (lines.size() != 5 || lines[0] != kHeading || lines[3] != "end" || !lines[4].empty()) {
        return fail("damaged");
    }
    Identity identity{.agent_id = TRY(value_of(lines[1], "agent-id")),
                      .credential = Secret(TRY(value_of(lines[2], "credential")))};
    TRY(check_credential(identity.credential.reveal()));
    return identity;
}

Result<EnrolmentRecord> parse_enrolment(std::string_view text) {
    const auto lines = split(text, '\n');
    if (lines.size() != 5 || lines[0] != kEnrolmentHeading || lines[3] != "end" ||
        !lines[4].empty()) {
        return fail("damaged");
    }
    EnrolmentRecord record{.mark = TRY(value_of(lines[1], "mark")),
                           .identity = TRY(value_of(lines[2], "identity"))};
    if (record.mark == kNoMark) record.mark.clear();
    if (!record.mark.empty() && TRY(parse_hex(record.mark)).size() != kMarkBytes) {
        return fail("damaged");
    }
    return record;
}

}  // namespace

Result<CredentialStore> CredentialStore::open(const sys::Dir& state) {
    constexpr std::size_t kMostFiles = 256;
    Removed removed;
    auto credentials = TRY(own_dir(state, "credentials", removed));
    CredentialStore store(std::move(credentials), TRY(own_dir(state, kEnrolments, removed)));
    const auto ours = [](std::string_view name) {
        return name.ends_with(".credential") || name.ends_with(".key") || name.ends_with(".uuid");
    };
    TRY(keep_files(store.dir_, ours, kMaxBytes, kMostFiles, removed));
    const auto record = [](std::string_view name) { return name.ends_with(".enrolment"); };
    TRY(keep_files(store.enrolments_, record, kMaxBytes, kMostFiles, removed));
    store.removed_ = removed.sentences();
    return store;
}

Result<std::optional<Secret>> CredentialStore::read_private(const std::string& name) const {
    const auto fd = dir_.open_regular(name, O_RDONLY);
    if (!fd && fd.error().code == ENOENT) return std::nullopt;
    if (!fd) return std::unexpected(fd.error());
    struct stat info {};
    if (::fstat(fd->get(), &info) != 0) return sys::fail_errno(name);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(name + ": others than its owner can use this credential; chmod 600 it");
    }
    return Secret(TRY(within(name, sys::read_to_end(*fd, kMaxBytes))));
}

Result<std::optional<Identity>> CredentialStore::load(std::string_view backend) const {
    const auto name = file_name(backend);
    const auto text = TRY(read_private(name));
    if (!text) return std::nullopt;
    return TRY(within(name, parse_identity(text->reveal())));
}

Result<> CredentialStore::save(std::string_view backend, const Identity& identity) const {
    TRY(check_credential(identity.credential.reveal()));
    if (!identity.agent_id.empty()) TRY(check_agent_id(identity.agent_id));
    const Secret text(std::string(kHeading) + "\nagent-id " + identity.agent_id + "\ncredential " +
                      identity.credential.reveal() + "\nend\n");
    return dir_.write_atomic(file_name(backend), text.reveal(), 0600);
}

Result<> CredentialStore::forget(std::string_view backend) const {
    return dir_.remove_file(file_name(backend));
}

Result<std::string> CredentialStore::own_id(std::string_view backend) const {
    const auto name = uuid_name(backend);
    const auto text = dir_.read_file(name, kMaxBytes);
    if (text) {
        auto id = std::string_view(*text);
        if (id.ends_with('\n')) id.remove_suffix(1);
        if (id.size() != kUuidLength) return fail(name + ": holds no UUID");
        TRY(within(name, check_agent_id(id)));
        return std::string(id);
    }
    if (text.error().code != ENOENT) return std::unexpected(text.error());
    auto id = TRY(random_uuid());
    TRY(save_own_id(backend, id));
    return id;
}

Result<> CredentialStore::save_own_id(std::string_view backend, const std::string& id) const {
    return dir_.write_atomic(uuid_name(backend), id + "\n", 0600);
}

bool CredentialStore::has_own(std::string_view backend) const {
    return dir_.open_at(uuid_name(backend), O_PATH) || dir_.open_at(key_name(backend), O_PATH);
}

Result<std::optional<Secret>> CredentialStore::load_key(std::string_view backend) const {
    return read_private(key_name(backend));
}

Result<> CredentialStore::save_key(std::string_view backend, const Secret& key) const {
    return dir_.write_atomic(key_name(backend), key.reveal(), 0600);
}

Result<std::optional<EnrolmentRecord>> CredentialStore::enrolment(std::string_view backend) const {
    const auto name = enrolment_name(backend);
    const auto text = enrolments_.read_file(name, kMaxBytes);
    if (!text && text.error().code == ENOENT) return std::nullopt;
    if (!text) return std::unexpected(text.error());
    return TRY(within(name, parse_enrolment(*text)));
}

Result<> CredentialStore::save_enrolment(std::string_view backend,
                                         const EnrolmentRecord& record) const {
    const auto mark = record.mark.empty() ? std::string(kNoMark) : record.mark;
    return enrolments_.write_atomic(enrolment_name(backend),
                                    std::string(kEnrolmentHeading) + "\nmark " + mark +
                                        "\nidentity " + record.identity + "\nend\n",
                                    0600);
}

bool CredentialStore::has_left(std::string_view backend) const {
    return enrolments_.open_at(left_name(backend), O_PATH).has_value();
}

std::string CredentialStore::farewell(std::string_view backend) const {
    const auto note = enrolments_.read_file(left_name(backend), kMaxLeftNote);
    return note ? farewell_in(*note) : "";
}

Result<> CredentialStore::note_farewell(std::string_view backend,
                                        const std::string& outcome) const {
    const auto name = left_name(backend);
    const auto note = TRY(enrolments_.read_file(name, kMaxLeftNote));
    return enrolments_.write_atomic(name, left_note(note.substr(0, note.find('\n')), outcome),
                                    0644);
}

Result<> CredentialStore::forget_all(std::string_view backend) const {
    for (const auto& name : {file_name(backend), key_name(backend), uuid_name(backend)}) {
        TRY(remove_any(dir_, name));
    }
    return {};
}

std::string left_note(std::string_view time, std::string_view outcome) {
    return std::string(time) + "\n" + (outcome.empty() ? "" : std::string(outcome) + "\n");
}

std::string farewell_in(std::string_view note) {
    const auto first = note.find('\n');
    if (first == note.npos) return "";
    const auto rest = note.substr(first + 1);
    return std::string(rest.substr(0, rest.find('\n')));
}

std::string left_name(std::string_view backend) { return std::string(backend) + ".left"; }

Result<std::string> new_enrolment_mark() {
    std::array<std::byte, kMarkBytes> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return sys::fail_errno("getrandom");
    }
    return to_hex(bytes);
}

std::string identity_digest(const Identity& identity) {
    const Secret text(identity.agent_id.empty() ? "credential " + identity.credential.reveal()
                                                : "agent " + identity.agent_id);
    return crypto::hex(crypto::sha256(as_bytes(text.reveal()))).substr(0, 32);
}

std::string fingerprint(const Secret& secret) {
    if (secret.empty()) return "none";
    return crypto::hex(crypto::sha256(as_bytes(secret.reveal()))).substr(0, 8);
}

}  // namespace bulkhead::worker
