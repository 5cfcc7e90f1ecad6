#include "common/approval/manifest.hpp"

#include <algorithm>
#include <array>

#include "common/approval/lexical.hpp"
#include "common/base/text.hpp"

namespace bulkhead::approval {

namespace {

using std::string;
using std::string_view;

// The form of a word: a test, and the pattern that an error shows.
struct WordForm {
    bool (*holds)(string_view text);
    string_view shown;
};
constexpr WordForm kJobId{is_job_id, "[a-z0-9][a-z0-9-]{0,63}"};
constexpr WordForm kPrincipal{is_principal, "[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}"};
constexpr WordForm kProfileName{is_profile_name, "[a-z][a-z0-9-]{0,31}"};
constexpr WordForm kLabel{is_label, "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"};
constexpr WordForm kText{[](string_view) { return true; }, ""};

template <const WordForm& Form>
Result<string> word(string_view text) {
    if (!Form.holds(text)) return fail("expected " + string(Form.shown));
    return string(text);
}

template <class T, T Min, T Max>
Result<T> number(string_view text) {
    return plain_number<T>(text, Min, Max);
}

Result<std::chrono::seconds> parse_timeout(string_view text) {
    return std::chrono::seconds(TRY(plain_number<std::uint32_t>(text, 1, 604'800)));
}

Result<crypto::Digest> parse_sha256(string_view text) {
    const auto digest = crypto::parse_digest(text);
    if (!digest) return fail("expected 64 lower-case hex digits");
    return *digest;
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

template <auto Member, auto Parse>
Result<> set(Manifest& job, string_view value) {
    job.*Member = TRY(Parse(value));
    return {};
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

Result<> add_target(Manifest& job, string_view value) {
    auto target = TRY(parse_target(value));
    for (const auto& other : job.targets) {
        if (other.kind == target.kind && other.label == target.label) return fail("given twice");
        if (other.kind == Target::Kind::any || target.kind == Target::Kind::any) {
            return fail("any stands alone");
        }
    }
    job.targets.push_back(std::move(target));
    return {};
}

Result<> set_not_after(Manifest& job, string_view value) {
    job.not_after = TRY(parse_utc(value));
    if (job.not_after <= job.not_before) return fail("not later than not-before");
    return {};
}

Result<> set_after_reboot(Manifest& job, string_view value) {
    if (value != "resume") return fail("expected resume");
    job.resumes = true;
    return {};
}

// A row for each key, in the order of the file. `least` and `most` bound the number of its lines,
// `since` is the first format that has the key.
struct Row {
    string_view key;
    std::size_t least;
    std::size_t most;
    Result<> (*take)(Manifest&, string_view value);
    unsigned since = 1;
};

constexpr std::array kRows{
    Row{"bulkhead-job", 1, 1, take_format},
    Row{"job-id", 1, 1, set<&Manifest::job_id, parse_job_id>},
    Row{"author", 1, 1, set<&Manifest::author, word<kPrincipal>>},
    Row{"realm", 0, 1, set<&Manifest::realm, word<kLabel>>, 2},
    Row{"epoch", 0, 1, set<&Manifest::epoch, number<std::uint32_t, 0, kMaxEpoch>>, 2},
    Row{"script-sha256", 1, 1, set<&Manifest::script_sha256, parse_sha256>},
    Row{"script-size", 1, 1, set<&Manifest::script_size, number<std::uint64_t, 1, kMaxScript>>},
    Row{"interpreter", 1, 1, set<&Manifest::interpreter, parse_path>},
    Row{"profile", 1, 1, set<&Manifest::profile, word<kProfileName>>},
    Row{"profile-sha256", 0, 1, set<&Manifest::profile_sha256, parse_sha256>, 2},
    Row{"param", 0, kMaxParams, add_param},
    Row{"target", 1, kMaxTargets, add_target},
    Row{"not-before", 1, 1, set<&Manifest::not_before, parse_utc>},
    Row{"not-after", 1, 1, set_not_after},
    Row{"timeout", 1, 1, set<&Manifest::timeout, parse_timeout>},
    Row{"output-max", 1, 1, set<&Manifest::output_max, number<std::uint64_t, 1, 1_GiB>>},
    Row{"runs", 1, 1, set<&Manifest::runs, parse_runs>},
    Row{"after-reboot", 0, 1, set_after_reboot},
    Row{"odd-bytes", 0, 1, set<&Manifest::odd_bytes, word<kText>>, 2},
    Row{"reason", 1, 1, set<&Manifest::reason, word<kText>>},
};

// Checks what holds for lines of every key.
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

// Follows kRows line by line, and thereby checks the order of the keys and how often each comes.
class Assembly {
  public:
    Result<> take(string_view line) {
        const auto blank = line.find(' ');
        const auto key = line.substr(0, blank);
        TRY(advance(key));
        if (blank == line.npos) return fail(std::string(key) + ": empty");
        const auto value = line.substr(blank + 1);
        if (value.starts_with(' ')) return fail(std::string(key) + ": more than one blank");
        return within(key, kRows[row_].take(job_, value));
    }

    Result<Manifest> finish() {
        TRY(advance_to(kRows.size()));
        return std::move(job_);
    }

  private:
    Result<> advance(string_view key) {
        const auto found = std::find_if(kRows.begin(), kRows.end(),
                                        [&](const Row& row) { return row.key == key; });
        if (found == kRows.end()) return fail("unknown key \"" + quoted(key, 32) + "\"");
        const auto index = static_cast<std::size_t>(found - kRows.begin());
        if (row_ > 0 && found->since > job_.format) {
            return fail(std::string(key) + ": needs a manifest of format v" +
                        std::to_string(found->since));
        }
        if (index < row_) return fail(std::string(key) + ": doubled or out of order");
        TRY(advance_to(index));
        if (seen_ == found->most) {
            return fail(std::string(key) + (seen_ == 1 ? ": doubled" : ": too many"));
        }
        ++seen_;
        return {};
    }

    Result<> advance_to(std::size_t index) {
        for (; row_ < index; ++row_, seen_ = 0) {
            if (seen_ < kRows[row_].least) return fail(std::string(kRows[row_].key) + ": missing");
        }
        return {};
    }

    Manifest job_;
    std::size_t row_ = 0;
    std::size_t seen_ = 0;
};

}  // namespace

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

Result<Manifest> parse_manifest(string_view bytes) {
    if (bytes.empty()) return fail("line 1: empty manifest");
    if (bytes.size() > kMaxManifest) return fail("manifest larger than 16384 bytes");
    Assembly assembly;
    auto rest = bytes;
    for (std::size_t number = 1;; ++number) {
        const auto where = "line " + std::to_string(number);
        if (rest.empty()) return fail(where + ": the line \"end\" is missing");
        const auto feed = rest.find('\n');
        const auto line = rest.substr(0, feed);
        TRY(within(where, check_line(line)));
        if (feed == rest.npos) return fail(where + ": no LF at its end");
        rest.remove_prefix(feed + 1);
        if (line != "end") {
            TRY(within(where, assembly.take(line)));
            continue;
        }
        auto manifest = TRY(within(where, assembly.finish()));
        if (!rest.empty()) return fail("line " + std::to_string(number + 1) + ": text after end");
        manifest.digest = crypto::sha256(as_bytes(bytes));
        return manifest;
    }
}

}  // namespace bulkhead::approval
