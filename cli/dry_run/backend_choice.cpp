#include "cli/dry_run/backend_choice.hpp"

#include <cmath>

namespace bulkhead::cli {

namespace {

using Value = BackendChoice::Value;

constexpr double kLongestWord = 64;
constexpr double kLongestPath = 512;
constexpr double kCharactersOfWord = 65;  // letters, digits and . _ -
constexpr double kCharactersOfPath = 68;  // the same, and + @ /

double bits_of(const approval::ParamRule& param, std::string_view kind) {
    if (kind == "int") {
        return std::log2(static_cast<double>(param.max) - static_cast<double>(param.min) + 1);
    }
    if (kind == "enum") return std::log2(static_cast<double>(param.choices.size()));
    if (kind == "word") return kLongestWord * std::log2(kCharactersOfWord);
    if (kind == "path") return kLongestPath * std::log2(kCharactersOfPath);
    return static_cast<double>(param.max_length) *
           std::log2(static_cast<double>(std::max<std::size_t>(param.allowed.count(), 2)));
}

Value value_of(const approval::ParamRule& param) {
    const auto kind = std::string_view(param.rule).substr(0, param.rule.find(':'));
    return {.name = param.name,
            .rule = param.rule,
            .bits = std::floor(bits_of(param, kind)),
            .free_text = kind.starts_with("text")};
}

std::string hosts_of(const approval::Manifest& job) {
    std::string hosts;
    for (const auto& target : job.targets) {
        using Kind = approval::Target::Kind;
        if (target.kind == Kind::any)
            return "any host" + (job.realm.empty() ? "" : " of realm " + job.realm);
        hosts += (hosts.empty() ? "" : ", ") +
                 std::string(target.kind == Kind::host ? "host " : "hosts of group ") +
                 target.label;
    }
    return hosts + (job.realm.empty() ? "" : ", of realm " + job.realm);
}

std::string runs_of(const approval::Manifest& job) {
    if (job.runs.once()) return "once on each host";
    const bool hourly = job.runs.period == std::chrono::hours(1);
    const auto windows = (job.not_after - job.not_before) / job.runs.period + 1;
    return "up to " + std::to_string(job.runs.count) +
           (hourly ? " times an hour" : " times a day") + " on each host, " +
           std::to_string(windows * job.runs.count) + " times in all";
}

bool is_root(const policy::Profile& profile) {
    return profile.user == "root" || profile.host_files;
}

}  // namespace

BackendChoice backend_choice(const approval::Manifest& job, const policy::Profile* profile) {
    BackendChoice choice{.hosts = hosts_of(job),
                         .when = "any moment from " + format_utc(job.not_before) + " to " +
                                 format_utc(job.not_after),
                         .runs = runs_of(job),
                         .values = {},
                         .warnings = {}};
    for (const auto& param : job.params) {
        choice.values.push_back(value_of(param));
        if (!choice.values.back().free_text || profile == nullptr || !is_root(*profile)) continue;
        choice.warnings.push_back("parameter " + param.name + " is free text, and profile " +
                                  job.profile +
                                  " is root: if the script lets its value be executed, whoever "
                                  "holds the backend is root");
    }
    return choice;
}

std::vector<std::string> BackendChoice::sentences() const {
    std::vector<std::string> list{"where: " + hosts, "when: " + when, "how often: " + runs};
    for (const auto& value : values) {
        list.push_back("parameter " + value.name + ": " + value.rule + ", " +
                       (value.free_text ? "FREE TEXT of up to " : "") +
                       std::to_string(static_cast<long>(value.bits)) + " bits");
    }
    if (values.empty()) list.emplace_back("parameters: none");
    for (const auto& warning : warnings) list.push_back("WARNING: " + warning);
    return list;
}

}  // namespace bulkhead::cli
