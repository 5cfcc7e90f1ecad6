#include "common/approval/artifact.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/approval/manifest_rows.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::approval {

namespace {

using std::string;
using std::string_view;
using namespace std::chrono_literals;

constexpr string_view kSignatureBegin = "-----BEGIN SSH SIGNATURE-----";

struct TypeRow {
    string_view name;
    ProgramType type;
    AttachKind attach;
};
constexpr std::array kTypes{
    TypeRow{"xdp", ProgramType::xdp, AttachKind::interface},
    TypeRow{"tc-ingress", ProgramType::tc_ingress, AttachKind::interface},
    TypeRow{"tc-egress", ProgramType::tc_egress, AttachKind::interface},
    TypeRow{"cgroup-connect4", ProgramType::cgroup_connect4, AttachKind::cgroup},
    TypeRow{"cgroup-connect6", ProgramType::cgroup_connect6, AttachKind::cgroup},
    TypeRow{"cgroup-ingress", ProgramType::cgroup_ingress, AttachKind::cgroup},
    TypeRow{"cgroup-egress", ProgramType::cgroup_egress, AttachKind::cgroup},
    TypeRow{"lsm", ProgramType::lsm, AttachKind::function},
    TypeRow{"fentry", ProgramType::fentry, AttachKind::function},
    TypeRow{"fexit", ProgramType::fexit, AttachKind::function},
    TypeRow{"kprobe", ProgramType::kprobe, AttachKind::function},
};
static_assert(kTypes.size() == static_cast<std::size_t>(ProgramType::kLast));

bool is_letter(char c) { return is_alnum(c) && !is_digit(c); }

// A name of C, as functions and constants of an object have.
bool is_identifier(string_view text) {
    return is_word(
        text, 64, [](char c) { return is_letter(c) || c == '_'; },
        [](char c) { return is_alnum(c) || c == '_'; });
}
constexpr WordForm kIdentifier{is_identifier, "[A-Za-z_][A-Za-z0-9_]{0,63}"};

bool is_map_name(string_view text) {
    return text.size() <= 15 && is_identifier(text);  // BPF_OBJ_NAME_LEN, with its end
}
constexpr WordForm kMapName{is_map_name, "[A-Za-z_][A-Za-z0-9_]{0,14}"};

// Compilers add endings such as ".isra.0" to the names of functions.
bool is_function(string_view text) {
    return is_word(
        text, 64, [](char c) { return is_letter(c) || c == '_'; },
        [](char c) { return is_alnum(c) || c == '_' || c == '.'; });
}

bool is_interface(string_view text) {
    const auto listed = [](char c) { return is_alnum(c) || string_view("._-").contains(c); };
    return is_word(text, 15, listed, listed) && text != "." && text != "..";  // IFNAMSIZ
}

bool is_cgroup(string_view path) {
    if (path == "/") return true;
    const auto plain = [](char c) { return c > 0x20 && c < 0x7f && c != '*' && c != '?'; };
    if (path.size() > 255 || !path.starts_with('/') || !std::ranges::all_of(path, plain)) {
        return false;
    }
    return std::ranges::none_of(split(path.substr(1), '/'), [](auto part) {
        return part.empty() || part == "." || part == "..";
    });
}

// `count` words with one blank between them; an error shows `form`.
Result<std::vector<string_view>> parts_of(string_view value, std::size_t count, string_view form) {
    auto parts = split(value, ' ');
    if (parts.size() == count && std::ranges::count(parts, string_view()) == 0) return parts;
    return fail("expected " + string(form) + ", with one blank between them");
}

Result<> take_format(ArtifactManifest&, string_view value) {
    if (value != "v1") return fail("expected v1");
    return {};
}

Result<> add_program(ArtifactManifest& manifest, string_view value) {
    const auto parts = TRY(parts_of(value, 3, "NAME TYPE ATTACH"));
    ArtifactProgram program{.name = TRY(within("name", word<kIdentifier>(parts[0]))),
                            .type = TRY(parse_program_type(parts[1])),
                            .attach = string(parts[2])};
    TRY(check_attach(program.type, program.attach));
    for (const auto& other : manifest.programs) {
        if (other.name == program.name) return fail("name used twice");
    }
    manifest.programs.push_back(std::move(program));
    return {};
}

template <class T>
Result<string> bytes_of(string_view value) {
    const auto number =
        TRY(plain_number<T>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

Result<string> bytes_of_ipv4(string_view value) {
    const auto parts = split(value, '.');
    string bytes;
    for (const auto part : parts) {
        const auto number = plain_number<unsigned>(part, 0, 255);
        if (!number || parts.size() != 4) return fail("expected an address such as 192.0.2.1");
        bytes.push_back(static_cast<char>(*number));
    }
    return bytes;
}

struct RodataType {
    string_view name;
    Result<string> (*bytes)(string_view value);
};
constexpr std::array kRodataTypes{
    RodataType{"u8", bytes_of<std::uint8_t>},   RodataType{"u16", bytes_of<std::uint16_t>},
    RodataType{"u32", bytes_of<std::uint32_t>}, RodataType{"u64", bytes_of<std::uint64_t>},
    RodataType{"i8", bytes_of<std::int8_t>},    RodataType{"i16", bytes_of<std::int16_t>},
    RodataType{"i32", bytes_of<std::int32_t>},  RodataType{"i64", bytes_of<std::int64_t>},
    RodataType{"ipv4", bytes_of_ipv4},
};

Result<> add_rodata(ArtifactManifest& manifest, string_view value) {
    const auto parts = TRY(parts_of(value, 3, "NAME TYPE VALUE"));
    const auto* type = std::ranges::find(kRodataTypes, parts[1], &RodataType::name);
    if (type == kRodataTypes.end()) {
        return fail("expected u8, u16, u32, u64, i8, i16, i32, i64 or ipv4 as its type");
    }
    Rodata constant{.name = TRY(within("name", word<kIdentifier>(parts[0]))),
                    .type = string(parts[1]),
                    .value = string(parts[2]),
                    .bytes = TRY(within("value", type->bytes(parts[2])))};
    for (const auto& other : manifest.rodata) {
        if (other.name == constant.name) return fail("name used twice");
    }
    manifest.rodata.push_back(std::move(constant));
    return {};
}

Result<std::chrono::seconds> parse_ttl(string_view text) {
    const auto span = parse_duration(text);
    const auto ttl = std::chrono::floor<std::chrono::seconds>(span.value_or(0ms));
    if (!span || ttl != *span || ttl < kMinTtl || ttl > kMaxTtl) {
        return fail("expected a time such as 30s, 15m, 12h or 7d, up to 365d");
    }
    if (in_words(ttl) != text) return fail("write it as " + in_words(ttl));
    return ttl;
}

Result<bool> parse_yes(string_view text) {
    if (text != "yes" && text != "no") return fail("expected yes or no");
    return text == "yes";
}

using M = ArtifactManifest;
constexpr std::array kRows{
    Row<M>{"bulkhead-artifact", 1, 1, take_format},
    Row<M>{"artifact-id", 1, 1, set<&M::id, word<kJobId>>},
    Row<M>{"author", 1, 1, set<&M::author, word<kPrincipal>>},
    Row<M>{"realm", 0, 1, set<&M::realm, word<kLabel>>},
    Row<M>{"epoch", 0, 1, set<&M::epoch, number<std::uint32_t, 0, kMaxEpoch>>},
    Row<M>{"elf-sha256", 1, 1, set<&M::elf_sha256, parse_sha256>},
    Row<M>{"elf-size", 1, 1, set<&M::elf_size, number<std::uint64_t, 1, kMaxElf>>},
    Row<M>{"program", 1, kMaxPrograms, add_program},
    Row<M>{"rodata", 0, kMaxRodata, add_rodata},
    Row<M>{"drops-map", 0, 1, set<&M::drops_map, word<kMapName>>},
    Row<M>{"target", 1, kMaxTargets, add_target},
    Row<M>{"not-before", 1, 1, set<&M::not_before, parse_utc>},
    Row<M>{"not-after", 1, 1, set_not_after},
    Row<M>{"ttl", 1, 1, set<&M::ttl, parse_ttl>},
    Row<M>{"max-cpu-percent", 1, 1, set<&M::max_cpu_percent, number<unsigned, 1, 100>>},
    Row<M>{"pin", 1, 1, set<&M::pin, parse_yes>},
    Row<M>{"reason", 1, 1, set<&M::reason, word<kText>>},
};

}  // namespace

Result<ProgramType> parse_program_type(string_view word) {
    const auto* row = std::ranges::find(kTypes, word, &TypeRow::name);
    if (row != kTypes.end()) return row->type;
    string all;
    for (const auto& one : kTypes) all.append(all.empty() ? "" : ", ").append(one.name);
    return fail("no type of program: \"" + quoted(word, 32) + "\"; there are " + all);
}

string_view name_of(ProgramType type) {
    const auto* row = std::ranges::find(kTypes, type, &TypeRow::type);
    return row == kTypes.end() ? "none" : row->name;
}

AttachKind attach_kind(ProgramType type) {
    const auto* row = std::ranges::find(kTypes, type, &TypeRow::type);
    return row == kTypes.end() ? AttachKind::function : row->attach;
}

Result<> check_attach(ProgramType type, string_view attach) {
    switch (attach_kind(type)) {
        case AttachKind::interface:
            if (is_interface(attach)) return {};
            return fail("expected a network interface: 1 to 15 of [A-Za-z0-9._-]");
        case AttachKind::cgroup:
            if (is_cgroup(attach)) return {};
            return fail(
                "expected a cgroup: its absolute path below /sys/fs/cgroup, such as "
                "/system.slice/app.service");
        case AttachKind::function:
            if (is_function(attach)) return {};
            return fail("expected a function of the kernel: [A-Za-z_][A-Za-z0-9_.]{0,63}");
    }
    return fail("expected a type of program");
}

string in_words(std::chrono::seconds span) {
    using namespace std::chrono;
    if (span % days(1) == 0s) return std::to_string(span / days(1)) + "d";
    if (span % 1h == 0s) return std::to_string(span / 1h) + "h";
    if (span % 1min == 0s) return std::to_string(span / 1min) + "m";
    return std::to_string(span.count()) + "s";
}

Result<ArtifactManifest> parse_artifact_manifest(string_view bytes) {
    return parse_rows<ArtifactManifest>(kRows, bytes);
}

string write_artifact_manifest(const ArtifactManifest& manifest) {
    string out;
    const auto line = [&](string_view key, string_view value) {
        out.append(key).append(" ").append(value).append("\n");
    };
    line("bulkhead-artifact", "v1");
    line("artifact-id", manifest.id);
    line("author", manifest.author);
    if (!manifest.realm.empty()) line("realm", manifest.realm);
    if (manifest.epoch) line("epoch", std::to_string(*manifest.epoch));
    line("elf-sha256", crypto::hex(manifest.elf_sha256));
    line("elf-size", std::to_string(manifest.elf_size));
    for (const auto& one : manifest.programs) {
        line("program", one.name + " " + string(name_of(one.type)) + " " + one.attach);
    }
    for (const auto& one : manifest.rodata) {
        line("rodata", one.name + " " + one.type + " " + one.value);
    }
    if (!manifest.drops_map.empty()) line("drops-map", manifest.drops_map);
    for (const auto& target : manifest.targets) line("target", in_words(target));
    line("not-before", format_utc(manifest.not_before));
    line("not-after", format_utc(manifest.not_after));
    line("ttl", in_words(manifest.ttl));
    line("max-cpu-percent", std::to_string(manifest.max_cpu_percent));
    line("pin", manifest.pin ? "yes" : "no");
    line("reason", manifest.reason);
    return out + "end\n";
}

Result<ArtifactApproval> split_artifact_approval(string_view bytes) {
    if (bytes.size() > kMaxManifest + kMaxSignatureText) return fail("larger than 32768 bytes");
    constexpr string_view kEnd = "\nend\n";
    const auto end = bytes.find(kEnd);
    if (end == bytes.npos) return fail("the manifest's line \"end\" is missing");
    ArtifactApproval parts{.manifest = bytes.substr(0, end + kEnd.size()),
                           .signatures = bytes.substr(end + kEnd.size())};
    if (parts.signatures.empty() || parts.signatures.starts_with(kSignatureBegin)) return parts;
    return fail("line " + std::to_string(std::ranges::count(parts.manifest, '\n') + 1) +
                ": expected a signature (" + string(kSignatureBegin) + ") or the end of the file");
}

}  // namespace bulkhead::approval
