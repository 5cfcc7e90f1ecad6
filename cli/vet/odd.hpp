// What a signer does not see in a script or manifest, as remarks: see approval::find_odd_text().
#pragma once
#include "cli/vet/vet.hpp"

namespace bulkhead::cli {

// `meant`: the manifest says odd-bytes. Else they are faults. `what` stands before each remark, as
// in "manifest: ".
std::vector<Remark> find_unseen(std::string_view text, bool meant, std::string_view what = "");

}  // namespace bulkhead::cli
