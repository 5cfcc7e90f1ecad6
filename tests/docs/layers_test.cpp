// Which folder may include which: every #include of the sources is held against the one table of
// docs/architecture.md. A linker does not see a header.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

struct Row {
    Names uses;       // folders whose headers it may include, and what these may use in turn
    Names libraries;  // outside libraries, by the first part of the name in angle brackets
};
using Table = std::map<std::string, Row>;

// The libraries that the table tells of; the C and the C++ library are everybody's.
const Names kLibraries{"bpf",     "curl",      "gelf.h",   "libmnl",           "nlohmann",
                       "openssl", "seccomp.h", "sodium.h", "sys/capability.h", "yaml-cpp",
                       "zlib.h",  "zstd.h"};

Names quoted_in(const std::string& cell) {
    static const std::regex kName("`([^`]+)`");
    Names names;
    for (std::sregex_iterator at(cell.begin(), cell.end(), kName), end; at != end; ++at) {
        auto name = (*at)[1].str();
        if (name.ends_with('/')) name.pop_back();
        names.insert(name);
    }
    return names;
}

// Rows "| folders | what it is | may use | libraries |" of the section "The rooms".
Table read_table() {
    std::ifstream page(fs::path(SOURCE_TREE) / "docs/architecture.md");
    Table table;
    bool here = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("## ")) here = line == "## The rooms";
        if (!here || !line.starts_with("| `")) continue;
        std::istringstream cells(line);
        std::string none, folders, what, uses, libraries;
        for (auto* cell : {&none, &folders, &what, &uses, &libraries}) {
            std::getline(cells, *cell, '|');
        }
        for (const auto& folder : quoted_in(folders)) {
            table[folder] = {.uses = quoted_in(uses), .libraries = quoted_in(libraries)};
        }
    }
    return table;
}

// `common` stands for each of its folders.
Names meant_by(const std::string& name, const Table& table) {
    Names folders;
    for (const auto& [folder, row] : table) {
        if (folder == name || folder.starts_with(name + "/")) folders.insert(folder);
    }
    return table.contains(name) ? Names{name} : folders;
}

// All that `folder` may include; `way` is how it was reached, to tell a circle by.
Names reach_of(const std::string& folder, const Table& table, Names way = {}) {
    if (!way.insert(folder).second) {
        ADD_FAILURE() << folder << " may use itself, by way of others";
        return {};
    }
    Names reached;
    for (const auto& name : table.at(folder).uses) {
        const auto meant = meant_by(name, table);
        EXPECT_FALSE(meant.empty()) << folder << " may use " << name << ", which has no row";
        for (const auto& used : meant) {
            reached.insert(used);
            reached.merge(reach_of(used, table, way));
        }
    }
    return reached;
}

struct Include {
    std::string file;     // of ours, from the top of the tree
    std::string folder;   // where the file is
    std::string target;   // as it is written
    bool quoted = false;  // "target", not <target>
};

std::vector<Include> all_includes() {
    static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)");
    std::vector<Include> found;
    const fs::path tree = SOURCE_TREE;
    for (const auto* top : {"common", "broker", "worker", "loader", "cli"}) {
        for (const auto& entry : fs::recursive_directory_iterator(tree / top)) {
            const auto ending = entry.path().extension();
            if (ending != ".cpp" && ending != ".hpp" && ending != ".in") continue;
            const auto file = entry.path().lexically_relative(tree);
            std::ifstream source(entry.path());
            for (std::string line; std::getline(source, line);) {
                std::smatch parts;
                if (!std::regex_match(line, parts, kInclude)) continue;
                found.push_back({.file = file.string(),
                                 .folder = file.parent_path().string(),
                                 .target = parts[2],
                                 .quoted = parts[1] == "\""});
            }
        }
    }
    return found;
}

TEST(Rooms, EachFolderHasARow) {
    const auto table = read_table();
    for (const auto& include : all_includes()) {
        EXPECT_TRUE(table.contains(include.folder)) << include.folder << " has no row in the table";
    }
    for (const auto& [folder, row] : table) {
        EXPECT_TRUE(fs::is_directory(fs::path(SOURCE_TREE) / folder)) << folder << " is gone";
    }
}

TEST(Rooms, NoneUsesItselfByWayOfOthers) {
    const auto table = read_table();
    for (const auto& [folder, row] : table) reach_of(folder, table);
}

TEST(Rooms, IncludeOnlyWhatTheTableLetsThem) {
    const auto table = read_table();
    ASSERT_FALSE(table.empty());
    for (const auto& include : all_includes()) {
        if (!include.quoted || !table.contains(include.folder)) continue;
        const auto target = fs::path(include.target).parent_path().string();
        if (target == include.folder) continue;
        EXPECT_TRUE(reach_of(include.folder, table).contains(target))
            << include.file << " includes " << include.target << ", and " << include.folder
            << " may not use " << target << " (docs/architecture.md, \"The rooms\")";
    }
}

TEST(Rooms, OutsideLibrariesAreMetInFewOfThem) {
    const auto table = read_table();
    for (const auto& include : all_includes()) {
        if (include.quoted || !table.contains(include.folder)) continue;
        auto library = include.target;
        if (!kLibraries.contains(library)) library = library.substr(0, library.find('/'));
        if (!kLibraries.contains(library)) continue;
        EXPECT_TRUE(table.at(include.folder).libraries.contains(library))
            << include.file << " includes <" << include.target << ">, and " << include.folder
            << " may not use " << library << " (docs/architecture.md, \"The rooms\")";
    }
}

// A permission that nobody needs hides the include that should not have been written.
TEST(Rooms, TheTableAllowsNothingThatNobodyUses) {
    std::map<std::string, Names> used;
    for (const auto& include : all_includes()) {
        auto target = include.target;
        if (include.quoted) target = fs::path(target).parent_path().string();
        if (!include.quoted && !kLibraries.contains(target)) {
            target = target.substr(0, target.find('/'));
        }
        used[include.folder].insert(target);
    }
    const auto table = read_table();
    for (const auto& [folder, row] : table) {
        if (!folder.starts_with("common/") && !folder.starts_with("broker") &&
            !folder.starts_with("worker") && !folder.starts_with("loader") &&
            !folder.starts_with("cli")) {
            continue;
        }
        for (const auto& library : row.libraries) {
            EXPECT_TRUE(used[folder].contains(library)) << folder << " may use " << library;
        }
        for (const auto& name : row.uses) {
            bool some = false;
            for (const auto& meant : meant_by(name, table)) some |= used[folder].contains(meant);
            EXPECT_TRUE(some) << folder << " may use " << name << ", and does not";
        }
    }
}

}  // namespace
