#include "cli/signatures.hpp"

#include <algorithm>

#include "cli/base/files.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::cli {

namespace {

// Takes a `string` of RFC 4251, section 5, from the front. An SSHSIG blob begins with "SSHSIG", a
// version, and the signer's public key as such a string (OpenSSH's PROTOCOL.sshsig).
Result<std::string> take_string(std::string_view& bytes) {
    if (bytes.size() < 4) return fail("cut short");
    std::size_t size = 0;
    for (const char c : bytes.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(c);
    if (bytes.size() - 4 < size) return fail("cut short");
    auto text = std::string(bytes.substr(4, size));
    bytes.remove_prefix(4 + size);
    return text;
}

}  // namespace

Result<approval::PublicKey> claimed_key(ByteView blob) {
    auto text = as_text(blob);
    if (!text.starts_with("SSHSIG") || text.size() < 10) return fail("not an SSH signature");
    text.remove_prefix(10);
    const auto key = TRY(take_string(text));
    std::string_view inner = key;
    return approval::parse_public_key(TRY(take_string(inner)), to_base64(as_bytes(key)));
}

Result<> check_signature(ByteView blob, std::string_view manifest, const std::string& file,
                         std::string_view name_space) {
    const auto key = TRY(claimed_key(blob));
    const std::string space(name_space);
    switch (approval::match_sshsig(blob, key, manifest, name_space)) {
        case approval::Match::valid:
            return {};
        case approval::Match::other_key:
            return fail("not made with -n " + space +
                        " and sha512; sign again: ssh-keygen -Y sign -n " + space + " -f KEY < " +
                        file);
        case approval::Match::invalid:
            break;
    }
    return fail("is a signature by " + approval::fingerprint(key) +
                ", but not of this manifest (or its token was not touched); sign " + file +
                " as it is now");
}

Result<> add_signatures(const std::string& file, std::string_view manifest,
                        const std::string& where, std::string_view name_space,
                        std::vector<Bytes>& there, std::string& signatures) {
    const auto text = TRY(read_signatures(file));
    const auto blobs = TRY(within(file, approval::dearmor(text)));
    if (blobs.empty()) return fail(file + ": no signature in it");
    bool fresh = false;
    for (const auto& blob : blobs) {
        TRY(within(file, check_signature(blob, manifest, where, name_space)));
        if (std::ranges::count(there, blob) > 0) continue;
        there.push_back(blob);
        fresh = true;
    }
    if (fresh) signatures += text;
    return {};
}

Result<std::string> read_signatures(const std::string& file) {
    auto text = TRY(read_input(file, 1_MiB));
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    const auto mend = [&](const char* command) {
        return std::string("; take it off: sed -i ") + command + " " + shell_word(file);
    };
    std::size_t number = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        const auto where = file + ":" + std::to_string(++number) + ": ";
        if (line.starts_with("\xff\xfe")) return fail(where + "is UTF-16; save it as plain ASCII");
        if (line.starts_with("\xef\xbb\xbf")) {
            return fail(where + "begins with a byte order mark" + mend("'1s/^\\xef\\xbb\\xbf//'"));
        }
        if (line.ends_with('\r')) return fail(where + "ends with CR LF" + mend("'s/\\r$//'"));
        if (trimmed(line).empty()) return fail(where + "is empty" + mend("'/^[[:blank:]]*$/d'"));
        if (trimmed(line) != line) {
            return fail(where + "has blanks at its begin or end" +
                        mend("'s/^[[:blank:]]*//; s/[[:blank:]]*$//'"));
        }
    }
    return text;
}

}  // namespace bulkhead::cli
