// `bulkhead seal`: joins script, manifest and signatures to one signed script, which any backend
// can deliver; or adds signatures to one, or to an artifact's manifest.
#include <algorithm>
#include <array>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/signatures.hpp"
#include "common/approval/artifact.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/signed_script.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::uint64_t kMost = 64_MiB;
constexpr std::array kOptions{kQuiet};

Result<> check_parts(std::string_view script, const std::string& script_file,
                     std::string_view manifest, const std::string& manifest_file) {
    const auto job = TRY(within(manifest_file, approval::parse_manifest(manifest)));
    const auto digest = crypto::sha256(as_bytes(script));
    if (job.script_size == script.size() && job.script_sha256 == digest) {
        TRY(require_sound(script_file, script, job.interpreter));
        const std::string advice =
            "make a manifest that says why with bulkhead new-job --odd-bytes REASON";
        TRY(require_visible(script_file, script, job.odd_bytes, advice));
        TRY(require_visible(manifest_file, manifest, job.odd_bytes, advice));
        return require_declared(script_file, script, job);
    }
    return fail(script_file + " is not the script of " + manifest_file + ": it has " +
                std::to_string(script.size()) + " bytes and SHA-256 " + crypto::hex(digest) +
                ". If the script is right, make a new manifest with bulkhead new-job and have it "
                "signed; if not, take the script that was signed");
}

struct Parts {
    std::string script_file;  // names, for errors and advice
    std::string manifest_file;
    std::string script;
    std::string manifest;
    std::string signatures;
    std::vector<std::string> more;  // files with signatures
};

// A signed script stands for its script, its manifest, and the signatures that it has.
Result<Parts> parts_of(const std::vector<std::string>& files, std::string script) {
    Parts parts{.script_file = files[0], .manifest_file = files[0]};
    parts.script = std::move(script);
    const auto split = approval::split_signed_script(parts.script);
    if (split && split->has_tail) {
        if (files.size() < 2) return wrong("give the signatures that are to be added");
        parts.manifest = split->manifest;
        parts.signatures = split->signatures;
        parts.script.resize(split->script.size());
        parts.more.assign(files.begin() + 1, files.end());
        return parts;
    }
    if (files.size() < 2) return wrong("give a script, its manifest, and the signatures");
    parts.manifest_file = files[1];
    parts.manifest = TRY(read_input(files[1], kMost));
    parts.more.assign(files.begin() + 2, files.end());
    return parts;
}

// An artifact's manifest, or its approval, with the signatures behind it.
Result<int> seal_artifact(const std::vector<std::string>& files, const std::string& text,
                          const Options& options) {
    if (files.size() < 2) return wrong("give the signatures that are to be added");
    const auto parts = TRY(within(files[0], approval::split_artifact_approval(text)));
    TRY(within(files[0], approval::parse_artifact_manifest(parts.manifest)));
    std::string signatures(parts.signatures);
    auto there = TRY(within(files[0], approval::dearmor(signatures)));
    const auto name = shell_word(files[0]);
    const auto where = signatures.empty() ? name : "<(sed '/^end$/q' " + name + ")";
    for (std::size_t i = 1; i < files.size(); ++i) {
        TRY(add_signatures(files[i], parts.manifest, where, approval::kArtifactNamespace, there,
                           signatures));
    }
    TRY(within("all signatures together", approval::dearmor(signatures)));
    TRY(print(std::string(parts.manifest) + signatures));
    options.hint(
        "next: ask what a host will say, then give object and approval to your backend:\n"
        "  bulkhead dry-run --policy DIR OBJECT.o --approval APPROVAL\n");
    return kDone;
}

}  // namespace

Result<int> seal(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto& files = options.operands();
    if (files.empty()) return wrong("give a script, its manifest, and the signatures");
    auto text = TRY(read_input(files[0], kMost));
    if (text.starts_with("bulkhead-artifact ")) return seal_artifact(files, text, options);
    const auto parts = TRY(parts_of(files, std::move(text)));
    TRY(check_parts(parts.script, parts.script_file, parts.manifest, parts.manifest_file));

    auto signatures = parts.signatures;
    auto there = TRY(within(parts.script_file, approval::dearmor(signatures)));
    for (const auto& file : parts.more) {
        TRY(add_signatures(file, parts.manifest, shell_word(parts.manifest_file),
                           approval::kNamespace, there, signatures));
    }
    TRY(within("all signatures together", approval::dearmor(signatures)));
    TRY(print(TRY(within(parts.script_file,
                         approval::join_signed_script(parts.script, parts.manifest, signatures)))));
    if (signatures.empty()) {
        options.hint(
            "note: no signature; only a host that has this manifest in policy/approved will run "
            "it\n");
    }
    options.hint(
        "next: ask what a host will say, then give the file to your backend:\n"
        "  bulkhead dry-run --policy DIR SIGNED\n");
    return kDone;
}

}  // namespace bulkhead::cli
