#include "common/approval/manifest.hpp"

#include <algorithm>
#include <array>

#include "common/approval/manifest_rows.hpp"

namespace bulkhead::approval {

namespace {

using std::string;
using std::string_view;

Result<std::chrono::seconds> parse_timeout(string_view text) {
    return std::chrono::seconds(TRY(plain_number<std::uint32_t>(text, 1, 604'800)));
}

Result<string> parse_path(string_view path) {
    const auto listed = [](char c) { return is_alnum(c) || string_view("/._+-").contains(c); };
    if (path.size() > 255 || !path.starts_with('/') ||
        !std::all_of(path.begin(), path.end(), listed)) {
        return fail("expected an absolute path of letters, digits and . _ + -");
    }
    for (const auto part : split(path.substr(1), '/')) {
        if (part.empty() || part == "." || part == "..") return fail("path is not plain");
    }
    return string(path);
}

Result<JobId> parse_job_id(string_view value) { return JobId{TRY(word<kJobId>(value))}; }

Result<> take_format(Manifest& job, string_view value) {
    if (value != "v1" && value != "v2") return fail("expected v1 or v2");
    job.format = value == "v1" ? 1 : 2;
    return {};
}

Result<> add_param(Manifest& job, string_view value) {
    const auto blank = value.find(' ');
    if (blank == value.npos) return fail("expected a name and a rule");
    const auto name = value.substr(0, blank);
    const auto same = [&](const ParamRule& other) { return other.name == name; };
    if (std::any_of(job.params.begin(), job.params.end(), same)) return fail("name used twice");
    job.params.push_back(TRY(parse_param_rule(name, value.substr(blank + 1), job.format)));
    return {};
}

Result<> set_after_reboot(Manifest& job, string_view value) {
    if (value != "resume") return fail("expected resume");
    job.resumes = true;
    return {};
}

constexpr std::array kRows{
    Row<Manifest>{"bulkhead-job", 1, 1, take_format},
    Row<Manifest>{"job-id", 1, 1, set<&Manifest::job_id, parse_job_id>},
    Row<Manifest>{"author", 1, 1, set<&Manifest::author, word<kPrincipal>>},
    Row<Manifest>{"realm", 0, 1, set<&Manifest::realm, word<kLabel>>, 2},
    Row<Manifest>{"epoch", 0, 1, set<&Manifest::epoch, number<std::uint32_t, 0, kMaxEpoch>>, 2},
    Row<Manifest>{"script-sha256", 1, 1, set<&Manifest::script_sha256, parse_sha256>},
    Row<Manifest>{"script-size", 1, 1,
                  set<&Manifest::script_size, number<std::uint64_t, 1, kMaxScript>>},
    Row<Manifest>{"interpreter", 1, 1, set<&Manifest::interpreter, parse_path>},
    Row<Manifest>{"profile", 1, 1, set<&Manifest::profile, word<kProfileName>>},
    Row<Manifest>{"profile-sha256", 0, 1, set<&Manifest::profile_sha256, parse_sha256>, 2},
    Row<Manifest>{"param", 0, kMaxParams, add_param},
    Row<Manifest>{"target", 1, kMaxTargets, add_target},
    Row<Manifest>{"not-before", 1, 1, set<&Manifest::not_before, parse_utc>},
    Row<Manifest>{"not-after", 1, 1, set_not_after},
    Row<Manifest>{"timeout", 1, 1, set<&Manifest::timeout, parse_timeout>},
    Row<Manifest>{"output-max", 1, 1, set<&Manifest::output_max, number<std::uint64_t, 1, 1_GiB>>},
    Row<Manifest>{"runs", 1, 1, set<&Manifest::runs, parse_runs>},
    Row<Manifest>{"after-reboot", 0, 1, set_after_reboot},
    Row<Manifest>{"odd-bytes", 0, 1, set<&Manifest::odd_bytes, word<kText>>, 2},
    Row<Manifest>{"reason", 1, 1, set<&Manifest::reason, word<kText>>},
};

}  // namespace

Result<crypto::Digest> parse_sha256(string_view text) {
    const auto digest = crypto::parse_digest(text);
    if (!digest) return fail("expected 64 lower-case hex digits");
    return *digest;
}

Result<> take_target(std::vector<Target>& targets, string_view value) {
    auto target = TRY(parse_target(value));
    for (const auto& other : targets) {
        if (other.kind == target.kind && other.label == target.label) return fail("given twice");
        if (other.kind == Target::Kind::any || target.kind == Target::Kind::any) {
            return fail("any stands alone");
        }
    }
    targets.push_back(std::move(target));
    return {};
}

Result<> check_line(string_view line) {
    if (line.starts_with("\xef\xbb\xbf")) return fail("begins with a byte order mark");
    if (line.ends_with('\r')) return fail("ends with CR LF; lines end with LF alone");
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] < 0x20 || line[i] > 0x7e) {  // bytes above 0x7f are negative as char
            return fail("column " + std::to_string(i + 1) + ": byte \\x" +
                        to_hex(as_bytes(line.substr(i, 1))) + " is not printable ASCII");
        }
    }
    if (line.size() > kMaxManifestLine) return fail("longer than 1024 bytes");
    if (line.empty()) return fail("empty line");
    if (line.ends_with(' ')) return fail("trailing blank");
    return {};
}

bool is_job_id(string_view text) {
    const auto plain = [](char c) { return is_lower(c) || is_digit(c); };
    return is_word(text, 64, plain, [&](char c) { return plain(c) || c == '-'; });
}

bool is_principal(string_view text) {
    return is_word(text, 64, is_alnum,
                   [](char c) { return is_alnum(c) || string_view("._@+-").contains(c); });
}

bool is_label(string_view text) {
    return is_word(text, 64, is_alnum,
                   [](char c) { return is_alnum(c) || string_view("._-").contains(c); });
}

bool is_profile_name(string_view text) {
    return is_word(text, 32, is_lower,
                   [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

Result<Target> parse_target(string_view text) {
    if (text == "any") return Target{Target::Kind::any, ""};
    const auto colon = text.find(':');
    const auto kind = text.substr(0, colon);
    if (colon == text.npos || (kind != "host" && kind != "group")) {
        return fail("expected host:ID, group:LABEL or any");
    }
    const auto label = text.substr(colon + 1);
    if (!is_label(label)) return fail("expected [A-Za-z0-9][A-Za-z0-9._-]{0,63} after the colon");
    return Target{kind == "host" ? Target::Kind::host : Target::Kind::group, std::string(label)};
}

Result<Runs> parse_runs(string_view text) {
    if (text == "1") return Runs{};
    const auto parts = split(text, '/');
    if (parts.size() != 2 || (parts[1] != "day" && parts[1] != "hour")) {
        return fail("expected 1, n/day or n/hour");
    }
    const auto count = TRY(plain_number<std::uint32_t>(parts[0], 1, 1000));
    return Runs{count, parts[1] == "day" ? std::chrono::hours(24) : std::chrono::hours(1)};
}

Result<Manifest> parse_manifest(string_view bytes) { return parse_rows<Manifest>(kRows, bytes); }

}  // namespace bulkhead::approval
