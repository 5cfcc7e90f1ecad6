// A program of the build tree for a broker, which takes none on whose way others than root may
// write: as it is, or where somebody else owns the tree, a copy below /run.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "common/sys/walk.hpp"

namespace bulkhead::test {

// The copies go with this process.
inline const std::string& roots_program(const std::string& built) {
    namespace fs = std::filesystem;
    static std::map<std::string, std::string> paths;
    if (const auto known = paths.find(built); known != paths.end()) return known->second;
    if (::geteuid() != 0 || sys::walk(built, "/")) return paths[built] = built;
    static const std::string folder = "/run/bulkhead-programs-" + std::to_string(::getpid());
    fs::create_directory(folder);
    std::atexit([] {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    });
    auto& copy = paths[built] = folder + "/" + fs::path(built).filename().string();
    fs::copy_file(built, copy, fs::copy_options::overwrite_existing);
    fs::permissions(copy, fs::perms(0755));
    return copy;
}

}  // namespace bulkhead::test
