#include "cli/vet/odd.hpp"

#include "common/approval/odd_text.hpp"

namespace bulkhead::cli {

std::vector<Remark> find_unseen(std::string_view text, bool meant, std::string_view what) {
    const auto odd = approval::find_odd_text(text);
    std::vector<Remark> remarks;
    for (const auto& one : odd.first) {
        remarks.push_back({.line = static_cast<unsigned>(one.line),
                           .text = std::string(what) + "column " + std::to_string(one.column) +
                                   ": " + approval::shown(one) + ": " + std::string(one.what),
                           .fault = !meant,
                           .column = static_cast<unsigned>(one.column),
                           .code_point = approval::shown(one)});
    }
    if (odd.count > odd.first.size()) {
        remarks.push_back({.text = std::string(what) + "and " +
                                   std::to_string(odd.count - odd.first.size()) + " more of these",
                           .fault = !meant});
    }
    return remarks;
}

}  // namespace bulkhead::cli
