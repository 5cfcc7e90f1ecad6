// `bulkhead reasons`: prints the table of reason codes, which policy/README.md contains, or
// the meaning of one.
#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/admission/reason.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

Result<std::string> explanation_of(const std::string& code) {
    std::vector<std::string_view> known;
    for (const auto& row : admission::reasons()) {
        if (row.code == code) return code + ": " + std::string(row.explanation) + "\n";
        known.push_back(row.code);
    }
    return wrong("no reason code " + quoted(code, 64) + did_you_mean(code, known));
}

}  // namespace

Result<int> reasons(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, {}));
    const auto& codes = options.operands();
    if (codes.size() > 1) return wrong("give one reason code, or none for all");
    if (codes.size() == 1) {
        TRY(print(TRY(explanation_of(codes[0]))));
        return kDone;
    }
    std::string table = "| reason | what it means |\n|---|---|\n";
    for (const auto& row : admission::reasons()) {
        table += "| `" + std::string(row.code) + "` | " + std::string(row.explanation) + " |\n";
    }
    TRY(print(table));
    return kDone;
}

}  // namespace bulkhead::cli
