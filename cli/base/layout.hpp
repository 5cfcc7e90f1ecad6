// Labels and words in columns, for terminals.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

// A label, then words that continue below themselves where the line is full.
std::string row(std::string label, std::string_view text);

// "a, b, c", or `none`.
std::string joined(const std::vector<std::string>& list, const char* none);

// A rule and why it is there, as policy has it; the reason stands below a long rule.
std::string reasoned(std::string rule, std::string_view reason);

}  // namespace bulkhead::cli
