#include "cli/make_artifact.hpp"

#include <elf.h>

#include <cstddef>

#include "cli/base/files.hpp"
#include "cli/base/layout.hpp"
#include "cli/bind_job.hpp"
#include "cli/dry_run_artifact.hpp"
#include "common/admission/admit_artifact.hpp"
#include "common/base/text.hpp"
#include "common/policy/judge.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using enum admission::Reason;
constexpr std::array kOptionOf{
    OptionOf{program_type_not_allowed, "--program"},
    OptionOf{attach_not_allowed, "--program"},
    OptionOf{ttl_over_ceiling, "--ttl"},
    OptionOf{cpu_over_ceiling, "--max-cpu-percent"},
    OptionOf{pin_not_allowed, "--pin"},
    OptionOf{validity_too_long, "--expires"},
    OptionOf{target_too_wide, "--target"},
    OptionOf{artifacts_not_enabled, "artifacts.policy", true},
    OptionOf{realm_mismatch, "--realm", true},
    OptionOf{epoch_mismatch, "--epoch", true},
};

Result<> check_object(const std::string& path, std::string_view elf) {
    if (!is_object(elf)) {
        return fail(path +
                    ": no object file of the eBPF machine; make one with: clang -O2 -g "
                    "-target bpf -c PROGRAM.bpf.c -o PROGRAM.bpf.o");
    }
    if (elf.size() <= approval::kMaxElf) return {};
    return fail(path + ": " + std::to_string(elf.size()) + " bytes; an object has at most 4 MiB");
}

// Lines that a manifest may have several of, as one text that its parser judges.
std::string lines_of(std::string_view key, const std::vector<std::string>& values) {
    std::string lines;
    for (const auto& value : values) lines.append(key).append(" ").append(value).append("\n");
    return lines;
}

// "line 8: program: name used twice" is about an option of that name.
std::string in_options(const std::string& error) {
    const auto key = error.find(": ");
    return key == error.npos ? error : "--" + error.substr(key + 2);
}

// The programs, maps and constants that options name are those of the object.
Result<> compare_with_object(NewArtifact& made) {
    const auto object = inspect(made.elf);
    if (!object) {
        made.not_looked_at = object.error().what;
        return {};
    }
    std::string wrongs;
    for (const auto& problem : problems_of(&made.manifest, *object)) {
        wrongs += "\n  " + quoted(problem, 300);
    }
    if (wrongs.empty()) return {};
    std::vector<std::string> programs, maps, rodata;
    for (const auto& one : object->programs) programs.push_back(quoted(one.name, 64));
    for (const auto& one : object->maps) maps.push_back(quoted(one.name, 64));
    for (const auto& one : object->rodata) {
        rodata.push_back(quoted(one.name, 64) + " of " + std::to_string(one.size) + " bytes");
    }
    return wrong(made.path + ": no loader would load it with these options:" + wrongs +
                 "\nit has the programs: " + joined(programs, "none") +
                 "; maps: " + joined(maps, "none") + "; rodata: " + joined(rodata, "none"));
}

// Without the lines that options have in the manifest's own words.
Result<approval::ArtifactManifest> take_options(const NewArtifact& made, const Options& options,
                                                By by, const std::optional<PolicyCopy>& policy) {
    approval::ArtifactManifest artifact;
    artifact.id = options.value("--artifact-id", job_name_of(made.path));
    const auto start = options.value("--not-before", format_utc(sys::now()));
    artifact.not_before = TRY(or_wrong(within("--not-before", parse_utc(start))));
    artifact.not_after =
        artifact.not_before + TRY(seconds("--expires", options.value("--expires", "7d")));
    artifact.elf_sha256 = crypto::sha256(as_bytes(made.elf));
    artifact.elf_size = made.elf.size();
    const auto& rule = policy ? policy->policy.artifact_approval : std::nullopt;
    auto binding = TRY(binding_of(options, by, policy, rule ? &*rule : nullptr));
    artifact.author = std::move(binding.author);
    artifact.realm = std::move(binding.realm);
    artifact.epoch = binding.epoch;
    artifact.not_before -= binding.early;
    artifact.not_after -= binding.early;
    artifact.ttl = TRY(seconds("--ttl", options.value("--ttl", "24h")));
    const auto percent = parse_number<unsigned>(options.value("--max-cpu-percent", "1"));
    if (!percent) return wrong("--max-cpu-percent: expected a number of 1 to 100");
    artifact.max_cpu_percent = *percent;
    artifact.pin = options.has("--pin");
    artifact.drops_map = options.value("--drops-map");
    artifact.reason = options.value("--reason");
    for (const auto& text : options.values("--target")) {
        artifact.targets.push_back(TRY(or_wrong(within("--target", approval::parse_target(text)))));
    }
    return artifact;
}

Result<> require_lines(const Options& options) {
    if (!options.has("--program")) {
        return wrong(
            "which of its programs are loaded, and attached to what? --program 'NAME TYPE ATTACH', "
            "as in --program 'count xdp eth0'");
    }
    if (!options.has("--target")) {
        return wrong("where may it run? --target host:ID, --target group:LABEL, or --target any");
    }
    if (!options.has("--reason")) {
        return wrong("why is it loaded? --reason TEXT, which signers and auditors read");
    }
    for (const auto* option : {"--reason", "--program", "--rodata", "--drops-map"}) {
        for (const auto& value : options.values(option)) TRY(require_ascii(option, value));
    }
    return {};
}

}  // namespace

bool is_object(std::string_view bytes) {
    constexpr std::size_t kMachine = offsetof(Elf64_Ehdr, e_machine);
    if (bytes.size() < sizeof(Elf64_Ehdr) || !bytes.starts_with(ELFMAG)) return false;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    const bool little = byte(EI_DATA) == ELFDATA2LSB;
    return byte(little ? kMachine : kMachine + 1) == EM_BPF &&
           byte(little ? kMachine + 1 : kMachine) == 0;
}

Result<NewArtifact> make_artifact(const Options& options, By by,
                                  const std::optional<PolicyCopy>& policy) {
    const auto path = TRY(options.one("object file"));
    TRY(require_lines(options));
    NewArtifact made{.path = path, .elf = {}, .text = {}, .manifest = {}, .not_looked_at = {}};
    made.elf = TRY(read_input(made.path, 64_MiB));
    TRY(check_object(made.path, made.elf));
    made.text = approval::write_artifact_manifest(TRY(take_options(made, options, by, policy)));
    const auto size = made.text.find("elf-size ");
    made.text.insert(made.text.find('\n', size) + 1,
                     lines_of("program", options.values("--program")) +
                         lines_of("rodata", options.values("--rodata")));
    auto parsed = approval::parse_artifact_manifest(made.text);
    if (!parsed) return wrong(in_options(parsed.error().what));
    made.manifest = *std::move(parsed);
    TRY(compare_with_object(made));
    if (policy) TRY(require_allowed(made, by, *policy));
    return made;
}

std::string why_nobody_signs(const policy::Policy& policy) {
    const auto& rule = policy.artifact_approval;
    if (!rule) return "approval.policy has no line artifacts";
    if (rule->needs.empty()) return "";  // pinned-only, as it was meant
    const auto space = approval::kArtifactNamespace;
    const auto able = policy::able_signers(policy, *rule, sys::now(), space);
    auto why = policy::why_nobody(policy, policy::kUseOfArtifacts, *rule, able);
    if (why.empty()) return why;
    return why + "; a key in allowed_signers counts for artifacts where its namespaces have " +
           std::string(space);
}

Result<> require_allowed(const NewArtifact& artifact, By by, const PolicyCopy& copy) {
    auto policy = copy.policy;
    if (by == By::pin) {
        policy.approved_artifacts["*"] = {
            .name = "*", .bytes = artifact.text, .manifest = artifact.manifest};
    }
    const auto verdict = admission::admit_artifact({.elf = artifact.elf, .manifest = artifact.text},
                                                   policy, {}, {}, artifact.manifest.not_before);
    return refuse_options(verdict.checks, kOptionOf, copy);
}

}  // namespace bulkhead::cli
