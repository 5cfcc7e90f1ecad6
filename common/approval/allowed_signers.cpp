#include "common/approval/allowed_signers.hpp"

#include <algorithm>
#include <functional>

#include "common/approval/lexical.hpp"
#include "common/approval/manifest.hpp"
#include "common/base/text.hpp"
#include "common/crypto/ed25519.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

// A time such as 20260101Z, 202601010930Z or 20260101093000Z. The Z is required, because
// ssh-keygen(1) reads a time without it as local time.
Result<UnixTime> parse_validity(string_view text) {
    if (!text.ends_with('Z')) return fail("expected a time in UTC: YYYYMMDD[HHMM[SS]]Z");
    std::string digits(text.substr(0, text.size() - 1));
    if (digits.size() == 8 || digits.size() == 12) digits.append(14 - digits.size(), '0');
    if (digits.size() != 14) return fail("expected YYYYMMDD[HHMM[SS]]Z");
    const auto part = [&](std::size_t at, std::size_t size) { return digits.substr(at, size); };
    return parse_utc(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(8, 2) + ":" +
                     part(10, 2) + ":" + part(12, 2) + "Z");
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
        if (name == "cert-authority") return fail("cert-authority: certificates are not supported");
        const auto open = name.size() + 1;
        const auto close =
            text.substr(name.size()).starts_with("=\"") ? text.find('"', open + 1) : text.npos;
        if (close == text.npos)
            return fail("\"" + quoted(name, 32) + "\": expected name=\"value\"");
        const auto value = text.substr(open + 1, close - open - 1);
        TRY(within(quoted(name, 32), take_option(signer, name, value)));
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

Result<AllowedSigner> parse_signer(string_view line) {
    const auto parts = words(line);
    AllowedSigner signer;
    for (const auto principal : split(parts[0], ',')) {
        if (!is_principal(principal)) {
            return fail("principal \"" + quoted(principal, 64) +
                        "\": expected [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}, no patterns");
        }
        signer.principals.emplace_back(principal);
    }
    // Options, if any, are the word between principals and key type. Words after the key are a
    // comment.
    const bool options = parts.size() > 1 && parts[1].find_first_of("=,") != string_view::npos;
    if (options || (parts.size() > 1 && parts[1] == "cert-authority")) {
        TRY(take_options(signer, parts[1]));
    }
    const std::size_t key = options ? 2 : 1;
    if (parts.size() < key + 2) return fail("expected: principals [options] key-type key");
    signer.key = TRY(parse_public_key(parts[key], parts[key + 1]));
    TRY(within("key", crypto::check_ed25519_key(signer.key.point)));
    return signer;
}

Result<> each_line(string_view text, const std::function<Result<>(string_view, unsigned)>& take) {
    if (text.size() > kMaxSignersFile) return fail("larger than 65536 bytes");
    if (!text.empty() && !text.ends_with('\n')) return fail("the last line has no LF at its end");
    unsigned number = 0;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        const auto where = "line " + std::to_string(++number);
        const auto odd = [](char c) { return (c < 0x20 && c != '\t') || c > 0x7e; };
        if (std::any_of(line.begin(), line.end(), odd)) {
            return fail(where + ": a byte that is not printable ASCII");
        }
        const auto rest = trimmed(line);
        if (rest.empty() || rest.starts_with('#')) continue;
        TRY(within(where, take(rest, number)));
    }
    return {};
}

}  // namespace

bool AllowedSigner::allows_namespace(string_view name) const {
    return namespaces.empty() ||
           std::find(namespaces.begin(), namespaces.end(), name) != namespaces.end();
}

bool AllowedSigner::valid_at(UnixTime time) const {
    return (!valid_after || *valid_after <= time) && (!valid_before || time <= *valid_before);
}

bool AllowedSigners::is_revoked(const PublicKey& key) const {
    return std::find(revoked.begin(), revoked.end(), key) != revoked.end();
}

Result<std::vector<AllowedSigner>> parse_allowed_signers(string_view text) {
    std::vector<AllowedSigner> signers;
    TRY(each_line(text, [&](string_view line, unsigned number) -> Result<> {
        signers.push_back(TRY(parse_signer(line)));
        signers.back().line = number;
        return {};
    }));
    return signers;
}

Result<std::vector<PublicKey>> parse_revoked_signers(string_view text) {
    std::vector<PublicKey> keys;
    TRY(each_line(text, [&](string_view line, unsigned) -> Result<> {
        const auto parts = words(line);
        if (parts.size() < 2) return fail("expected: key-type key");
        keys.push_back(TRY(parse_public_key(parts[0], parts[1])));
        return {};
    }));
    return keys;
}

}  // namespace bulkhead::approval
