// The protocol's reference page, printed from the declarations.
#pragma once
#include <string>

namespace bulkhead::protocol {

// Markdown; docs/protocol.md is this text, and a test compares the two.
std::string describe();

}  // namespace bulkhead::protocol
