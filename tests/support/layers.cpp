#include "tests/support/layers.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

void record_layer(std::string_view layer, std::string_view who, std::string_view tried,
                  std::string_view answer) {
    const char* path = std::getenv("BULKHEAD_LAYERS");
    if (path == nullptr || *path == '\0') return;
    std::string line;
    for (const auto part : {layer, who, tried, answer}) {
        std::string word(part);
        std::replace_if(
            word.begin(), word.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
        line += (line.empty() ? "" : "\t") + word;
    }
    // The line is written by one write(2) with O_APPEND, so lines of parallel tests are not mixed.
    const sys::Fd file(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (file) static_cast<void>(sys::write_all(file, as_bytes(line + "\n")));
}

}  // namespace bulkhead::test
