// What the broker and a worker would say of the files that a backend's settings name.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

enum class Severity { error, warning, note };
std::string_view name_of(Severity severity);

struct ConfigFinding {
    Severity severity{};
    std::string text;
};

// Opens what the rows let the broker open, and has the worker's reader judge it; `directory` is
// $CREDENTIALS_DIRECTORY, or "". What only root may read is named and not judged. Reads the files
// into `backend`.
void check_named_files(worker::BackendConfig& backend, std::span<const policy::CredentialRow> rows,
                       const std::string& directory, std::vector<ConfigFinding>& findings);

}  // namespace bulkhead::cli
