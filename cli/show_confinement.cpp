// `bulkhead show-confinement`: prints how a policy confines broker, worker and jobs; and how the
// child that checks scripts is confined.
#include <array>

#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/confinement/confinement_text.hpp"
#include "cli/vet/rules.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--policy", Option::Takes::once}, kVendorPolicy};

Result<std::string> confinement_of(const std::string& who, const policy::Policy& policy) {
    if (who == "vet") {
        return TRY(vet_in_words()) + TRY(program_in_words(TRY(vet_rules()).calls));
    }
    const auto* profile = policy::find(policy.profiles, who);
    std::string text;
    if (who == "broker") text = broker_in_words(policy);
    if (who == "worker") text = worker_in_words(policy);
    if (who == "config-reader") text = reader_in_words(policy);
    if (who == "loader" && policy::find(policy.parts, who) != nullptr)
        text = loader_in_words(policy);
    if (who == "upgrade-check" && policy::find(policy.parts, who) != nullptr)
        text = upgrade_check_in_words(policy);
    if (profile != nullptr) text = job_in_words(*profile, policy);
    if (text.empty()) {
        return wrong("\"" + who +
                     "\" is neither broker, worker, config-reader, loader, upgrade-check, vet nor "
                     "a profile of "
                     "this policy");
    }
    const auto& list = policy.calls_of(profile != nullptr ? *profile : policy.part(who));
    return text + TRY(or_wrong(program_in_words(list)));
}

}  // namespace

Result<int> show_confinement(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    auto subjects = options.operands();
    if (subjects.size() > 1)
        return wrong(
            "give one of broker, worker, config-reader, loader, upgrade-check, vet or a profile's "
            "name");
    const auto copy = TRY(load_policy(options.value("--policy", kPolicyDirectory), options));
    if (subjects.empty()) {
        subjects = {"broker", "worker", "config-reader", "vet"};
        for (const auto* part : {"loader", "upgrade-check"}) {
            if (policy::find(copy.policy.parts, part) != nullptr) subjects.emplace_back(part);
        }
        for (const auto& [name, profile] : copy.policy.profiles) subjects.push_back(name);
    }
    std::string text;
    for (const auto& who : subjects) {
        text += (text.empty() ? "" : "\n\n") + TRY(confinement_of(who, copy.policy));
    }
    TRY(print(text));
    return kDone;
}

}  // namespace bulkhead::cli
