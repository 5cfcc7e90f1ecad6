#include "cli/dry_run_findings.hpp"

namespace bulkhead::cli {

namespace {

using Level = Finding::Level;

// The words of shellcheck(1), --severity.
Level level_of(const Remark& remark) {
    if (remark.level == "error") return Level::error;
    return remark.level == "warning" ? Level::warning : Level::note;
}

}  // namespace

std::vector<Finding> findings_of(const Question& question, const Report& report) {
    std::vector<Finding> findings;
    const auto file =
        question.catalogue.empty() ? question.file : "approved/" + question.catalogue + ".script";
    const auto add = [&](Level level, const Remark& remark, const std::string& code) {
        findings.push_back({level, file, remark.line, remark.column, code, remark.text});
    };
    if (report.vetting) {
        for (const auto& one : report.vetting->oddities) {
            add(one.fault ? Level::error : Level::warning, one, "odd-script");
        }
        for (const auto& one : report.vetting->syntax.remarks) add(Level::error, one, "syntax");
        for (const auto& one : report.vetting->shellcheck.remarks) {
            auto bare = one;  // its text begins with level and code, which stand beside it here
            const auto end = one.text.find(one.code + ": ");
            if (end != one.text.npos) bare.text = one.text.substr(end + one.code.size() + 2);
            add(level_of(one), bare, one.code);
        }
    }
    const auto& assumed = report.assumed_signed;
    if (assumed && assumed->admitted) {
        add(Level::note, {.text = "would be admitted; assumed: " + assumed->text},
            "assumed-signed");
    } else if (!report.verdict.admitted) {
        add(Level::error,
            {.text = assumed ? "even if it were signed: " + assumed->text
                             : report.reason + ": " + report.detail},
            report.reason);
    }
    return findings;
}

}  // namespace bulkhead::cli
