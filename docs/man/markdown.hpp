// Markdown of our pages as scdoc(5), of which manual pages are made.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::manual {

// Text in which scdoc sees no mark.
std::string escaped(std::string_view text);
std::string bold(std::string_view text);

// Headings of any level, paragraphs, lists, tables, indented blocks, `code`, *emphasis*, links.
// A table becomes a list of its first column. The page's title is left out.
std::string scdoc_of(std::string_view markdown);

// From the heading "## NAME" to the next of its level, without it. Empty where it is not.
std::string section_of(std::string_view markdown, std::string_view name);

}  // namespace bulkhead::manual
