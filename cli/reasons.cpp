// `bulkhead reasons`: prints the table of reason codes, which policy/README.md contains.
#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "common/admission/reason.hpp"

namespace bulkhead::cli {

Result<int> reasons(const Arguments& arguments) {
    if (!arguments.empty()) return wrong("takes no arguments");
    std::string table = "| reason | what it means |\n|---|---|\n";
    for (const auto& row : admission::reasons()) {
        table += "| `" + std::string(row.code) + "` | " + std::string(row.explanation) + " |\n";
    }
    TRY(print(table));
    return kDone;
}

}  // namespace bulkhead::cli
