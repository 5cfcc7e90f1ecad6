// `bulkhead check-policy`: loads a policy, prints what the broker would reject of it, what is odd,
// and its digest. With --as-host it also checks whether this host can apply it.
#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/as_host.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/check_pinned.hpp"
#include "cli/dry_run/backend_choice_json.hpp"
#include "cli/dry_run/host_memory.hpp"
#include "cli/findings.hpp"
#include "cli/policy_errors.hpp"
#include "common/policy/check_overrides.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

constexpr const char* kStateDirectory = "/var/lib/bulkhead";
constexpr std::string_view kSchema = "bulkhead.check-policy/1";
constexpr Option kAsInstalled{"--as-installed"};
constexpr Option kStrict{"--strict"};
// The agent's own, of its start: its unit gives it less than root has, and it less than that to the
// process that asks this.
constexpr Option kCapabilities{"--capabilities", Option::Takes::once};
constexpr std::array kOptions{kJson,   kFormat,       Option{"--as-host"}, kAsInstalled,
                              kStrict, kVendorPolicy, kCapabilities,       kState};

struct Told {
    Finding::Level level;
    std::string where;  // "approval.policy:7", or a directory
    std::string text;
};

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

bool is_shipped(const PolicyCopy& copy, const std::string& file) {
    const auto own = copy.policy.texts.find(file);
    const auto theirs = copy.vendor.texts.find(file);
    return own != copy.policy.texts.end() && theirs != copy.vendor.texts.end() &&
           own->second == theirs->second;
}

std::vector<policy::PolicyRemark> remarks_of(const PolicyCopy& copy,
                                             const policy::HostFacts* host) {
    const policy::Facts facts{
        .now = sys::now(),
        .is_system_call =
            [](std::string_view name) { return sandbox::syscall_number(name).has_value(); },
        .is_shipped = [&](const std::string& file) { return is_shipped(copy, file); },
        .host = host};
    auto remarks = policy::check(copy.policy, facts);
    check_filters(copy.policy, remarks);
    std::ranges::move(policy::check_overrides(copy.policy, copy.vendor, copy.files),
                      std::back_inserter(remarks));
    std::ranges::move(check_pinned(copy), std::back_inserter(remarks));
    return remarks;
}

// Whose the files are matters where a host reads them. A checkout may belong to anybody, and its
// owner is not to be changed for the sake of this.
void check_place(const PolicyCopy& copy, bool as_installed, bool as_host, std::vector<Told>& told) {
    if (copy.host_would_say.empty()) return;
    auto why = copy.host_would_say;
    const bool is_own =
        why.starts_with(copy.directory + "/") || why.starts_with(copy.directory + ":");
    // In a directory of root's this host is asked about its files as they are.
    const bool installed =
        as_installed || copy.directory == kPolicyDirectory || (as_host && is_own && !copy.is_copy);
    if (!installed || !is_own) why = why.substr(0, why.find("; run: "));
    if (!installed) {
        why += "; install it to " + std::string(kPolicyDirectory) + ", as root's files";
    } else if (!is_own) {
        why += "; whoever may write there decides what this host does";
    }
    told.push_back({installed ? Finding::Level::error : Finding::Level::note, copy.directory,
                    "a host would not load it where it lies: " + why});
}

// The file of a remark as the caller finds it: in his directory or in the vendor's.
std::string path_of(const PolicyCopy& copy, const std::string& given, const std::string& file) {
    if (file.starts_with('/')) return file;
    const bool vendors = !copy.files.texts.contains(file) && copy.vendor.texts.contains(file);
    auto base = vendors ? copy.vendor.directory : given;
    while (base.size() > 1 && base.ends_with('/')) base.pop_back();
    return base + "/" + file;
}

std::vector<Finding> findings_of(const PolicyCopy& copy, const std::string& given,
                                 const std::vector<Told>& told) {
    std::vector<Finding> findings;
    for (const auto& one : told) {
        const auto place = parse_place(one.where);
        findings.push_back({.level = one.level,
                            .file = path_of(copy, given, place.file),
                            .line = place.line,
                            .column = place.column,
                            .code = "policy-" + std::string(name_of(one.level)),
                            .text = one.text});
    }
    return findings;
}

std::string text_of(const PolicyCopy& copy, const std::vector<Told>& told) {
    std::string text;
    for (const auto& one : told) {
        text += one.where + ": " + std::string(name_of(one.level)) + ": " + one.text + "\n";
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

std::string json_of(const PolicyCopy& copy, const std::vector<Told>& told,
                    const std::vector<Finding>& findings, int exit) {
    auto list = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < told.size(); ++i) {
        list.push_back({{"severity", name_of(told[i].level)},
                        {"code", findings[i].code},
                        {"where", told[i].where},
                        {"file", findings[i].file},
                        {"line", findings[i].line},
                        {"column", findings[i].column},
                        {"text", told[i].text}});
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
    const bool rejected = std::ranges::count(told, Finding::Level::error, &Told::level) > 0;
    const nlohmann::ordered_json document{{"schema", kSchema},
                                          {"verdict", rejected ? "reject" : "load"},
                                          {"exit", exit},
                                          {"directory", copy.directory},
                                          {"vendor", copy.vendor.directory},
                                          {"overrides", overrides},
                                          {"digest", crypto::hex(copy.policy.digest)},
                                          {"findings", list},
                                          {"pinned", pinned}};
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<std::uint64_t> mask_of(const std::string& text) {
    std::uint64_t mask = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, mask, 16);
    if (error == std::errc{} && stop == end) return mask;
    return wrong("--capabilities takes a mask in hexadecimal, as CapBnd of /proc/PID/status");
}

int exit_of(const std::vector<Told>& told, bool strict) {
    const auto fails = [&](const Told& one) {
        return one.level == Finding::Level::error ||
               (strict && one.level == Finding::Level::warning);
    };
    return std::ranges::any_of(told, fails) ? kNo : kDone;
}

Result<int> check(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto format = TRY(format_of(options));
    const auto given = TRY(options.one_or("directory", kPolicyDirectory));
    auto loaded = load_policy(given, options);
    if (!loaded) return with_others(std::move(loaded).error(), given);
    const auto& copy = *loaded;
    std::optional<policy::HostFacts> host;
    if (options.has("--as-host")) host = host_facts();
    if (host && options.has(kCapabilities.name)) {
        host->capabilities = TRY(mask_of(options.value(kCapabilities.name)));
    }
    auto remarks = remarks_of(copy, host ? &*host : nullptr);
    if (host) std::ranges::move(ask_host(copy, *host), std::back_inserter(remarks));
    if (host && (options.has(kState.name) || copy.directory == kPolicyDirectory)) {
        const auto state = options.value(kState.name, kStateDirectory);
        const auto readable = check_state(state);
        if (!readable) remarks.push_back({true, state, readable.error().what});
    }
    std::vector<Told> told;
    check_place(copy, options.has(kAsInstalled.name), host.has_value(), told);
    for (auto& one : remarks) {
        told.push_back({one.error ? Finding::Level::error : Finding::Level::warning,
                        std::move(one.where), std::move(one.text)});
    }
    const auto exit = exit_of(told, options.has(kStrict.name));
    const auto findings = findings_of(copy, given, told);
    TRY(print(format == Format::text   ? text_of(copy, told)
              : format == Format::json ? json_of(copy, told, findings, exit)
                                       : written(findings, format)));
    return exit;
}

}  // namespace

Result<int> check_policy(const Arguments& arguments) {
    return tell_errors(kSchema, arguments, [&] { return check(arguments); });
}

}  // namespace bulkhead::cli
