// `bulkhead dry-run`: prints the decision that a host would make about a script or job.
#include <algorithm>
#include <array>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/dry_run/report.hpp"
#include "cli/vet/odd.hpp"
#include "cli/vet/param_use.hpp"
#include "common/approval/shebang.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{
    kVendorPolicy,
    Option{"--policy", Takes::once},
    Option{"--host-id", Takes::once},
    Option{"--group", Takes::often},
    Option{"--at", Takes::once},
    Option{"--host-born", Takes::once},
    Option{"--catalogue", Takes::once},
    Option{"--param", Takes::often},
    Option{"--json", Takes::nothing},
};
// A larger file is an error of the call. A script above 4 MiB but below this size is a job that a
// host refuses, and is reported as such.
constexpr std::uint64_t kMostBytes = 64_MiB;

Result<> take_host(policy::Host& host, const Options& options) {
    if (options.has("--host-id")) host.id = options.value("--host-id");
    const auto groups = options.values("--group");
    if (!groups.empty()) host.groups = groups;
    if (!host.id.empty() && !approval::is_label(host.id)) return wrong("--host-id: not a host id");
    if (std::all_of(groups.begin(), groups.end(),
                    [](const auto& group) { return approval::is_label(group); })) {
        return {};
    }
    return wrong("--group: not a label");
}

Result<Question> ask(const Options& options) {
    Question question;
    question.catalogue = options.value("--catalogue");
    const auto& files = options.operands();
    if (files.size() + (question.catalogue.empty() ? 0 : 1) != 1) {
        return wrong("give one file, or --catalogue NAME");
    }
    if (!files.empty()) {
        question.file = files[0];
        question.text = TRY(or_wrong(read_input(files[0], kMostBytes)));
    }
    question.now =
        TRY(or_wrong(within("--at", parse_utc(options.value("--at", format_utc(sys::now()))))));
    if (options.has("--host-born")) {
        question.born =
            TRY(or_wrong(within("--host-born", parse_utc(options.value("--host-born")))));
    }
    for (const auto& text : options.values("--param")) {
        const auto [name, value] = TRY(or_wrong(within("--param", split_pair(text))));
        question.params.push_back({name, value});
    }
    return question;
}

// The interpreter that would run the script: the manifest's, or without a manifest the #! line's.
std::string interpreter_of(const Report& report, const policy::Policy& policy) {
    if (report.verdict.manifest) return report.verdict.manifest->interpreter;
    const auto asked = approval::asked_for(report.script);
    if (!asked || !*asked) return "";
    const auto program = (*asked)->program;
    if (program.contains('/')) return std::string(program);
    return listed_interpreter(program, policy).value_or("");
}

// What vet() does not see, because it knows no manifest.
void add_what_signers_miss(Report& report) {
    const auto& manifest = report.verdict.manifest;
    const bool meant = manifest && !manifest->odd_bytes.empty();
    auto& oddities = report.vetting->oddities;
    std::ranges::move(find_unseen(report.script, meant), std::back_inserter(oddities));
    std::ranges::move(find_unseen(report.manifest, meant, "manifest: "),
                      std::back_inserter(oddities));
    if (!manifest) return;
    std::ranges::move(compare_params(report.script, manifest->params),
                      std::back_inserter(oddities));
}

}  // namespace

Result<int> dry_run(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto question = TRY(ask(options));
    auto copy = TRY(load_policy(options.value("--policy", kPolicyDirectory), options));
    TRY(take_host(copy.policy.host, options));

    auto report = examine(question, copy);
    if (!report.script.empty()) {
        report.vetting = vet(report.script, interpreter_of(report, copy.policy));
        add_what_signers_miss(report);
        report.faults = faults_of(*report.vetting);
    }
    TRY(print(options.has("--json") ? json_of(question, report, copy)
                                    : text_of(question, report, copy)));
    return report.verdict.admitted && report.faults.empty() ? kDone : kNo;
}

}  // namespace bulkhead::cli
