// What the decisions about a job and about an artifact share.
#include <algorithm>

#include "common/admission/checks.hpp"

namespace bulkhead::admission {

using std::string;
using std::string_view;
using enum Reason;

void note(Judgement& judgement, string_view name, CheckResult result) {
    result.detail.resize(std::min(result.detail.size(), kMaxDetail));
    const auto outcome = result.reason == undecided  ? CheckOutcome::skipped
                         : result.reason == admitted ? CheckOutcome::passed
                                                     : CheckOutcome::failed;
    if (outcome == CheckOutcome::failed && judgement.reason == undecided) {
        judgement.reason = result.reason;
        judgement.detail = result.detail;
    }
    judgement.checks.push_back({name, outcome, result.reason, std::move(result.detail)});
}

void refuse_by(string_view name, Judgement& judgement, CheckResult result) {
    result.detail.resize(std::min(result.detail.size(), kMaxDetail));
    for (auto& check : judgement.checks) {
        if (check.name == name) check = {name, CheckOutcome::failed, result.reason, result.detail};
    }
    judgement.admitted = false;
    judgement.rule.clear();
    judgement.reason = result.reason;
    judgement.detail = std::move(result.detail);
}

bool settle(Judgement& judgement, string rule) {
    const auto passed = [](const Check& check) { return check.outcome == CheckOutcome::passed; };
    if (!std::ranges::all_of(judgement.checks, passed)) return false;
    judgement.admitted = true;
    judgement.reason = admitted;
    judgement.rule = std::move(rule);
    judgement.detail = judgement.rule;
    return true;
}

string about_floor(UnixTime floor, bool trusted) {
    const string way_out =
        "; set the clock right, or where it is right run as root: bulkhead reset-clock";
    return (trusted ? "this host has already seen " + format_utc(floor)
                    : "a clock that nothing vouched for has shown " + format_utc(floor) + " here") +
           way_out + (trusted ? " --i-know" : "");
}

}  // namespace bulkhead::admission
