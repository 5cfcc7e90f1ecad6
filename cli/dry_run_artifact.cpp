#include "cli/dry_run_artifact.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/base/layout.hpp"
#include "cli/dry_run/policy_text.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

using admission::CheckOutcome;
using json = nlohmann::ordered_json;

constexpr const char* kKernel =
    "whether its kernel can attach it; ask there: bulkhead status, and the verifier at the load";

void mark_unchecked(const ArtifactQuestion& question, ArtifactReport& report) {
    const auto mark = [&](std::string_view name, const std::string& what) {
        for (auto& check : report.verdict.checks) {
            if (check.name != name || check.outcome != CheckOutcome::passed) continue;
            report.unchecked.push_back(check.name);
            check.detail += (check.detail.empty() ? "" : "; ") + ("not checked here: " + what);
        }
    };
    const auto& memory = question.memory;
    if (!memory.history || !memory.asks_now) mark("time", "the host's clock");
    if (!memory.history) mark("memory", memory.why_not);
    mark("withdrawn", "whether it was removed or rolled back on the host");
    mark("loader", "whether the host can start one, and " + std::string(kKernel));
    mark("intake", "whether it is suspended, and what is loaded");
}

std::string outcome_of(const ArtifactReport& report, const admission::Check& check) {
    if (std::ranges::count(report.unchecked, check.name) > 0) return "?";
    if (check.outcome == CheckOutcome::passed) return "ok";
    if (check.outcome == CheckOutcome::skipped) return "-";
    return "NO " + std::string(admission::code(check.reason)) + ":";
}

std::string in_words(const approval::ArtifactProgram& program) {
    return program.name + " " + std::string(approval::name_of(program.type)) + " " + program.attach;
}

std::string manifest_text(const approval::ArtifactManifest& artifact) {
    auto text = row("artifact", artifact.id + " by " + artifact.author + ": " + artifact.reason);
    for (const auto& program : artifact.programs) text += row("program", in_words(program));
    for (const auto& one : artifact.rodata) {
        text += row("rodata", one.name + " " + one.type + " " + one.value);
    }
    return text + row("bounds",
                      "ttl " + approval::in_words(artifact.ttl) + ", at most " +
                          std::to_string(artifact.max_cpu_percent) + " % of a processor, " +
                          (artifact.pin ? "goes on without the broker" : "ends with the broker"));
}

std::string object_text(const ArtifactReport& report) {
    std::string text = "\nobject\n";
    for (const auto& problem : report.problems) text += row("  NO", quoted(problem, 300));
    if (!report.object) return text + row("  ?", "not checked here: " + report.not_looked_at);
    const auto& object = *report.object;
    const auto name = [](const std::string& one) { return quoted(one, 64); };
    text += row("  license", object.license.empty() ? "none: the kernel lets it call few helpers"
                                                    : name(object.license));
    text += row("  BTF", (object.btf ? "in the object" : "none in the object") +
                             std::string(object.core_relocations == 0
                                             ? "; fits any kernel's types"
                                             : "; needs the host's /sys/kernel/btf/vmlinux for " +
                                                   std::to_string(object.core_relocations) +
                                                   " relocations"));
    for (const auto& one : object.programs) {
        std::vector<std::string> helpers;
        std::ranges::transform(one.helpers, std::back_inserter(helpers), name);
        text += row("  program", name(one.name) + ", section " + name(one.section) + ", " +
                                     name(one.type) + ", " + std::to_string(one.instructions) +
                                     " instructions; helpers: " + joined(helpers, "none"));
    }
    for (const auto& one : object.maps) {
        text += row("  map", name(one.name) + ", " + name(one.type) + ", " +
                                 std::to_string(one.max_entries) + " entries of " +
                                 std::to_string(one.key_size) + " and " +
                                 std::to_string(one.value_size) + " bytes");
    }
    for (const auto& one : object.rodata) {
        text += row("  rodata", name(one.name) + ", " + std::to_string(one.size) + " bytes");
    }
    return text;
}

json checks_json(const ArtifactReport& report) {
    auto list = json::array();
    for (const auto& check : report.verdict.checks) {
        const bool unchecked = std::ranges::count(report.unchecked, check.name) > 0;
        const bool failed = check.outcome == CheckOutcome::failed;
        list.push_back({{"name", check.name},
                        {"outcome", unchecked ? "not-checked" : outcome_name(check.outcome)},
                        {"reason", failed ? json(admission::code(check.reason)) : json(nullptr)},
                        {"detail", check.detail}});
    }
    return list;
}

json manifest_json(const approval::ArtifactManifest& artifact) {
    auto programs = json::array();
    for (const auto& one : artifact.programs) {
        programs.push_back(
            {{"name", one.name}, {"type", approval::name_of(one.type)}, {"attach", one.attach}});
    }
    auto rodata = json::array();
    for (const auto& one : artifact.rodata) {
        rodata.push_back({{"name", one.name}, {"type", one.type}, {"value", one.value}});
    }
    return {{"artifact_id", artifact.id},
            {"author", artifact.author},
            {"sha256", crypto::hex(artifact.digest)},
            {"elf_sha256", crypto::hex(artifact.elf_sha256)},
            {"programs", programs},
            {"rodata", rodata},
            {"drops_map", artifact.drops_map},
            {"not_before", format_utc(artifact.not_before)},
            {"not_after", format_utc(artifact.not_after)},
            {"ttl_seconds", artifact.ttl.count()},
            {"max_cpu_percent", artifact.max_cpu_percent},
            {"pin", artifact.pin},
            {"reason", artifact.reason}};
}

json object_json(const Inspection& object) {
    auto programs = json::array();
    for (const auto& one : object.programs) {
        programs.push_back({{"name", one.name},
                            {"section", one.section},
                            {"type", one.type},
                            {"instructions", one.instructions},
                            {"helpers", one.helpers}});
    }
    auto maps = json::array();
    for (const auto& one : object.maps) {
        maps.push_back({{"name", one.name},
                        {"type", one.type},
                        {"key_size", one.key_size},
                        {"value_size", one.value_size},
                        {"max_entries", one.max_entries}});
    }
    auto rodata = json::array();
    for (const auto& one : object.rodata) {
        rodata.push_back({{"name", one.name}, {"size", one.size}});
    }
    return {{"license", object.license},
            {"btf", object.btf},
            {"core_relocations", object.core_relocations},
            {"programs", programs},
            {"maps", maps},
            {"rodata", rodata}};
}

}  // namespace

std::vector<std::string> problems_of(const approval::ArtifactManifest* manifest,
                                     const Inspection& object) {
    auto problems = object.problems;
    if (manifest == nullptr) return problems;
    for (const auto& one : manifest->programs) {
        if (std::ranges::count(object.programs, one.name, &Inspection::Program::name) > 0) continue;
        problems.push_back("the manifest names program " + one.name + ", which is not in it");
    }
    for (const auto& one : manifest->rodata) {
        const auto there = std::ranges::find(object.rodata, one.name, &Inspection::Rodata::name);
        if (there == object.rodata.end()) {
            problems.push_back("the manifest names rodata " + one.name + ", which is not in it");
        } else if (there->size != one.bytes.size()) {
            problems.push_back("the manifest gives rodata " + one.name + " " +
                               std::to_string(one.bytes.size()) + " bytes (" + one.type +
                               "), and it has " + std::to_string(there->size));
        }
    }
    const auto& drops = manifest->drops_map;
    if (!drops.empty() && std::ranges::count(object.maps, drops, &Inspection::Map::name) == 0) {
        problems.push_back("the manifest names drops-map " + drops + ", which is not in it");
    }
    return problems;
}

Result<ArtifactReport> examine(const ArtifactQuestion& question, const PolicyCopy& copy) {
    admission::ArtifactBytes artifact{.elf = question.elf, .manifest = {}, .signatures = {}};
    if (question.approval) {
        const auto parts = TRY(
            or_wrong(within("--approval", approval::split_artifact_approval(*question.approval))));
        artifact.manifest = parts.manifest;
        artifact.signatures = parts.signatures;
    }
    const admission::ArtifactFacts facts{.intake_suspended = false,
                                         .suspended_by = "",
                                         .loader_unusable = "",
                                         .loaded = {},
                                         .withdrawn = {}};
    ArtifactReport report;
    report.verdict = admission::admit_artifact(artifact, copy.policy, facts, question.memory.view(),
                                               question.now);
    mark_unchecked(question, report);
    auto object = inspect(question.elf);
    if (!object) {
        report.not_looked_at = object.error().what;
        return report;
    }
    const auto& manifest = report.verdict.manifest;
    report.problems = problems_of(manifest ? &*manifest : nullptr, *object);
    report.object = *std::move(object);
    return report;
}

std::string text_of(const ArtifactQuestion& question, const ArtifactReport& report,
                    const PolicyCopy& copy) {
    const auto& verdict = report.verdict;
    auto text =
        row("verdict",
            verdict.admitted ? "admit" : "refuse: " + std::string(admission::code(verdict.reason)));
    if (!verdict.admitted) text += row("", verdict.detail);
    if (!report.problems.empty()) {
        text += row("but", "no loader loads this object, and the exit status is 1; see below");
    }
    if (verdict.manifest) text += manifest_text(*verdict.manifest);
    if (!verdict.rule.empty()) text += row("rule", verdict.rule);
    text += row("signers", joined(verdict.signers, "none who count"));
    text += row("time", format_utc(question.now));
    text += row("policy", copy.directory);
    text += row("", "digest " + crypto::hex(copy.policy.digest)) + "\nchecks\n";
    for (const auto& check : verdict.checks) {
        text += row("  " + std::string(check.name), outcome_of(report, check) + " " + check.detail);
    }
    return text + object_text(report);
}

std::string json_of(const ArtifactQuestion& question, const ArtifactReport& report,
                    const PolicyCopy& copy, int exit) {
    const auto& verdict = report.verdict;
    json document{
        {"schema", "bulkhead.dry-run-artifact/1"},
        {"file", question.file},
        {"verdict", verdict.admitted ? "admit" : "refuse"},
        {"reason", admission::code(verdict.reason)},
        {"detail", verdict.detail},
        {"rule", verdict.rule},
        {"signers", verdict.signers},
        {"time", format_utc(question.now)},
        {"policy", {{"directory", copy.directory}, {"sha256", crypto::hex(copy.policy.digest)}}},
        {"checks", checks_json(report)},
        {"manifest", verdict.manifest ? manifest_json(*verdict.manifest) : json(nullptr)},
        {"object", report.object ? object_json(*report.object) : json(nullptr)},
        {"object_not_checked", report.object ? json(nullptr) : json(report.not_looked_at)},
        {"problems", report.problems},
        {"kernel", {{"outcome", "not-checked"}, {"detail", kKernel}}},
        {"exit", exit}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::cli
