// `bulkhead seal`: joins script, manifest and signatures to one signed script, which any backend
// can deliver.
#include <cstdio>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/signed_script.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::uint64_t kMost = 64_MiB;

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

// The key that a signature claims to be by. It is compared with no list of keys, so it proves no
// approval. It serves to tell an author early that a signature is of another file.
Result<approval::PublicKey> claimed_key(ByteView blob) {
    auto text = as_text(blob);
    if (!text.starts_with("SSHSIG") || text.size() < 10) return fail("not an SSH signature");
    text.remove_prefix(10);
    const auto key = TRY(take_string(text));
    std::string_view inner = key;
    return approval::parse_public_key(TRY(take_string(inner)), to_base64(as_bytes(key)));
}

Result<> check_signature(ByteView blob, std::string_view manifest, const std::string& file) {
    const auto key = TRY(claimed_key(blob));
    switch (approval::match_sshsig(blob, key, manifest)) {
        case approval::Match::valid:
            return {};
        case approval::Match::other_key:
            return fail(
                "not made with -n bulkhead-job-v1 and sha512; sign again: ssh-keygen -Y "
                "sign -n bulkhead-job-v1 -f KEY < " +
                file);
        case approval::Match::invalid:
            break;
    }
    return fail("is a signature by " + approval::fingerprint(key) +
                ", but not of this manifest (or its token was not touched); sign " + file +
                " as it is now");
}

Result<> check_parts(std::string_view script, const std::string& script_file,
                     std::string_view manifest, const std::string& manifest_file) {
    const auto job = TRY(within(manifest_file, approval::parse_manifest(manifest)));
    const auto digest = crypto::sha256(as_bytes(script));
    if (job.script_size == script.size() && job.script_sha256 == digest) {
        TRY(require_sound(script_file, script, job.interpreter));
        const std::string advice =
            "make a manifest that says why with bulkhead new-job --odd-bytes REASON";
        TRY(require_visible(script_file, script, job.odd_bytes, advice));
        return require_visible(manifest_file, manifest, job.odd_bytes, advice);
    }
    return fail(script_file + " is not the script of " + manifest_file + ": it has " +
                std::to_string(script.size()) + " bytes and SHA-256 " + crypto::hex(digest) +
                ". If the script is right, make a new manifest with bulkhead new-job and have it "
                "signed; if not, take the script that was signed");
}

// Reads a file of signatures. A last line without LF is accepted, as ssh-keygen(1) does. Characters
// that neither accepts usually come from an editor or terminal and are invisible, so the error says
// how to remove them.
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

}  // namespace

Result<int> seal(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, {}));
    const auto& files = options.operands();
    if (files.size() < 2) return wrong("give a script, its manifest, and the signatures");
    const auto script = TRY(read_input(files[0], kMost));
    const auto manifest = TRY(read_input(files[1], kMost));
    TRY(check_parts(script, files[0], manifest, files[1]));

    std::string signatures;
    for (std::size_t i = 2; i < files.size(); ++i) {
        const auto text = TRY(read_signatures(files[i]));
        const auto blobs = TRY(within(files[i], approval::dearmor(text)));
        if (blobs.empty()) return fail(files[i] + ": no signature in it");
        for (const auto& blob : blobs) {
            TRY(within(files[i], check_signature(blob, manifest, shell_word(files[1]))));
        }
        signatures += text;
    }
    TRY(within("all signatures together", approval::dearmor(signatures)));
    const auto sealed =
        TRY(within(files[0], approval::join_signed_script(script, manifest, signatures)));
    TRY(print(sealed));
    if (signatures.empty()) {
        std::fputs(
            "note: no signature; only a host that has this manifest in policy/approved "
            "will run it\n",
            stderr);
    }
    std::fputs(
        "next: ask what a host will say, then give the file to your backend:\n"
        "  bulkhead dry-run --policy DIR SIGNED\n",
        stderr);
    return kDone;
}

}  // namespace bulkhead::cli
