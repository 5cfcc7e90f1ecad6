#include "common/policy/parse.hpp"

#include <algorithm>

#include "common/base/strong.hpp"
#include "common/policy/lines.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kLabelForm = "a name of [A-Za-z0-9._-]";

// A row under a name of its own.
template <class T>
Result<> add(Named<T>& map, const std::string& name, T value, const Line& line) {
    if (map.emplace(name, std::move(value)).second) return {};
    return line.wrong("\"" + name + "\" has a line already");
}

Result<> take_host_id(Policy& policy, Line& line) {
    policy.host.from_machine_id = line.accept("from-machine-id");
    if (policy.host.from_machine_id) return {};
    policy.host.id = TRY(line.matching(approval::is_label, kLabelForm));
    return {};
}

Result<> take_host_group(Policy& policy, Line& line) {
    auto label = TRY(line.matching(approval::is_label, kLabelForm));
    policy.host.groups.push_back(std::move(label));
    return {};
}

Result<> take_require(Policy& policy, Line& line) {
    auto feature = TRY(line.matching(approval::is_label, "a feature"));
    policy.requirements.push_back({std::move(feature), line.source()});
    return {};
}

constexpr Form<Policy> kHost[] = {
    {"host-id", true, "host-id from-machine-id|NAME", take_host_id},
    {"group", false, "group LABEL", take_host_group},
    {"require", false, "require FEATURE", take_require},
};

Result<> take_signers(Policy& policy, Line& line) {
    const auto name = TRY(line.matching(approval::is_label, kLabelForm));
    SignerGroup group{.principals = {}, .source = line.source()};
    while (line.more()) {
        auto who = TRY(line.matching(approval::is_principal, "a principal of allowed_signers"));
        group.principals.push_back(std::move(who));
    }
    return add(policy.signer_groups, name, std::move(group), line);
}

Result<> take_approval(Policy& policy, Line& line) {
    const auto profile = TRY(line.matching(approval::is_profile_name, "a profile's name"));
    ApprovalRule rule{.source = line.source()};
    if (TRY(line.one_of({"pinned-only", "need"})) == 1) {
        rule.need = TRY(line.number<unsigned>("a count of people", 1, 100));
        TRY(line.one_of({"of"}));
        rule.group = TRY(line.matching(approval::is_label, kLabelForm));
        TRY(line.one_of({"valid-for"}));
        rule.max_validity = TRY(line.seconds());
        rule.author_counts = line.accept("author-counts");
    }
    return add(policy.approvals, profile, std::move(rule), line);
}

constexpr Form<Policy> kApproval[] = {
    {"signers", false, "signers GROUP PRINCIPAL...", take_signers},
    {"profile", false,
     "profile NAME pinned-only, or: profile NAME need N of GROUP valid-for DURATION "
     "[author-counts]",
     take_approval},
};

constexpr Form<Policy> kInterpreters[] = {
    {"interpreter", false, "interpreter PATH",
     [](Policy& policy, Line& line) -> Result<> {
         return add(policy.interpreters, TRY(line.path()), line.source(), line);
     }},
};

constexpr Form<Policy> kBrokerLibs[] = {
    {"library", false, "library SONAME",
     [](Policy& policy, Line& line) -> Result<> {
         return add(policy.broker_libs, std::string(TRY(line.word("a soname"))), line.source(),
                    line);
     }},
};

template <ReadRow::Kind K>
Result<> take_read(Policy& policy, Line& line) {
    ReadRow row{.kind = K, .source = line.source()};
    row.name = TRY(line.matching(approval::is_label, kLabelForm));
    if (K != ReadRow::Kind::builtin) row.target = TRY(line.path());
    row.max_bytes = TRY(line.size());
    const auto name = row.name;
    return add(policy.reads, name, std::move(row), line);
}

constexpr Form<Policy> kReads[] = {
    {"file", false, "file NAME PATH SIZE", take_read<ReadRow::Kind::file>},
    {"glob", false, "glob NAME PATTERN SIZE", take_read<ReadRow::Kind::glob>},
    {"builtin", false, "builtin NAME SIZE", take_read<ReadRow::Kind::builtin>},
};

template <Access A>
Result<> take_worker_path(Policy& policy, Line& line) {
    policy.worker_landlock.paths.push_back(TRY(parse_path_rule(A, line)));
    return {};
}

constexpr Form<Policy> kLandlock[] = {
    {"read", false, "read PATH [if-present]", take_worker_path<Access::read>},
    {"write", false, "write PATH [if-present]", take_worker_path<Access::write>},
    {"tcp-connect", false, "tcp-connect PORT",
     [](Policy& policy, Line& line) -> Result<> {
         policy.worker_landlock.tcp_connect.push_back(TRY(line.number<std::uint16_t>("a port", 1)));
         return {};
     }},
};

template <const auto& Forms>
Result<> parse_with(Policy& policy, const std::string& file, std::string_view text) {
    return parse_lines(file, text, policy, Forms);
}

// The name between the folder and the suffix: it names the profile, the list, the job.
Result<std::string> stem_of(const std::string& file) {
    const auto begin = file.find('/') + 1;
    auto stem = file.substr(begin, file.rfind('.') - begin);
    if (approval::is_profile_name(stem)) return stem;
    return fail(file + ": rename it to [a-z][a-z0-9-]{0,31} and its suffix");
}

Result<> take_profile(Policy& policy, const std::string& file, std::string_view text) {
    auto profile = TRY(parse_profile(file, text));
    profile.name = TRY(stem_of(file));
    policy.profiles[profile.name] = profile;
    return {};
}

Result<> take_seccomp(Policy& policy, const std::string& file, std::string_view text) {
    auto list = TRY(parse_seccomp(file, text));
    list.name = TRY(stem_of(file));
    policy.seccomp[list.name] = list;
    return {};
}

Result<> take_manifest(Policy& policy, const std::string& file, std::string_view text) {
    Approved approved{.name = TRY(stem_of(file)), .bytes = std::string(text)};
    approved.manifest = TRY(within(file, approval::parse_manifest(text)));
    policy.approved[approved.name] = approved;
    return {};
}

Result<> take_script(Policy& policy, const std::string& file, std::string_view text) {
    const auto at = policy.approved.find(TRY(stem_of(file)));
    if (at == policy.approved.end()) {
        return fail(file + ": there is no manifest of that name beside it");
    }
    auto& [name, job] = *at;
    const auto pair = file + " and approved/" + name + ".manifest";
    if (text.size() != job.manifest.script_size) {
        return fail(pair + ": the script has " + std::to_string(text.size()) +
                    " bytes, script-size says " + std::to_string(job.manifest.script_size));
    }
    const auto digest = crypto::sha256(as_bytes(text));
    if (digest != job.manifest.script_sha256) {
        return fail(pair + ": the script's SHA-256 is " + crypto::hex(digest) +
                    ", script-sha256 says " + crypto::hex(job.manifest.script_sha256));
    }
    job.script = text;
    return {};
}

Result<> take_allowed_signers(Policy& policy, const std::string& file, std::string_view text) {
    policy.signers.signers = TRY(within(file, approval::parse_allowed_signers(text)));
    return {};
}

Result<> take_revoked_signers(Policy& policy, const std::string& file, std::string_view text) {
    policy.signers.revoked = TRY(within(file, approval::parse_revoked_signers(text)));
    return {};
}

constexpr FileKind kKinds[] = {
    {"", "host.policy", true, 64_KiB, parse_with<kHost>},
    {"", "approval.policy", true, 64_KiB, parse_with<kApproval>},
    {"", "interpreters.policy", true, 64_KiB, parse_with<kInterpreters>},
    {"", "reads.policy", true, 64_KiB, parse_with<kReads>},
    {"", "worker.landlock", true, 64_KiB, parse_with<kLandlock>},
    {"", "broker.libs", true, 64_KiB, parse_with<kBrokerLibs>},
    {"", "allowed_signers", false, approval::kMaxSignersFile, take_allowed_signers},
    {"", "revoked_signers", false, approval::kMaxSignersFile, take_revoked_signers},
    {"profiles", ".profile", false, 64_KiB, take_profile},
    {"seccomp", ".seccomp", false, 64_KiB, take_seccomp},
    {"approved", ".manifest", false, approval::kMaxManifest, take_manifest},
    {"approved", ".script", false, approval::kMaxScript, take_script},
};

}  // namespace

Result<PathRule> parse_path_rule(Access access, Line& line) {
    PathRule rule{.access = access, .path = TRY(line.path()), .source = line.source()};
    rule.if_present = line.accept("if-present");
    return rule;
}

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

Result<> parse_file(Policy& policy, const std::string& file, std::string_view text) {
    const auto* kind = kind_of(file);
    if (kind == nullptr) return fail(file + ": not a policy file");
    return kind->parse(policy, file, text);
}

Result<> complete(const Policy& policy, const std::vector<std::string>& files) {
    for (const auto& kind : kKinds) {
        if (!kind.required || std::find(files.begin(), files.end(), kind.name) != files.end()) {
            continue;
        }
        return fail(std::string(kind.name) + ": missing; take the one that the package ships");
    }
    for (const auto name : {"worker", "broker"}) {
        if (find(policy.seccomp, name) != nullptr) continue;
        return fail("seccomp/" + std::string(name) +
                    ".seccomp: missing; take the one that the package ships");
    }
    for (const auto& [name, profile] : policy.profiles) {
        if (find(policy.seccomp, profile.seccomp) != nullptr) continue;
        return fail(profile.source.file + ":" + std::to_string(profile.source.line) +
                    ": there is no seccomp/" + profile.seccomp + ".seccomp");
    }
    return {};
}

}  // namespace bulkhead::policy
