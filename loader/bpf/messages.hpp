// What libbpf and the kernel's verifier say, kept for LoadFailed.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::loader {

// Keeps warnings of libbpf from now on, the last ones first to be told; prints nothing.
void keep_messages();
// The last warning that was kept since the last call, without its line end; or "".
std::string last_warning();
// As last_warning(), of the first warning: later ones repeat that the whole failed.
std::string first_warning();

// The last lines of a log that fit into `max` bytes, joined by " | ", without the figures that
// the verifier ends with. Bytes that are not printable ASCII are '?'.
std::string end_of_log(std::string_view log, std::size_t max);
// `text` in printable ASCII, and of at most `max` bytes.
std::string printable(std::string_view text, std::size_t max);

}  // namespace bulkhead::loader
