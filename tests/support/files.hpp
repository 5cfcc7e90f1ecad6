// The one reader of whole files that tests have.
#pragma once
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace bulkhead::test {

// All bytes of a file, of /proc too, whose files have no size; "" where it cannot be opened. A
// read that fails ends it, as that of a process which has ended meanwhile does (ESRCH).
inline std::string content_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace bulkhead::test
