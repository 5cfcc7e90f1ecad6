#include "common/policy/parse.hpp"

#include <algorithm>
#include <functional>

#include "common/approval/sshsig.hpp"
#include "common/base/strong.hpp"
#include "common/policy/approval_rule.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/credentials.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/pattern.hpp"
#include "common/policy/skew.hpp"
#include "common/policy/vendor.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

using Times = Form::Times;

Result<std::string> label(Line& line) {
    return line.matching(approval::is_label, "a name of [A-Za-z0-9._-]");
}
Result<std::string> soname(Line& line) { return std::string(TRY(line.word("a soname"))); }

// Of a line for whoever reads the policy: it decides nothing here.
Result<> take_nothing(Policy&, Line& line) {
    static_cast<void>(TRY(soname(line)));
    return {};
}

// Called with a row of a map, never with a temporary.
// NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter)
const Source& source_of(const Source& source) { return source; }
const Source& source_of(const auto& row) { return row.source; }

// Adds a row under its name; an error if the name exists.
template <class T>
Result<> add(Named<T>& map, const std::string& name, T value, const Line& line) {
    const auto [first, fresh] = map.emplace(name, std::move(value));
    if (fresh) return {};
    const auto& there = source_of(first->second);
    const auto already = "\"" + name + "\" has a line already";
    if (there.file == line.source().file) return line.wrong(already);
    return line.wrong(already + " in " + there.at() +
                      ", and added lines change nothing; replace that file whole instead");
}

// Adds a line that has only a name and a reason.
Result<> add_name(Named<Source>& names, Result<std::string> name, const Line& line) {
    return add(names, TRY(std::move(name)), line.source(), line);
}

Result<> take_host_id(Policy& policy, Line& line) {
    policy.host.from_machine_id = line.accept("from-machine-id");
    if (!policy.host.from_machine_id) policy.host.id = TRY(label(line));
    return {};
}

Result<> take_host_group(Policy& policy, Line& line) {
    policy.host.groups.push_back(TRY(label(line)));
    return {};
}

Result<> take_readers(Policy& policy, Line& line) {
    policy.host.readers = TRY(label(line));
    return {};
}

Result<> take_realm(Policy& policy, Line& line) {
    policy.host.realm = TRY(label(line));
    return {};
}

Result<> take_epoch(Policy& policy, Line& line) {
    policy.host.epoch = TRY(line.number(0, approval::kMaxEpoch));
    return {};
}

Result<> take_accept_v1(Policy& policy, Line& line) {
    TRY(line.one_of({"until"}));
    const auto time = parse_utc(TRY(line.word("a time such as 2027-12-31T00:00:00Z")));
    if (!time) return line.wrong(time.error().what);
    policy.host.accept_v1_until = *time;
    return {};
}

// Refuses a file of a later format, whose words may have another meaning there. All earlier ones
// are read: what they say has the same meaning in this one.
Result<> take_format(Policy& policy, Line& line) {
    policy.format = TRY(line.number(0, 1'000'000));
    if (policy.format <= kFormat) return {};
    return line.wrong("written for a later version of Bulkhead: this one reads formats 0 to " +
                      std::to_string(kFormat));
}

Result<> take_requirement(Policy& policy, Line& line) {
    policy.requirements.push_back({TRY(label(line)), line.source()});
    return {};
}

Result<> take_signers(Policy& policy, Line& line) {
    const auto name = TRY(label(line));
    SignerGroup group{.principals = {}, .source = line.source()};
    while (line.more()) {
        auto who = TRY(line.matching(approval::is_principal, "a principal of allowed_signers"));
        group.principals.push_back(std::move(who));
    }
    return add(policy.signer_groups, name, std::move(group), line);
}

Result<> take_same_script(Policy& policy, Line& line) {
    SameScript same{.jobs = {}, .source = line.source()};
    while (same.jobs.size() < 2 || line.more()) {
        same.jobs.push_back(
            TRY(line.matching(approval::is_job_id, "the name of a manifest of approved/")));
    }
    policy.same_scripts.push_back(std::move(same));
    return {};
}

Result<> take_skew(Policy& policy, Line& line) {
    policy.skew = TRY(line.seconds());
    if (policy.skew <= kMaxSkew) return {};
    return line.wrong("at most 15m: what is further apart is a clock to set right");
}

Result<> take_artifact_approval(Policy& policy, Line& line) {
    policy.artifact_approval = TRY(take_approval_rule(line, Approves::artifacts));
    return {};
}

Result<> take_rule(Policy& policy, Line& line) {
    const auto profile = TRY(line.matching(approval::is_profile_name, "a profile's name"));
    return add(policy.approvals, profile, TRY(take_approval_rule(line, Approves::jobs)), line);
}

bool lies_beneath(std::string_view path, std::string_view directory) {
    return path.starts_with(directory) && path.substr(directory.size()).starts_with('/');
}

Result<> take_read(bool is_pattern, Policy& policy, Line& line) {
    const auto name = TRY(label(line));
    ReadRow row{.target = TRY(line.path()), .is_pattern = is_pattern, .source = line.source()};
    if (has_wildcard(row.target) != is_pattern) {
        return line.wrong(is_pattern ? "a pattern holds * or ?; this is a file"
                                     : "a path with * or ? is a glob");
    }
    row.max_bytes = TRY(line.size());
    if (line.accept("links-within")) {
        row.links_within = TRY(line.path());
        const auto plain = row.target.substr(0, row.target.find_first_of("*?"));
        const bool everywhere = row.links_within == "/" && !is_pattern;
        if (!everywhere && !lies_beneath(plain, row.links_within)) {
            return line.wrong("not a directory above " + row.target);
        }
    }
    row.private_too = is_pattern && line.accept("private-too");
    policy.reads[name].push_back(std::move(row));
    return {};
}

Result<> take_builtin(Policy& policy, Line& line) {
    const auto name = kBuiltins[TRY(line.one_of(kBuiltins))];
    BuiltinRow row{.max_bytes = TRY(line.size()), .source = line.source()};
    return add(policy.builtins, std::string(name), std::move(row), line);
}

Result<> take_credential_row(Policy& policy, Line& line) {
    policy.credentials.push_back(TRY(take_credential(line)));
    return {};
}

Result<> take_worker_path(Access access, Policy& policy, Line& line) {
    policy.worker_landlock->paths.push_back(TRY(take_path_rule(access, line)));
    return {};
}

Result<> take_worker_port(Policy& policy, Line& line) {
    return take_port(policy.worker_landlock->connects, line);
}

// Parses "without egress": the agent then also starts on a host that lacks this wall.
Result<> take_waiver(Policy& policy, Line& line) {
    TRY(line.one_of({kEgressWall}));
    policy.waivers.push_back({std::string(kEgressWall), line.source()});
    return {};
}

// The forms of the lines of all files that are not in a folder.
constexpr struct {
    std::string_view file;
    Times times;
    std::string_view usage;
    Result<> (*take)(Policy&, Line&);
} kForms[] = {
    {"host.policy", Times::at_most_once, "policy-format NUMBER", take_format},
    {"host.policy", Times::once, "host-id from-machine-id|NAME", take_host_id},
    {"host.policy", Times::any, "group LABEL", take_host_group},
    {"host.policy", Times::at_most_once, "readers GROUP", take_readers},
    {"host.policy", Times::at_most_once, "realm NAME", take_realm},
    {"host.policy", Times::at_most_once, "epoch NUMBER", take_epoch},
    {"host.policy", Times::at_most_once, "accept-v1 until TIME", take_accept_v1},
    {"host.policy", Times::any, "require FEATURE", take_requirement},
    {"host.policy", Times::at_most_once, "without egress", take_waiver},
    {"approval.policy", Times::any, "signers GROUP PRINCIPAL...", take_signers},
    {"approval.policy", Times::any,
     "profile NAME pinned-only|need N of GROUP [and M of GROUP]... valid-for DURATION "
     "[author-counts] [BOUND...]",
     take_rule},
    {"approval.policy", Times::at_most_once,
     "artifacts pinned-only|need N of GROUP [and M of GROUP]... valid-for DURATION "
     "[author-counts] [BOUND...]",
     take_artifact_approval},
    {"approval.policy", Times::at_most_once, "skew DURATION", take_skew},
    {"approval.policy", Times::any, "same-script NAME NAME...", take_same_script},
    {"interpreters.policy", Times::any, "interpreter PATH",
     [](Policy& policy, Line& line) { return add_name(policy.interpreters, line.path(), line); }},
    {"reads.policy", Times::any, "file NAME PATH SIZE [links-within PATH]",
     [](Policy& policy, Line& line) { return take_read(false, policy, line); }},
    {"reads.policy", Times::any, "glob NAME PATTERN SIZE [links-within PATH] [private-too]",
     [](Policy& policy, Line& line) { return take_read(true, policy, line); }},
    {"reads.policy", Times::any, "builtin socket-owners|file-systems SIZE", take_builtin},
    {"credentials.policy", Times::any, "file PATTERN [backend NAME]", take_credential_row},
    {"worker.landlock", Times::any, "read PATH [if-present]",
     [](Policy& policy, Line& line) { return take_worker_path(Access::read, policy, line); }},
    {"worker.landlock", Times::any, "write PATH [if-present]",
     [](Policy& policy, Line& line) { return take_worker_path(Access::write, policy, line); }},
    {"worker.landlock", Times::any, "tcp-connect PORT", take_worker_port},
    {"broker.libs", Times::any, "library SONAME",
     [](Policy& policy, Line& line) { return add_name(policy.broker_libs, soname(line), line); }},
    {"worker.libs", Times::any, "library SONAME", take_nothing},
    {"worker.libs", Times::any, "with-system-curl SONAME", take_nothing},
};

Result<> take_lines(Policy& policy, const std::string& file, const Text& text) {
    std::vector<Form> forms;
    for (const auto& form : kForms) {
        if (form.file != file) continue;
        forms.push_back({form.times, form.usage, std::bind_front(form.take, std::ref(policy))});
    }
    return parse_lines(file, text, forms);
}

// "FILE:7: TEXT" of an error "line 7: TEXT", so that a place is spelt alike for every file.
template <class T>
Result<T> at_line(const std::string& file, Result<T> result) {
    constexpr std::string_view kLine = "line ";
    if (result || !result.error().what.starts_with(kLine)) return within(file, std::move(result));
    auto error = std::move(result).error();
    error.what.replace(0, kLine.size(), file + ":");
    return std::unexpected(std::move(error));
}

// The file's name without folder and suffix, which is the name of the profile, list or job.
Result<std::string> stem_of(const std::string& file) {
    const auto begin = file.find('/') + 1;
    auto stem = file.substr(begin, file.rfind('.') - begin);
    if (approval::is_job_id(stem)) return stem;
    return fail(file + ": rename it to [a-z0-9][a-z0-9-]{0,63} and its suffix");
}

Result<> take_profile(Policy& policy, const std::string& file, const Text& text) {
    const auto name = TRY(stem_of(file));
    auto& map = is_part(name) ? policy.parts : policy.profiles;
    map[name] = TRY(parse_profile(name, file, text));
    return {};
}

Result<> take_seccomp(Policy& policy, const std::string& file, const Text& text) {
    const auto name = TRY(stem_of(file));
    auto& list = policy.seccomp[name] = TRY(parse_seccomp(file, text));
    list.name = name;
    return {};
}

Result<> take_manifest(Policy& policy, const std::string& file, const Text& text) {
    Approved approved{.name = TRY(stem_of(file)), .bytes = std::string(text.own)};
    approved.manifest = TRY(at_line(file, approval::parse_manifest(text.own)));
    policy.approved[approved.name] = approved;
    return {};
}

Result<> take_pinned_artifact(Policy& policy, const std::string& file, const Text& text) {
    const auto parts = TRY(at_line(file, approval::split_artifact_approval(text.own)));
    ApprovedArtifact approved{.name = TRY(stem_of(file)), .bytes = std::string(parts.manifest)};
    approved.manifest = TRY(at_line(file, approval::parse_artifact_manifest(parts.manifest)));
    policy.approved_artifacts[approved.name] = approved;
    return {};
}

Result<> take_script(Policy& policy, const std::string& file, const Text& whole) {
    const auto text = whole.own;
    const auto at = policy.approved.find(TRY(stem_of(file)));
    if (at == policy.approved.end()) {
        return fail(file + ": there is no manifest of that name beside it; " +
                    "remove it, or pin it again");
    }
    auto& [name, job] = *at;
    const auto pair = file + " and approved/" + name + ".manifest";
    const std::string way_out = "; put back the one that was pinned, or pin it again: --replace";
    if (text.size() != job.manifest.script_size) {
        return fail(pair + ": the script has " + std::to_string(text.size()) +
                    " bytes, script-size says " + std::to_string(job.manifest.script_size) +
                    way_out);
    }
    const auto digest = crypto::sha256(as_bytes(text));
    if (digest != job.manifest.script_sha256) {
        return fail(pair + ": the script's SHA-256 is " + crypto::hex(digest) +
                    ", script-sha256 says " + crypto::hex(job.manifest.script_sha256) + way_out);
    }
    job.script = text;
    return {};
}

Result<> take_allowed_signers(Policy& policy, const std::string& file, const Text& text) {
    auto signers = TRY(at_line(file, approval::parse_allowed_signers(text.own)));
    signers.revoked = std::move(policy.signers.revoked);
    policy.signers = std::move(signers);
    return {};
}

Result<> take_revoked_signers(Policy& policy, const std::string& file, const Text& text) {
    policy.signers.revoked = TRY(at_line(file, approval::parse_revoked_signers(text.own)));
    return {};
}

Result<> take_revoked_jobs(Policy& policy, const std::string& file, const Text& text) {
    policy.revoked_jobs = TRY(at_line(file, approval::parse_revoked_jobs(text.own)));
    return {};
}

Result<> take_landlock(Policy& policy, const std::string& file, const Text& text) {
    policy.worker_landlock.emplace();
    return take_lines(policy, file, text);
}

Result<> take_artifacts(Policy& policy, const std::string& file, const Text& text) {
    return parse_artifact_rules(policy.artifacts.emplace(), file, text);
}

Result<> take_vendor(Policy&, const std::string& file, const Text& text) {
    static_cast<void>(TRY(parse_vendor(file, text)));
    return {};
}

Result<> take_shipped(Policy&, const std::string& file, const Text& text) {
    static_cast<void>(TRY(parse_shipped(file, text.own)));
    return {};
}

constexpr auto kLines = Lines::may_be_added;
constexpr auto kOwn = Lines::are_its_own;
constexpr bool kGrants = true;

constexpr FileKind kKinds[] = {
    {"", "vendor.policy", false, 64_KiB, take_vendor, From::vendor, kOwn},
    {"", "shipped.digests", false, 1_MiB, take_shipped, From::vendor, kOwn},
    {"", "host.policy", true, 64_KiB, take_lines, From::operators},
    {"", "approval.policy", true, 64_KiB, take_lines, From::operators, kLines, kGrants},
    {"", "artifacts.policy", false, 64_KiB, take_artifacts, From::operators, kLines, kGrants},
    {"", "interpreters.policy", true, 64_KiB, take_lines},
    {"", "reads.policy", true, 64_KiB, take_lines},
    {"", "credentials.policy", false, 64_KiB, take_lines},
    {"", "worker.landlock", false, 64_KiB, take_landlock},
    {"", "broker.libs", true, 64_KiB, take_lines},
    {"", "worker.libs", false, 64_KiB, take_lines},
    {"", "allowed_signers", false, approval::kMaxSignersFile, take_allowed_signers, From::operators,
     kOwn, kGrants},
    {"", "revoked_signers", false, approval::kMaxRevokedFile, take_revoked_signers, From::operators,
     kOwn, kGrants},
    {"", "revoked_jobs", false, approval::kMaxRevokedFile, take_revoked_jobs, From::operators, kOwn,
     kGrants},
    {"profiles", ".profile", false, 64_KiB, take_profile},
    {"seccomp", ".seccomp", false, 64_KiB, take_seccomp},
    {"approved", ".manifest", false, approval::kMaxManifest, take_manifest, From::operators, kOwn,
     kGrants},
    {"approved", ".artifact", false, approval::kMaxManifest + approval::kMaxSignatureText,
     take_pinned_artifact, From::operators, kOwn, kGrants},
    {"approved", ".script", false, approval::kMaxScript, take_script, From::operators, kOwn,
     kGrants},
};

std::unexpected<Error> missing(std::string_view file) {
    return fail(std::string(file) + ": missing; take the one that the package ships");
}

}  // namespace

const FileKind* kind_of(std::string_view file) {
    const auto slash = file.find('/');
    const auto folder = slash == file.npos ? "" : file.substr(0, slash);
    const auto name = file.substr(slash + 1);
    const auto* at = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const FileKind& kind) {
        if (kind.folder != folder) return false;
        return folder.empty() ? kind.name == name : name.ends_with(kind.name);
    });
    return at == std::end(kKinds) ? nullptr : at;
}

Result<> parse_file(Policy& policy, const std::string& file, const Text& text) {
    const auto* kind = kind_of(file);
    if (kind == nullptr) return fail(file + ": not a policy file");
    return kind->parse(policy, file, text);
}

Result<> require_files(const std::vector<std::string>& files, bool of_grants) {
    for (const auto& kind : kKinds) {
        if (!kind.required || (of_grants && !kind.grants)) continue;
        if (std::ranges::count(files, kind.name) == 0) return missing(kind.name);
    }
    return {};
}

Result<> complete(Policy& policy, const std::vector<std::string>& files) {
    TRY(require_files(files, false));
    for (const auto part : {"broker", "config-reader", "vet", "worker"}) {
        if (find(policy.parts, part) == nullptr) {
            return missing("profiles/" + std::string(part) + ".profile");
        }
    }
    if (policy.artifacts && find(policy.parts, "loader") == nullptr) {
        return missing("profiles/loader.profile");
    }
    if (const auto& old = policy.worker_landlock) {
        auto& worker = policy.parts.find("worker")->second;
        worker.paths = old->paths;
        worker.connects = old->connects;
        worker.ports = ports_of(worker.connects);
    }
    for (const auto* profiles : {&policy.parts, &policy.profiles}) {
        for (const auto& [name, profile] : *profiles) {
            TRY(check_profile(profile));
            if (find(policy.seccomp, profile.seccomp) != nullptr) continue;
            return fail(profile.source.at() + ": there is no seccomp/" + profile.seccomp +
                        ".seccomp");
        }
    }
    return {};
}

}  // namespace bulkhead::policy
