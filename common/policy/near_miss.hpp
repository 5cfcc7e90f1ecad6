// Files of which a misspelt one would withdraw nothing.
#pragma once
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::policy {

inline constexpr std::string_view kJobsDisabled = "jobs.disabled";

// The file among revoked_signers, revoked_jobs and jobs.disabled whose name `name` is, or may be
// meant to be: at most two letters are others, missing, added or exchanged, apart from case and
// signs, or more follows. "" if it is none.
std::string_view meant_by(std::string_view name);

// Whether `word` is `wanted`, or at most so many letters of it are others, missing, added or
// exchanged, apart from case and signs.
bool may_mean(std::string_view word, std::string_view wanted, std::size_t slips = 2);

// An error for the first of the files' names that may be meant for another file. An editor's copy
// ("revoked_signers~") beside a file of its name is none.
Result<> refuse_near_misses(const std::vector<std::string>& ignored,
                            const std::vector<std::string>& read);

}  // namespace bulkhead::policy
