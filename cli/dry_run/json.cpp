// The report for programs, as JSON. New versions may add members, but rename none. Members come in
// an order for people who read them.
#include <nlohmann/json.hpp>

#include "cli/dry_run/backend_choice_json.hpp"
#include "cli/dry_run/policy_text.hpp"
#include "cli/dry_run/report.hpp"
#include "common/base/text.hpp"
#include "common/policy/profile_digest.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::cli {

namespace {

using json = nlohmann::ordered_json;

json checks_of(const Report& report) {
    auto list = json::array();
    for (const auto& check : report.verdict.checks) {
        const bool assumed = is_assumed(report, check);
        list.push_back({{"name", check.name},
                        {"outcome", assumed ? "not-checked" : outcome_name(check.outcome)},
                        {"reason", check.outcome == admission::CheckOutcome::failed
                                       ? json(admission::code(check.reason))
                                       : json(nullptr)},
                        {"detail", check.detail}});
    }
    return list;
}

json paths_of(const policy::Profile& profile) {
    auto list = json::array();
    for (const auto& rule : profile.paths) {
        list.push_back({{"access", access_name(rule.access)},
                        {"path", rule.path},
                        {"if_present", rule.if_present},
                        {"why", rule.source.reason}});
    }
    return list;
}

json walls_of(const std::vector<policy::WallLine>& lines) {
    auto list = json::array();
    for (const auto& [wall, source] : lines) {
        list.push_back({{"wall", wall}, {"why", source.reason}});
    }
    return list;
}

json calls_of(const policy::SeccompList& list, bool brief) {
    if (brief) return {{"list", list.name}, {"otherwise", action_in_words(list.fallback)}};
    auto rules = json::array();
    for (const auto& rule : list.rules) {
        rules.push_back({{"call", rule.call},
                         {"answer", action_in_words(rule.action)},
                         {"when", conditions_in_words(rule.conditions)},
                         {"why", rule.source.reason}});
    }
    return {{"list", list.name}, {"otherwise", action_in_words(list.fallback)}, {"rules", rules}};
}

json capabilities_of(const policy::Profile& profile) {
    auto list = json::array();
    if (profile.capabilities == 0) return list;
    const auto names = policy::capability_names(profile.capabilities);
    for (const auto name : words(names)) list.push_back(name);
    return list;
}

json sandbox_of(const policy::Profile& profile, const approval::Manifest& job,
                const policy::Policy& policy, bool brief) {
    const auto& limits = profile.limits;
    json sandbox{{"profile", profile.name},
                 {"sha256", crypto::hex(policy::profile_digest(policy, profile))},
                 {"user", profile.user},
                 {"group", profile.group},
                 {"groups", profile.groups},
                 {"capabilities", capabilities_of(profile)},
                 {"network", network_in_words(profile.network)},
                 {"namespaces", namespace_names(profile.namespaces)},
                 {"private_tmp", profile.private_tmp},
                 {"private_tmp_bytes", profile.private_tmp_size},
                 {"host_files", profile.host_files},
                 {"maps_ids", policy::maps_ids(profile)},
                 {"walls", policy::obligatory_walls(profile)},
                 {"require", walls_of(profile.require)},
                 {"without", walls_of(profile.without)},
                 {"paths", paths_of(profile)},
                 {"limits",
                  {{"timeout_seconds", job.timeout.count()},
                   {"output_bytes", job.output_max},
                   {"memory_bytes", limits.memory},
                   {"pids", limits.pids},
                   {"cpu_percent", limits.cpu_percent},
                   {"file_size_bytes", limits.file_size},
                   {"open_files", limits.open_files},
                   {"at_once", limits.at_once},
                   {"umask", profile.umask},
                   {"nice", profile.nice}}}};
    sandbox["system_calls"] = calls_of(*policy::find(policy.seccomp, profile.seccomp), brief);
    sandbox["ceiling"] = calls_of(policy.ceiling(), brief);
    return sandbox;
}

json remarks_of(const std::vector<Remark>& remarks, const std::string& file) {
    auto list = json::array();
    for (const auto& remark : remarks) {
        list.push_back({{"file", file}, {"line", remark.line}, {"text", remark.text}});
        if (remark.column > 0) list.back()["column"] = remark.column;
        if (!remark.code_point.empty()) list.back()["code_point"] = remark.code_point;
        if (!remark.level.empty()) list.back()["level"] = remark.level;
        if (!remark.code.empty()) list.back()["code"] = remark.code;
    }
    return list;
}

json tool_of(const std::optional<Vetting>& vetting, const Vetting::Tool Vetting::*member,
             const std::string& file) {
    if (!vetting) return nullptr;
    const auto& tool = *vetting.*member;
    const auto outcome = tool.outcome == admission::CheckOutcome::skipped  ? "skipped"
                         : tool.outcome == admission::CheckOutcome::passed ? "passed"
                                                                           : "failed";
    return {{"outcome", outcome}, {"why", tool.why}, {"remarks", remarks_of(tool.remarks, file)}};
}

json script_of(const Report& report) {
    if (report.script.empty()) return nullptr;
    return {{"sha256", crypto::hex(crypto::sha256(as_bytes(report.script)))},
            {"size", report.script.size()}};
}

// The command line that would be started, without the script's path.
json command_of(const Report& report) {
    if (!report.verdict.manifest) return nullptr;
    auto words = json::array({report.verdict.manifest->interpreter});
    for (const auto& word : report.verdict.arguments) words.push_back(word);
    return words;
}

json host_of(const policy::Host& host) {
    return {{"id", host.id},
            {"groups", host.groups},
            {"realm", host.realm.empty() ? json(nullptr) : json(host.realm)},
            {"epoch", host.epoch ? json(*host.epoch) : json(nullptr)}};
}

json also_pinned(const Report& report) {
    auto list = json::array();
    for (const auto* other : report.also_pinned) {
        list.push_back({{"manifest", "approved/" + other->name + ".manifest"},
                        {"profile", other->manifest.profile}});
    }
    return list;
}

json assumption_of(const Report& report) {
    if (!report.assumed_signed) return nullptr;
    return {{"admitted", report.assumed_signed->admitted}, {"text", report.assumed_signed->text}};
}

}  // namespace

std::string json_of(const Question& question, const Report& report, const PolicyCopy& copy,
                    bool brief) {
    const auto& verdict = report.verdict;
    const auto& manifest = verdict.manifest;
    json document{
        {"schema", "bulkhead.dry-run/1"},
        {"file", question.file},
        {"verdict", verdict.admitted ? "admit" : "refuse"},
        {"reason", report.reason},
        {"detail", report.detail},
        {"job_id", manifest ? json(manifest->job_id.value) : json(nullptr)},
        {"author", manifest ? json(manifest->author) : json(nullptr)},
        {"profile", manifest ? json(manifest->profile) : json(nullptr)},
        {"format", manifest ? json(manifest->format) : json(nullptr)},
        {"realm", manifest && !manifest->realm.empty() ? json(manifest->realm) : json(nullptr)},
        {"epoch", manifest && manifest->epoch ? json(*manifest->epoch) : json(nullptr)},
        {"profile_sha256", manifest && manifest->profile_sha256
                               ? json(crypto::hex(*manifest->profile_sha256))
                               : json(nullptr)},
        {"backend_may_choose", report.choice ? json(json_of(*report.choice)) : json(nullptr)},
        {"manifest_sha256", manifest ? json(crypto::hex(manifest->digest)) : json(nullptr)},
        {"rule", verdict.rule},
        {"signers", verdict.signers},
        {"checks", checks_of(report)},
        {"remarks", verdict.remarks},
        {"host", host_of(copy.policy.host)},
        {"time", format_utc(question.now)},
        {"policy_digest", crypto::hex(copy.policy.digest)},
        {"script", script_of(report)},
        {"sandbox", nullptr},
        {"command", command_of(report)},
        {"also_pinned", also_pinned(report)},
        {"faults", remarks_of(report.faults, question.file)},
        {"oddities",
         report.vetting ? remarks_of(report.vetting->oddities, question.file) : json::array()},
        {"syntax", tool_of(report.vetting, &Vetting::syntax, question.file)},
        {"shellcheck", tool_of(report.vetting, &Vetting::shellcheck, question.file)},
        {"assumed", report.assumed},
        {"assumed_signed", assumption_of(report)},
        {"next", report.next}};
    if (report.profile != nullptr) {
        document["sandbox"] = sandbox_of(*report.profile, *manifest, copy.policy, brief);
    }
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::cli
