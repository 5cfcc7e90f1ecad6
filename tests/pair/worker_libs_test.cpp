// What the worker maps once it serves, against policy/worker.libs.
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

// Of lines "KEY SONAME  # why".
std::set<std::string> listed(const std::string& wanted) {
    std::set<std::string> names;
    std::ifstream lines(std::string(BULKHEAD_SOURCE) + "/policy/worker.libs");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key;
        std::string name;
        if (words >> key >> name && key == wanted) names.insert(name);
    }
    return names;
}

// Names of the files that it may execute, but for the program itself: "libcurl.so.4.8.0".
std::set<std::string> libraries_mapped(pid_t pid) {
    std::set<std::string> names;
    const auto proc = "/proc/" + std::to_string(pid);
    std::ifstream lines(proc + "/maps");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string range, mode, offset, device, inode, path;
        words >> range >> mode >> offset >> device >> inode >> path;
        if (mode.size() > 2 && mode[2] == 'x' && path.starts_with('/')) {
            names.insert(fs::path(path).filename());
        }
    }
    names.erase(fs::path(BULKHEAD_WORKER).filename());
    return names;
}

// A library's file is named after its soname, and may have more of its version behind that.
bool is_of(const std::string& file, const std::string& soname) {
    return ::fnmatch(soname.c_str(), file.c_str(), 0) == 0 || file.starts_with(soname + ".");
}

bool is_among(const std::string& file, const std::set<std::string>& sonames) {
    return std::ranges::any_of(sonames, [&](const auto& one) { return is_of(file, one); });
}

class WorkerLibraries : public Pair {};

TEST_F(WorkerLibraries, AreThoseOfPolicyAndNoOthers) {
#ifdef BULKHEAD_SANITIZED
    GTEST_SKIP() << "a sanitizer brings libraries of its own";
#endif
    start_enrolled();
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto mapped = libraries_mapped(wait_for_worker());
    ASSERT_GT(mapped.size(), 5U);
    auto allowed = listed("library");
    ASSERT_GT(allowed.size(), 5U);
    const auto of_system_curl = listed("with-system-curl");
#ifndef BULKHEAD_LEAN_CURL
    allowed.insert(of_system_curl.begin(), of_system_curl.end());
#endif
    for (const auto& file : mapped) EXPECT_TRUE(is_among(file, allowed)) << file;
    // Nothing is listed that is not used: but the other machine's loader, and what a host may
    // configure.
    for (const auto& name : allowed) {
        const bool used =
            std::ranges::any_of(mapped, [&](const auto& file) { return is_of(file, name); });
        EXPECT_TRUE(used || name.starts_with("ld-linux") || name.starts_with("libnss_")) << name;
    }
}

TEST_F(WorkerLibraries, OfTheProgramAreSaidByIt) {
    const auto said = run({BULKHEAD_WORKER, "--version"});
    EXPECT_EQ(said.code, 0);
#ifdef BULKHEAD_LEAN_CURL
    EXPECT_NE(said.output.find(", built in, the newest on 20"), std::string::npos) << said.output;
#else
    EXPECT_NE(said.output.find(", the system's\n"), std::string::npos) << said.output;
#endif
    EXPECT_TRUE(said.output.starts_with("bulkhead ")) << said.output;
}

}  // namespace
}  // namespace bulkhead::test
