// How large the half that is root is, and what it maps: figures a reader can check in a minute.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = BULKHEAD_SOURCE;

std::vector<std::string> lines_of(const fs::path& file) {
    std::vector<std::string> lines;
    std::ifstream text(file);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

// Neither blank nor only a comment.
std::size_t code_lines(const fs::path& file) {
    std::size_t count = 0;
    for (const auto& line : lines_of(file)) {
        const auto first = line.find_first_not_of(" \t");
        count += first != line.npos && line.compare(first, 2, "//") != 0;
    }
    return count;
}

// "a/b.hpp" of each `#include "a/b.hpp"`, in order.
std::vector<std::string> includes_of(const fs::path& file) {
    std::vector<std::string> all;
    constexpr std::string_view kOpen = "#include \"";
    for (const auto& line : lines_of(file)) {
        if (line.starts_with(kOpen)) {
            all.push_back(line.substr(kOpen.size(), line.find('"', kOpen.size()) - kOpen.size()));
        }
    }
    return all;
}

// What the linker put into the binary, by its debug information: "broker/broker.cpp", ... Source
// paths begin with "./" there, whatever the checkout is called.
std::vector<std::string> units_of_the_broker() {
    std::vector<std::string> units;
    std::istringstream text(
        run({"/usr/bin/readelf", "--debug-dump=info", "--dwarf-depth=1", BULKHEAD_BROKER}).output);
    for (std::string line; std::getline(text, line);) {
        const auto at = line.rfind(": ./");
        if (line.find("DW_AT_name") != line.npos && at != line.npos) {
            units.push_back(line.substr(at + 4));
        }
    }
    return units;
}

// Those, and the headers that they include, directly or not.
std::set<std::string> files_of_the_root_half() {
    auto open = units_of_the_broker();
    EXPECT_GT(open.size(), 40U) << "was it built with debug information?";
    std::set<std::string> files;
    while (!open.empty()) {
        const auto name = open.back();
        open.pop_back();
        if (!fs::exists(kSource / name) || !files.insert(name).second) continue;
        for (auto& include : includes_of(kSource / name)) open.push_back(std::move(include));
    }
    return files;
}

// The root half is larger than it should be. Who raises these bounds says in SECURITY.md, which
// names them, what the lines were spent on.
TEST(RootHalf, IsNoLargerThanSecurityMdSays) {
    constexpr std::size_t kMostInBroker = 12'830;
    constexpr std::size_t kMost = 25'480;
    std::map<std::string, std::pair<std::size_t, std::size_t>> folders;  // code, all
    std::size_t code = 0;
    std::size_t all = 0;
    for (const auto& name : files_of_the_root_half()) {
        EXPECT_FALSE(name.starts_with("worker/")) << name;
        const auto slash = name.find('/', name.find('/') + 1);
        auto& folder = folders[name.starts_with("broker") ? "broker" : name.substr(0, slash)];
        folder.first += code_lines(kSource / name);
        folder.second += lines_of(kSource / name).size();
        code += code_lines(kSource / name);
        all += lines_of(kSource / name).size();
    }
    for (const auto& [folder, size] : folders) {
        std::printf("%-20s %5zu lines of code, %5zu in all\n", folder.c_str(), size.first,
                    size.second);
    }
    std::printf("%-20s %5zu lines of code, %5zu in all\n", "root half", code, all);
    RecordProperty("code_lines", static_cast<int>(code));
    EXPECT_LE(folders["broker"].first, kMostInBroker);
    EXPECT_LE(code, kMost);
}

std::set<std::string> libraries_in_policy() {
    std::set<std::string> names;
    for (const auto& line : lines_of(kSource / "policy/broker.libs")) {
        std::istringstream words(line);
        std::string key;
        std::string name;
        if (words >> key >> name && key == "library") names.insert(name);
    }
    return names;
}

// What the loader maps, by name. "a.so.1 => /lib/a.so.1 (0x...)", "/lib64/ld.so (0x...)".
std::set<std::string> libraries_mapped() {
    std::set<std::string> names;
    std::istringstream text(run({"/usr/bin/ldd", BULKHEAD_BROKER}).output);
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (!name.starts_with("linux-vdso")) names.insert(fs::path(name).filename());
    }
    return names;
}

TEST(RootHalf, MapsTheLibrariesOfPolicyAndNoOthers) {
#ifdef BULKHEAD_SANITIZED
    GTEST_SKIP() << "a sanitizer brings libraries of its own";
#endif
    auto allowed = libraries_in_policy();
    const auto mapped = libraries_mapped();
    ASSERT_GT(mapped.size(), 3U);
    for (const auto& name : mapped) EXPECT_TRUE(allowed.contains(name)) << name;
    // Except the other machine's loader, nothing is listed that is not used.
    for (const auto& name : allowed) {
        EXPECT_TRUE(mapped.contains(name) || name.starts_with("ld-linux")) << name;
    }
    for (const auto& name : mapped) {
        for (const auto* part : {"crypto", "curl", "ssl", "yaml", "json", "ssh"}) {
            EXPECT_EQ(name.find(part), std::string::npos) << name;
        }
    }
}

TEST(RootHalf, TheProtocolPageIsWhatTheBrokerPrints) {
    const auto printed = run({BULKHEAD_BROKER, "--describe-protocol"});
    ASSERT_EQ(printed.code, 0);
    EXPECT_EQ(printed.output, content_of(kSource / "docs/protocol.md"))
        << "renew it: bulkhead-broker --describe-protocol > docs/protocol.md";
}

}  // namespace
}  // namespace bulkhead::test
