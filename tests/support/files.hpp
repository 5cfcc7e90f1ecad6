// The one reader of whole files that tests have.
#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace bulkhead::test {

// All bytes of a file, of /proc too, whose files have no size; "" where it cannot be opened.
inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace bulkhead::test
