// `bulkhead dry-run`: prints the decision that a host would make about a script or job,
// or about an eBPF artifact.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/dry_run/assume_signed.hpp"
#include "cli/dry_run/report.hpp"
#include "cli/dry_run_artifact.hpp"
#include "cli/dry_run_findings.hpp"
#include "cli/findings.hpp"
#include "cli/vet/odd.hpp"
#include "cli/vet/param_use.hpp"
#include "common/approval/shebang.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::string_view kSchema = "bulkhead.dry-run/1";
constexpr Option kAssumeSigned{"--assume-signed"};
constexpr Option kBrief{"--brief"};
constexpr Option kManifest{"--manifest", Takes::once};
constexpr Option kApproval{"--approval", Takes::once};
constexpr std::array kOptions{
    kState,
    kVendorPolicy,
    Option{"--policy", Takes::once},
    Option{"--host-id", Takes::once},
    Option{"--group", Takes::often},
    Option{"--at", Takes::once},
    Option{"--host-born", Takes::once},
    Option{"--catalogue", Takes::once},
    Option{"--param", Takes::often},
    kManifest,
    kApproval,
    kAssumeSigned,
    kBrief,
    kJson,
    kFormat,
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

Result<> check_call(const Options& options) {
    const auto& files = options.operands();
    const bool catalogue = options.has("--catalogue");
    if (files.empty() != catalogue) return wrong("give files, or --catalogue NAME");
    if (options.has(kManifest.name) && files.size() != 1) {
        return wrong("--manifest is about one file");
    }
    if (std::ranges::count(files, "-") > 1) return wrong("standard input can be read once");
    return {};
}

// What is asked of each file.
Result<Question> ask(const Options& options) {
    Question question;
    question.catalogue = options.value("--catalogue");
    if (options.has(kManifest.name)) {
        question.manifest =
            TRY(or_wrong(read_input(options.value(kManifest.name), approval::kMaxManifest)));
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
    std::ranges::move(compare_params(report.script, manifest->interpreter, manifest->params),
                      std::back_inserter(oddities));
}

// A value for each parameter that has none.
void add_params(const Question& question, Report& report) {
    const auto& manifest = report.verdict.manifest;
    if (!manifest) return;
    std::string options;
    for (const auto& rule : manifest->params) {
        if (std::ranges::count(question.params, rule.name, &admission::ParamValue::name) == 0) {
            options += " --param " + rule.name + "=VALUE";
        }
    }
    if (options.empty()) return;
    report.next.push_back("give each parameter a value, as a backend would:" + options);
}

// One file, and what came of it.
struct Asked {
    Question question;
    Result<Report> report = fail("not asked");
};

int exit_of(const Asked& one) {
    if (!one.report) return kWrong;
    const auto& assumed = one.report->assumed_signed;
    const bool admitted = assumed ? assumed->admitted : one.report->verdict.admitted;
    return admitted && one.report->faults.empty() ? kDone : kNo;
}

// A manifest of an artifact, or an approval, is judged with its object and never as a script.
Result<> require_no_approval(const std::string& file, std::string_view text) {
    if (!text.starts_with("bulkhead-artifact ")) return {};
    return wrong(file + ": is an artifact's manifest; give its object, and this to --approval: " +
                 "bulkhead dry-run OBJECT.o --approval " + shell_word(file));
}

Result<Report> judge(Question& question, const PolicyCopy& copy, bool assume) {
    if (question.catalogue.empty()) {
        question.text = TRY(or_wrong(read_input(question.file, kMostBytes)));
        TRY(require_no_approval(question.file, question.text));
    }
    auto report = examine(question, copy);
    add_params(question, report);
    if (!report.script.empty()) {
        const auto& manifest = report.verdict.manifest;
        report.vetting = vet(report.script, interpreter_of(report, copy.policy),
                             manifest ? manifest->params : std::vector<approval::ParamRule>{});
        add_what_signers_miss(report);
        report.faults = faults_of(*report.vetting);
    }
    if (assume) report.assumed_signed = assume_signed(question, report, copy.policy);
    return report;
}

std::vector<Finding> findings_of(const Asked& one) {
    if (one.report) return findings_of(one.question, *one.report);
    return {
        {Finding::Level::error, one.question.file, 0, 0, "wrong-input", one.report.error().what}};
}

using json = nlohmann::ordered_json;

json document_of(const Asked& one, const PolicyCopy& copy, bool brief) {
    if (one.report) return json::parse(json_of(one.question, *one.report, copy, brief));
    return {{"schema", kSchema},
            {"file", one.question.file},
            {"verdict", "error"},
            {"error", one.report.error().what}};
}

// One document for one file; for several a list of them.
std::string in_json(const std::vector<Asked>& all, const PolicyCopy& copy, bool brief, int exit) {
    json document;
    if (all.size() == 1) {
        document = document_of(all[0], copy, brief);
        document["exit"] = exit;
    } else {
        auto reports = json::array();
        for (const auto& one : all) {
            reports.push_back(document_of(one, copy, brief));
            reports.back()["exit"] = exit_of(one);
        }
        document = {{"schema", "bulkhead.dry-run-list/1"}, {"exit", exit}, {"reports", reports}};
    }
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string in_text(const std::vector<Asked>& all, const PolicyCopy& copy) {
    std::string text;
    for (const auto& one : all) {
        if (all.size() > 1) text += (text.empty() ? "" : "\n") + ("== " + one.question.file + "\n");
        if (!one.report) {
            text += "error: " + one.report.error().what + "\n";
            continue;
        }
        if (const auto& assumed = one.report->assumed_signed) {
            text += std::string("if signed     ") + (assumed->admitted ? "admit" : "refuse") +
                    "; " + (assumed->admitted ? "assumed: " : "") + assumed->text + "\n";
        }
        text += text_of(one.question, *one.report, copy);
    }
    return text;
}

// The object file of an artifact is known by its name, or by an approval that is given with it.
bool is_of_artifact(const Options& options) {
    const auto is_object = [](const auto& file) { return file.ends_with(".o"); };
    return options.has(kApproval.name) || std::ranges::any_of(options.operands(), is_object);
}

Result<int> run_for_artifact(const Options& options, const Question& asked,
                             const PolicyCopy& copy) {
    const auto format = TRY(format_of(options));
    TRY(options.one("object file"));
    if (format != Format::json && format != Format::text) {
        return wrong("--format: of an artifact text or json");
    }
    for (const auto& option : {kAssumeSigned, kManifest, Option{"--param"}}) {
        if (options.has(option.name)) {
            return wrong(std::string(option.name) + " is about jobs; an artifact takes --approval");
        }
    }
    ArtifactQuestion question{.file = options.operands()[0],
                              .elf = {},
                              .approval = {},
                              .now = asked.now,
                              .memory = asked.memory};
    question.elf = TRY(or_wrong(read_input(question.file, kMostBytes)));
    TRY(require_no_approval(question.file, question.elf));
    if (options.has(kApproval.name)) {
        question.approval = TRY(or_wrong(read_input(options.value(kApproval.name), 1_MiB)));
    }
    const auto report = TRY(examine(question, copy));
    const auto exit = would_load(report) ? kDone : kNo;
    TRY(print(format == Format::json ? json_of(question, report, copy, exit)
                                     : text_of(question, report, copy)));
    return exit;
}

Result<int> run(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    const auto format = TRY(format_of(options));
    TRY(check_call(options));
    auto question = TRY(ask(options));
    auto copy = TRY(load_policy(options.value("--policy", kPolicyDirectory), options));
    TRY(take_host(copy.policy.host, options));
    question.memory = TRY(remember(options, copy));
    if (is_of_artifact(options)) return run_for_artifact(options, question, copy);
    auto files = options.operands();
    if (files.empty()) files.emplace_back();
    std::vector<Asked> all;
    all.reserve(files.size());  // a report points into its question
    int exit = kDone;
    for (const auto& file : files) {
        auto& one = all.emplace_back(Asked{.question = question});
        one.question.file = file;
        one.report = judge(one.question, copy, options.has(kAssumeSigned.name));
        if (files.size() == 1 && !one.report) return std::unexpected(one.report.error());
        exit = std::max(exit, exit_of(one));
    }
    if (format == Format::json) {
        TRY(print(in_json(all, copy, options.has(kBrief.name), exit)));
    } else if (format == Format::text) {
        TRY(print(in_text(all, copy)));
    } else {
        std::vector<Finding> findings;
        for (const auto& one : all) {
            std::ranges::move(findings_of(one), std::back_inserter(findings));
        }
        TRY(print(written(findings, format)));
    }
    return exit;
}

}  // namespace

Result<int> dry_run(const Arguments& arguments) {
    return tell_errors(kSchema, arguments, [&] { return run(arguments); });
}

}  // namespace bulkhead::cli
