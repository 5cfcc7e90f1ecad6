// `bulkhead unseal`: writes the parts of a signed script as files of their own.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include "cli/base/files.hpp"
#include "cli/make_job.hpp"
#include "cli/signatures.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/signed_script.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/text.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{Option{"--to", Takes::once}, Option{"--no-signatures"},
                              Option{"--policy", Takes::once}, kVendorPolicy, kQuiet};
constexpr std::uint64_t kMost = 64_MiB;
constexpr std::size_t kMostOfName = 150;  // of the 255 bytes of a file's name (NAME_MAX)

struct Part {
    std::string name;  // of the file, without a path
    std::string content;
};

// The last component of the path. The parts are named after it.
Result<std::string> base_of(const std::string& path) {
    auto name = path == "-" ? "signed" : path.substr(path.rfind('/') + 1);
    const auto odd = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    if (name.size() <= kMostOfName && std::ranges::none_of(name, odd)) return name;
    return wrong(quoted(name, 64) + ": a name of at most " + std::to_string(kMostOfName) +
                 " bytes without control characters is needed, to name the parts after it; rename "
                 "it, or hand it on as standard input, \"-\"");
}

// Who signed, by allowed_signers; else the first digits of the key's fingerprint; or "invalid". The
// name is one of a file: a principal may hold any character.
std::string signer_of(ByteView blob, std::string_view manifest,
                      const std::optional<PolicyCopy>& policy) {
    const auto key = claimed_key(blob);
    if (!key || approval::match_sshsig(blob, *key, manifest) != approval::Match::valid) {
        return "invalid";
    }
    std::string name;
    if (policy) {
        for (const auto& signer : policy->policy.signers.signers) {
            if (signer.key == *key && name.empty()) name = signer.principals.front();
        }
    }
    if (name.empty()) {
        const auto print = approval::fingerprint(*key);
        name = "key-" + print.substr(print.find(':') + 1, 8);
    }
    for (auto& c : name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (!plain && c != '@' && c != '.' && c != '_' && c != '-') c = '_';
    }
    if (name.starts_with('.')) name[0] = '_';
    return name.substr(0, 64);
}

Result<std::vector<Part>> parts_of(const std::string& text, const std::string& base,
                                   bool with_signatures, const std::optional<PolicyCopy>& policy) {
    const auto split = TRY(approval::split_signed_script(text));
    if (!split.has_tail)
        return fail("it is no signed script: it has no line " + std::string(approval::kTailMarker));
    std::vector<Part> parts{{base + ".script", std::string(split.script)},
                            {base + ".manifest", split.manifest}};
    if (!with_signatures) return parts;
    for (const auto& blob : TRY(approval::dearmor(split.signatures))) {
        const auto stem = base + ".manifest." + signer_of(blob, split.manifest, policy);
        auto name = stem + ".sig";
        for (unsigned number = 2; std::ranges::count(parts, name, &Part::name) > 0; ++number) {
            name = stem + "-" + std::to_string(number) + ".sig";
        }
        parts.push_back({std::move(name), approval::armored(blob)});
    }
    return parts;
}

// Removes what was written, unless it is told to keep it.
class Written {
  public:
    explicit Written(const sys::Dir& to) : to_(to) {}
    Written(const Written&) = delete;
    Written& operator=(const Written&) = delete;
    ~Written() {
        for (const auto& name : names_) static_cast<void>(to_.remove_file(name));
    }

    Result<> write(const Part& part) {
        const auto file = TRY(to_.open_regular(part.name, O_WRONLY | O_CREAT | O_EXCL, 0666));
        names_.push_back(part.name);
        TRY(sys::write_all(file, as_bytes(part.content)));
        return sys::check(::fsync(file.get()), "fsync");
    }
    void keep() { names_.clear(); }

  private:
    const sys::Dir& to_;
    std::vector<std::string> names_;
};

}  // namespace

Result<int> unseal(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto path = TRY(options.one("file that seal wrote"));
    const auto policy = TRY(policy_of_hosts(options));
    const auto text = TRY(read_input(path, kMost));
    const auto parts = TRY(
        within(path, parts_of(text, TRY(base_of(path)), !options.has("--no-signatures"), policy)));
    const auto directory = options.value("--to", ".");
    const auto to = TRY(or_wrong(within("--to", sys::Dir::open(directory))));
    Written written(to);
    std::string list;
    for (const auto& part : parts) {
        auto done = written.write(part);
        if (!done && done.error().code == EEXIST) {
            return fail(directory + "/" + part.name +
                        ": is there already, and nothing is overwritten; remove it, or choose "
                        "another directory: --to DIR");
        }
        TRY(within(directory + "/" + part.name, std::move(done)));
        list += (directory == "." ? "" : directory + "/") + part.name + "\n";
    }
    TRY(to.sync());
    TRY(print_done(list));
    written.keep();
    return kDone;
}

}  // namespace bulkhead::cli
