// `bulkhead check-policy`: loads a policy, prints remarks about it and its digest. With --as-host
// it also checks whether this host can apply it.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/as_host.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/check_pinned.hpp"
#include "cli/dry_run/backend_choice_json.hpp"
#include "common/policy/check_overrides.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--json"}, Option{"--as-host"}, kVendorPolicy};

// Adds lists of which no filter can be made, as the broker finds when it loads them.
void check_filters(const policy::Policy& policy, std::vector<policy::PolicyRemark>& remarks) {
    for (const auto& [name, list] : policy.seccomp) {
        const auto made = sandbox::compile(list);
        if (made) continue;
        const auto& what = made.error().what;
        const auto end = what.starts_with("seccomp/") ? what.find(": ") : what.npos;
        const auto where = end == what.npos ? list.source.file : what.substr(0, end);
        const auto same = [&](const auto& one) { return one.error && one.where == where; };
        if (std::ranges::any_of(remarks, same)) continue;
        remarks.push_back({true, where, end == what.npos ? what : what.substr(end + 2)});
    }
}

std::vector<policy::PolicyRemark> remarks_of(const PolicyCopy& copy,
                                             const policy::HostFacts* host) {
    std::vector<policy::PolicyRemark> remarks;
    if (!copy.host_would_say.empty()) {
        remarks.push_back(
            {.error = !copy.is_copy,
             .where = copy.directory,
             .text = "a host would not load it where it lies: " + copy.host_would_say});
    }
    const policy::Facts facts{
        .now = sys::now(),
        .is_system_call =
            [](std::string_view name) { return sandbox::syscall_number(name).has_value(); },
        .host = host};
    std::ranges::move(policy::check(copy.policy, facts), std::back_inserter(remarks));
    check_filters(copy.policy, remarks);
    std::ranges::move(policy::check_overrides(copy.policy, copy.vendor, copy.files),
                      std::back_inserter(remarks));
    std::ranges::move(check_pinned(copy), std::back_inserter(remarks));
    return remarks;
}

std::string text_of(const PolicyCopy& copy, const std::vector<policy::PolicyRemark>& remarks) {
    std::string text;
    for (const auto& remark : remarks) {
        text += remark.where + (remark.error ? ": error: " : ": warning: ") + remark.text + "\n";
    }
    for (const auto& one : copy.policy.overrides) {
        text += one.file + ": " + policy::in_words(one) + "\n";
    }
    for (const auto& [file, choice] : choices_of_pinned(copy.policy)) {
        text += file + ": what the backend may choose of it\n";
        for (const auto& sentence : choice.sentences()) text += "  " + sentence + "\n";
    }
    return text + "digest " + crypto::hex(copy.policy.digest) + "\n";
}

std::string json_of(const PolicyCopy& copy, const std::vector<policy::PolicyRemark>& remarks) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& remark : remarks) {
        list.push_back({{"severity", remark.error ? "error" : "warning"},
                        {"where", remark.where},
                        {"text", remark.text}});
    }
    auto overrides = nlohmann::ordered_json::array();
    for (const auto& one : copy.policy.overrides) {
        overrides.push_back({{"file", one.file},
                             {"kind", policy::name_of(one.kind)},
                             {"release", one.release},
                             {"text", policy::in_words(one)}});
    }
    auto pinned = nlohmann::ordered_json::array();
    for (const auto& [file, choice] : choices_of_pinned(copy.policy)) {
        pinned.push_back({{"manifest", file}, {"backend_may_choose", json_of(choice)}});
    }
    const nlohmann::ordered_json document{{"directory", copy.directory},
                                          {"vendor", copy.vendor.directory},
                                          {"overrides", overrides},
                                          {"digest", crypto::hex(copy.policy.digest)},
                                          {"findings", list},
                                          {"pinned", pinned}};
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<int> check_policy(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (options.operands().size() > 1) return wrong("give one directory");
    const auto copy = TRY(load_policy(
        options.operands().empty() ? std::string(kPolicyDirectory) : options.operands()[0],
        options));
    std::optional<policy::HostFacts> host;
    if (options.has("--as-host")) host = host_facts();
    auto remarks = remarks_of(copy, host ? &*host : nullptr);
    if (host) std::ranges::move(ask_host(copy, *host), std::back_inserter(remarks));
    TRY(print(options.has("--json") ? json_of(copy, remarks) : text_of(copy, remarks)));
    const bool bad = std::any_of(remarks.begin(), remarks.end(),
                                 [](const auto& remark) { return remark.error; });
    return bad ? kNo : kDone;
}

}  // namespace bulkhead::cli
