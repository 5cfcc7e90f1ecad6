// Lays out labels and text in columns, for terminals.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

// A label and text beside it. Lines of text that do not fit are continued in the same column.
std::string row(std::string label, std::string_view text);

// The list as "a, b, c"; `none` if it is empty.
std::string joined(const std::vector<std::string>& list, const char* none);

// A rule of policy and its reason, beside it or, if the rule is long, below it.
std::string reasoned(std::string rule, std::string_view reason);

}  // namespace bulkhead::cli
