#include "common/approval/allowed_signers.hpp"

#include <algorithm>

#include "common/approval/lexical.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/tolerant_lines.hpp"
#include "common/base/ssh_pattern.hpp"
#include "common/base/text.hpp"
#include "common/crypto/ed25519.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

// Of ASCII alone, as strcasecmp(3) in the C locale.
std::string lower(string_view text) {
    std::string out(text);
    for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// A time such as 20260101Z, 202601010930Z or 20260101093000UTC. The zone is required, because
// ssh-keygen(1) reads a time without it as local time.
Result<UnixTime> parse_validity(string_view text) {
    const auto zone =
        lower(text.substr(std::min(text.find_first_not_of("0123456789"), text.size())));
    if (zone != "z" && zone != "utc") return fail("expected a time in UTC: YYYYMMDD[HHMM[SS]]Z");
    std::string digits(text.substr(0, text.size() - zone.size()));
    if (digits.size() == 8 || digits.size() == 12) digits.append(14 - digits.size(), '0');
    if (digits.size() != 14) return fail("expected YYYYMMDD[HHMM[SS]]Z");
    const auto part = [&](std::size_t at, std::size_t size) { return digits.substr(at, size); };
    const auto time = TRY(parse_utc(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" +
                                    part(8, 2) + ":" + part(10, 2) + ":" + part(12, 2) + "Z"));
    if (time == UnixTime{}) return fail("ssh-keygen(1) takes the first second of 1970 for none");
    return time;
}

bool is_namespace(string_view text) {
    return is_word(text, 64, is_alnum,
                   [](char c) { return is_alnum(c) || string_view("._@+-").contains(c); });
}

Result<> take_option(AllowedSigner& signer, string_view name, string_view value) {
    const auto once = [](bool taken) -> Result<> {
        if (taken) return fail("given twice");
        return {};
    };
    if (name == "namespaces") {
        TRY(once(!signer.namespaces.empty()));
        for (const auto word : split(value, ',')) {
            if (!is_namespace(word)) return fail("expected plain names, no patterns");
            signer.namespaces.emplace_back(word);
        }
        return {};
    }
    if (name == "valid-after" || name == "valid-before") {
        auto& time = name == "valid-after" ? signer.valid_after : signer.valid_before;
        TRY(once(time.has_value()));
        time = TRY(parse_validity(value));
        return {};
    }
    return fail("unknown option");
}

// Takes name="value",name="value". A value ends at the next quote; there is no escape.
Result<> take_options(AllowedSigner& signer, string_view text) {
    while (!text.empty()) {
        const auto name = text.substr(0, text.find_first_of("=,"));
        const auto shown = quoted(name, 32);
        if (lower(name) == "cert-authority") {
            return fail("cert-authority: certificates are not supported");
        }
        const auto open = name.size() + 1;
        const auto close =
            text.substr(name.size()).starts_with("=\"") ? text.find('"', open + 1) : text.npos;
        if (close == text.npos) return fail("\"" + shown + "\": expected name=\"value\"");
        const auto value = text.substr(open + 1, close - open - 1);
        TRY(within(shown, take_option(signer, lower(name), value)));
        text.remove_prefix(close + 1);
        if (text == "," || (!text.empty() && text[0] != ','))
            return fail("stray text after an option");
        if (!text.empty()) text.remove_prefix(1);
    }
    if (signer.valid_after && signer.valid_before && *signer.valid_after >= *signer.valid_before) {
        return fail("valid-before is not later than valid-after");
    }
    return {};
}

// Takes the first word. As for ssh-keygen (strdelimw() in misc.c), a quote pulls in what stands up
// to the next one, and the word ends there. False if it cannot be told where the word ends.
bool take_word(string_view& line, std::string& word) {
    const auto end = std::min(line.find_first_of(" \t\r\""), line.size());
    word = line.substr(0, end);
    line.remove_prefix(end);
    if (line.starts_with('"')) {
        const auto close = line.find('"', 1);
        if (close == line.npos) return false;
        word += line.substr(1, close - 1);
        line.remove_prefix(close + 1);
    }
    line = without_blanks(line);
    return !word.contains('\0');
}

// Takes what stands before the first blank outside quotes (sshkey_advance_past_options() in
// sshkey.c).
string_view take_quoted(string_view& line) {
    bool within_quotes = false;
    std::size_t end = 0;
    for (; end < line.size() && (within_quotes || (line[end] != ' ' && line[end] != '\t')); ++end) {
        if (line.substr(end).starts_with("\\\"")) {
            ++end;
        } else if (line[end] == '"') {
            within_quotes = !within_quotes;
        }
    }
    const auto text = line.substr(0, end);
    line = without_blanks(line.substr(std::min(end, line.size())));
    return text;
}

// A key at the beginning of `line`; nothing if there is none.
std::optional<AnyKey> key_at(string_view line, std::vector<string_view>& parts) {
    parts = words(line);
    return parts.size() < 2 ? std::nullopt : any_key(parts[0], parts[1]);
}

// Parses one line. What could be read of it is in `signer` after an error, too: `key` says whether
// its key is.
class LineParser {
  public:
    explicit LineParser(unsigned number) { signer.line = number; }

    Result<> parse(string_view line) {
        const bool holds_nul = line.contains('\0');
        const bool told = take_word(line, principals);
        if (!told) principals = "*";
        for (const auto name : split(std::as_const(principals), ',')) {
            signer.principals.emplace_back(name);
        }
        std::vector<string_view> parts;
        auto found = key_at(line, parts);
        string_view options;
        if (!found) {
            options = take_quoted(line);
            found = key_at(line, parts);
        }
        const bool signs = found && (parts[0] == key_type(PublicKey::Kind::ed25519) ||
                                     parts[0] == key_type(PublicKey::Kind::sk_ed25519));
        if (signs) signer.key = *found->ed25519;
        key = signs;
        if (holds_nul) return fail("holds a NUL");
        if (!told) return fail("a quote is not closed, so it may be anybody's line");
        for (const auto& name : signer.principals) {
            if (!is_principal(name)) {
                return fail("principal \"" + quoted(name, 64) +
                            "\": expected [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}, no patterns");
            }
        }
        // An option that nobody knows is more telling than the key after it.
        if (found || options.find_first_of("=,") != options.npos || lower(options) == kCa) {
            TRY(take_options(signer, options));
        }
        if (!found) return fail("expected: principals [options] key-type key");
        if (!signs) return {};
        static_cast<void>(TRY(parse_public_key(parts[0], parts[1])));
        return within("key", crypto::check_ed25519_key(signer.key.point));
    }

    std::string principals;
    AllowedSigner signer;
    bool key = false;  // it is one that can sign here

  private:
    static constexpr string_view kCa = "cert-authority";
};

}  // namespace

bool AllowedSigner::allows_namespace(string_view name) const {
    return namespaces.empty() ||
           std::find(namespaces.begin(), namespaces.end(), name) != namespaces.end();
}

bool AllowedSigner::valid_at(UnixTime time, std::chrono::seconds skew) const {
    return (!valid_after || *valid_after <= time + skew) &&
           (!valid_before || time <= *valid_before);
}

bool AllowedSigner::names(string_view principal) const {
    return std::ranges::any_of(
        principals, [&](string_view name) { return matches_ssh_pattern(name, principal); });
}

Result<AllowedSigners> parse_allowed_signers(string_view text) {
    if (text.size() > kMaxSignersFile) return fail("larger than 65536 bytes");
    AllowedSigners all;
    std::vector<AllowedSigner> refused;
    each_line(text, [&](string_view line, unsigned number) {
        LineParser parser(number);
        const auto parsed = parser.parse(line);
        if (!parsed) {
            all.refused.push_back({number, parser.principals, parsed.error().what});
            parser.signer.refused = "line " + std::to_string(number) + ": " + parsed.error().what;
            refused.push_back(parser.signer);
        } else if (!parser.key) {
            all.foreign.push_back(
                {number, parser.principals, "a key of this type cannot sign here"});
        }
        if (parser.key) all.signers.push_back(std::move(parser.signer));
    });
    for (auto& signer : all.signers) {
        for (const auto& bad : refused) {
            const auto named = [&](const std::string& name) { return bad.names(name); };
            if (signer.refused.empty() && std::ranges::any_of(signer.principals, named)) {
                signer.refused = bad.refused;
            }
        }
    }
    return all;
}

}  // namespace bulkhead::approval
