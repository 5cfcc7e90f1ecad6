// `bulkhead pin`: approves a script by writing its manifest, and the script, into a policy; or an
// artifact by its manifest.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <optional>

#include "cli/base/files.hpp"
#include "cli/check_pinned.hpp"
#include "cli/make_job.hpp"
#include "common/approval/artifact.hpp"
#include "common/base/text.hpp"
#include "common/policy/check.hpp"
#include "common/policy/pinned_twice.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;

constexpr auto with_ours() {
    std::array<Option, kJobOptions.size() + 3> all{Option{"--name", Takes::once},
                                                   Option{"--replace"}, Option{"--manifest-only"}};
    std::copy(kJobOptions.begin(), kJobOptions.end(), all.begin() + 3);
    return all;
}
constexpr auto kOptions = with_ours();
constexpr std::string_view kFolder = "approved";

// The two files of a pinned job, or the one if the backend brings the script; or that of an
// artifact.
struct Pin {
    std::string name;
    NewJob job;
    bool with_script = true;
    std::optional<approval::ArtifactManifest> artifact = std::nullopt;  // then the job has the text

    std::string manifest_file() const { return name + (artifact ? ".artifact" : ".manifest"); }
    std::string script_file() const { return name + ".script"; }
    std::string in_policy(const std::string& file) const {
        return std::string(kFolder) + "/" + file;
    }
};

// A host on which both manifests count loads neither of them for an object that comes bare.
void add_same_object(const Pin& pin, const policy::Policy& policy, UnixTime now,
                     std::vector<std::string>& errors) {
    const auto own = policy.approved_artifacts.find(pin.name);
    if (!pin.artifact || own == policy.approved_artifacts.end()) return;
    const auto& manifest = own->second.manifest;
    for (const auto& [name, other] : policy.approved_artifacts) {
        if (name == pin.name || other.manifest.elf_sha256 != manifest.elf_sha256) continue;
        if (policy::are_apart(manifest, other.manifest, now)) continue;
        errors.push_back(pin.in_policy(pin.manifest_file()) + ": pins the object of approved/" +
                         name +
                         ".artifact, and both are for one host at one time, which loads neither "
                         "of them for an object that comes without a manifest; to replace that "
                         "one: --name " +
                         name + " --replace");
    }
}

// The errors that check-policy would report, and what pin takes for one. Another remark that is no
// error is none here.
std::vector<std::string> errors_of(const Pin& pin, const PolicyCopy& copy) {
    const policy::Facts facts{.now = sys::now(), .is_system_call = [](std::string_view name) {
                                  return sandbox::syscall_number(name).has_value();
                              }};
    std::vector<std::string> errors;
    for (const auto& remark : policy::check(copy.policy, facts)) {
        if (remark.error) errors.push_back(remark.where + ": " + remark.text);
    }
    // A policy with pinned jobs that a host refuses does load; nobody means to pin one.
    for (const auto& remark : check_pinned(copy)) {
        errors.push_back(remark.where + ": " + remark.text);
    }
    for (const auto& [first, second] : policy::pinned_twice(copy.policy, facts.now)) {
        errors.push_back("approved/" + second->name + ".manifest: pins the script of approved/" +
                         first->name + ".manifest; where both are meant, say so in " +
                         "approval.policy: same-script " + first->name + " " + second->name);
    }
    add_same_object(pin, copy.policy, facts.now, errors);
    return errors;
}

// The files of that name which are there. An error if they may not be replaced.
Result<> require_room(const Pin& pin, const PolicyCopy& copy, bool replace) {
    auto texts = copy.files.texts;
    texts.insert(copy.left_out.begin(), copy.left_out.end());
    const auto manifest = pin.in_policy(pin.manifest_file());
    const auto script = texts.find(pin.in_policy(pin.script_file()));
    // Its author may have written the script where it is to lie, or a call have been interrupted
    // that pinned it.
    const bool other = !pin.artifact && script != texts.end() && script->second != pin.job.script;
    if (replace || (!texts.contains(manifest) && !other)) return {};
    return fail(copy.directory + "/" + (other ? pin.in_policy(pin.script_file()) : manifest) +
                ": is there already; choose another --name, or replace it: --replace");
}

// The policy as it will be, in memory.
Result<PolicyCopy> overlay(const Pin& pin, const PolicyCopy& copy) {
    auto after = copy;
    after.files.texts[pin.in_policy(pin.manifest_file())] = pin.job.text;
    if (pin.with_script) {
        after.files.texts[pin.in_policy(pin.script_file())] = pin.job.script;
    } else if (!pin.artifact) {
        after.files.texts.erase(pin.in_policy(pin.script_file()));
    }
    auto policy = policy::merge(after.vendor, after.files);
    if (!policy) return fail("the policy would not load with it: " + policy.error().what);
    after.policy = *std::move(policy);
    return after;
}

Result<> require_sound_policy(const Pin& pin, const PolicyCopy& copy) {
    const auto before = errors_of(pin, copy);
    std::string fresh;
    for (const auto& error : errors_of(pin, TRY(overlay(pin, copy)))) {
        if (std::ranges::count(before, error) == 0) fresh += "\n  " + error;
    }
    if (fresh.empty()) return {};
    return fail("nothing was written, for the policy would have errors:" + fresh);
}

// A file that is whole on the disk under another name, which policies ignore.
class Staged {
  public:
    Staged(const sys::Dir& folder, std::string name) : folder_(folder), name_(std::move(name)) {}
    Staged(const Staged&) = delete;
    Staged& operator=(const Staged&) = delete;
    ~Staged() { static_cast<void>(folder_.remove_file(temporary())); }

    // Owner and group are the folder's, so that a copy which root changes stays its owner's.
    Result<> write(std::string_view content) const {
        TRY(folder_.remove_file(temporary()));  // left by a call that was interrupted
        const auto file = TRY(folder_.open_regular(temporary(), O_WRONLY | O_CREAT | O_EXCL, 0600));
        TRY(sys::write_all(file, as_bytes(content)));
        struct stat folder {};
        TRY(sys::check(::fstat(folder_.fd(), &folder), "stat"));
        if (::geteuid() == 0) {
            TRY(sys::check(::fchown(file.get(), folder.st_uid, folder.st_gid), "chown"));
        }
        TRY(sys::check(::fchmod(file.get(), 0644), "chmod"));
        return sys::check(::fsync(file.get()), "fsync");
    }
    Result<> put() const {
        return sys::check(
            ::renameat(folder_.fd(), temporary().c_str(), folder_.fd(), name_.c_str()),
            "rename " + name_);
    }

  private:
    std::string temporary() const { return name_ + ".new"; }

    const sys::Dir& folder_;
    std::string name_;
};

Result<sys::Dir> open_folder(const std::string& directory) {
    const auto top = TRY(only_root(within(directory, sys::Dir::open(directory))));
    const std::string name(kFolder);
    const bool fresh = ::faccessat(top.fd(), name.c_str(), F_OK, 0) != 0;
    auto folder = TRY(only_root(within(directory + "/" + name, top.make_dir(name, 0755))));
    if (!fresh) return folder;
    struct stat owner {};
    TRY(sys::check(::fstat(top.fd(), &owner), directory));
    TRY(sys::check(::fchmod(folder.fd(), 0755), "chmod"));  // whatever the umask
    if (::geteuid() == 0) {
        TRY(sys::check(::fchown(folder.fd(), owner.st_uid, owner.st_gid), "chown"));
    }
    TRY(top.sync());
    return folder;
}

// Both files are on the disk before the first is renamed. A script without its manifest makes a
// policy that does not load, so between the two names nothing is granted.
Result<> put(const Pin& pin, const sys::Dir& folder) {
    const Staged script(folder, pin.script_file());
    const Staged manifest(folder, pin.manifest_file());
    if (pin.with_script) TRY(script.write(pin.job.script));
    TRY(manifest.write(pin.job.text));
    const bool had_script = ::faccessat(folder.fd(), pin.script_file().c_str(), F_OK, 0) == 0;
    if (pin.with_script) {
        TRY(script.put());
    } else if (!pin.artifact) {
        TRY(folder.remove_file(pin.script_file()));
    }
    TRY(folder.sync());
    auto done = manifest.put();
    if (!done && pin.with_script && !had_script) {
        static_cast<void>(folder.remove_file(pin.script_file()));
    }
    TRY(done);
    return folder.sync();
}

Result<std::string> name_of(const Options& options) {
    const auto path = options.operands().empty() ? std::string() : options.operands()[0];
    auto name = options.value("--name", job_name_of(path));
    if (approval::is_job_id(name)) return name;
    return wrong("--name: expected [a-z0-9][a-z0-9-]{0,63}, the name of the file in approved/");
}

std::string summary_of(const Pin& pin, const PolicyCopy& copy, bool replaced) {
    const auto& job = pin.job.manifest;
    const auto done = (replaced ? "replaced " : "pinned ") + copy.directory + "/" +
                      pin.in_policy(pin.manifest_file());
    if (const auto& artifact = pin.artifact) {
        return done + "\n  artifact " + artifact->id + ", until " +
               format_utc(artifact->not_after) + "\n  the backend sends the object\n";
    }
    return done + "\n  job " + job.job_id.value + ", profile " + job.profile + ", until " +
           format_utc(job.not_after) + "\n  " +
           (pin.with_script
                ? "the backend names it as catalogue job " + pin.name + ", or sends the script"
                : "the backend sends the script") +
           "\n";
}

constexpr std::string_view kArtifact = ".artifact";
constexpr std::array kArtifactPinOptions{Option{"--name", Takes::once}, Option{"--replace"},
                                         Option{"--policy", Takes::once}, kQuiet, kVendorPolicy};

// A job is of a profile, and an artifact of none.
bool is_of_artifact(const Arguments& arguments) {
    const auto is_profile = [](const auto& one) { return one.starts_with("--profile"); };
    return std::ranges::none_of(arguments, is_profile) &&
           std::ranges::any_of(arguments, [](const auto& one) { return one.ends_with(kArtifact); });
}

// Root's own word needs no signature, so those in the file are left out.
Result<> take_artifact(Pin& pin, const std::string& path) {
    const auto text = TRY(read_input(path, 1_MiB));
    const auto parts = TRY(within(path, approval::split_artifact_approval(text)));
    pin.artifact = TRY(within(path, approval::parse_artifact_manifest(parts.manifest)));
    pin.job.text = parts.manifest;
    pin.with_script = false;
    return {};
}

// Writes under a lock, after it was asked what the policy would be with it.
Result<int> write_pin(const Pin& pin, const PolicyCopy& copy, const Options& options,
                      const std::string& directory, const std::vector<std::string>& own) {
    TRY(require_room(pin, copy, options.has("--replace")));
    TRY(require_sound_policy(pin, copy));
    const bool hosts_own = copy.directory == kPolicyDirectory;

    const auto folder = TRY(open_folder(copy.directory));
    if (::flock(folder.fd(), LOCK_EX | LOCK_NB) != 0) {
        return fail(copy.directory + "/approved: another bulkhead pin is writing there");
    }
    const auto now =
        TRY(load_policy(directory, options, own));  // as it is since nobody else writes
    TRY(require_room(pin, now, options.has("--replace")));
    TRY(require_sound_policy(pin, now));
    TRY(only_root(within(copy.directory + "/approved", put(pin, folder))));
    const bool replaced = now.files.texts.contains(own[0]) || now.left_out.contains(own[0]);
    TRY(print_done(summary_of(pin, copy, replaced)));
    options.hint(hosts_own ? "next: reload: bulkhead reload\n"
                           : "next: bring it to the hosts, and reload there: bulkhead reload\n");
    return kDone;
}

Result<PolicyCopy> load_for_pin(const Options& options, const std::string& directory,
                                const std::vector<std::string>& own) {
    auto copy = TRY(load_policy(directory, options, own));
    if (copy.directory == kPolicyDirectory && !copy.host_would_say.empty()) {
        return fail("this host does not load its policy: " + copy.host_would_say);
    }
    return copy;
}

Result<int> pin_artifact(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kArtifactPinOptions));
    const auto path = TRY(options.one("manifest, NAME.artifact"));
    const auto directory = options.value("--policy", kPolicyDirectory);
    Pin pin{.name = TRY(name_of(options)), .job = {}};
    TRY(take_artifact(pin, path));
    const std::vector<std::string> own{pin.in_policy(pin.manifest_file())};
    const auto copy = TRY(load_for_pin(options, directory, own));
    return write_pin(pin, copy, options, directory, own);
}

}  // namespace

Result<int> pin(const Arguments& arguments) {
    if (is_of_artifact(arguments)) return pin_artifact(arguments);
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto directory = options.value("--policy", kPolicyDirectory);
    Pin pin{.name = TRY(name_of(options)), .job = {}};
    // Files of this name that do not fit each other are no obstacle: they are replaced.
    const std::vector<std::string> own{pin.in_policy(pin.manifest_file()),
                                       pin.in_policy(pin.script_file())};
    const std::optional<PolicyCopy> loaded = TRY(load_for_pin(options, directory, own));
    pin.job = TRY(make_job(options, By::pin, loaded));
    pin.with_script = !options.has("--manifest-only");
    return write_pin(pin, *loaded, options, directory, own);
}

}  // namespace bulkhead::cli
