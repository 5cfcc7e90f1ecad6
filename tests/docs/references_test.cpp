// What the pages refer to exists: files behind links, and the tests that SECURITY.md calls its
// proof.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

#include "cli/commands.hpp"
#include "cli/complete/usage.hpp"
#include "tests/support/files.hpp"

namespace {

namespace fs = std::filesystem;
namespace cli = bulkhead::cli;

const fs::path kTree = SOURCE_TREE;

std::vector<std::string> all(const std::string& text, const std::regex& pattern) {
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
        found.push_back((*at)[1]);
    }
    return found;
}

std::vector<fs::path> pages() {
    std::vector<fs::path> found;
    for (const auto* folder :
         {"", "docs", "docs/decisions", "docs/operations", "policy", "tests/backend"}) {
        for (const auto& entry : fs::directory_iterator(kTree / folder)) {
            if (entry.path().extension() == ".md") found.push_back(entry.path());
        }
    }
    return found;
}

TEST(Pages, LinkOnlyToWhatIsThere) {
    const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
    for (const auto& page : pages()) {
        for (const auto& target : all(bulkhead::test::content_of(page), link)) {
            EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page << " links to " << target;
        }
    }
}

// What stands in a page as a command: fences, indented lines, and `code`, with continued lines put
// together.
std::vector<std::string> commands_in(const std::string& text) {
    std::vector<std::string> found;
    bool fence = false;
    std::string whole;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) fence = !fence;
        if (fence || line.starts_with("    ")) {
            whole += line;
            if (whole.ends_with('\\')) {
                whole.pop_back();
                continue;
            }
            found.push_back(std::exchange(whole, ""));
        } else {
            const std::regex code("`([^`]+)`");
            for (auto& one : all(line, code)) found.push_back(std::move(one));
        }
    }
    return found;
}

std::set<std::string> options_of(const cli::Command& command) {
    const auto parts = cli::parts_of(cli::usage_of(command).arguments);
    std::set<std::string> names{"--help", "--quiet"};
    for (const auto& option : parts.options) names.insert(option.name);
    if (const auto* also = cli::find_command(parts.also_of)) names.merge(options_of(*also));
    return names;
}

TEST(Pages, NameOnlyCommandsAndOptionsThatAreThere) {
    const std::regex call(R"((?:^|[ (|;'])bulkhead ([a-z][a-z-]+)([^|;&#>)']*))");
    const std::regex option(R"((--[a-z][a-z0-9-]*))");
    std::size_t calls = 0;
    for (const auto& page : pages()) {
        for (const auto& text : commands_in(bulkhead::test::content_of(page))) {
            for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
                const auto name = (*at)[1].str();
                if (name == "help" || name == "version" || name.starts_with("bulkhead")) continue;
                const auto* command = cli::find_command(name);
                ++calls;
                EXPECT_NE(command, nullptr) << page << ": " << text;
                if (command == nullptr) continue;
                const auto known = options_of(*command);
                for (const auto& one : all((*at)[2], option)) {
                    EXPECT_TRUE(known.contains(one)) << page << ": " << one << " of " << text;
                }
            }
        }
    }
    EXPECT_GT(calls, 100U);
}

// What the scripts install to build, the tests' and the cache apart.
TEST(Readme, NamesThePackagesThatTheBuildNeeds) {
    const auto scripts = bulkhead::test::content_of(kTree / "scripts/lib.sh");
    const auto lists = all(scripts, std::regex(R"(\nbuild_packages=\(([^)]*)\))"));
    ASSERT_EQ(lists.size(), 1U);
    const std::set<std::string> beside{"ccache",       "clang",        "libcpp-httplib-dev",
                                       "libgtest-dev", "libgmock-dev", "libbenchmark-dev",
                                       "scdoc"};
    const auto page = bulkhead::test::content_of(kTree / "README.md");
    for (const auto& name : all(lists[0], std::regex(R"((\S+))"))) {
        if (beside.contains(name)) continue;
        EXPECT_NE(page.find(name), std::string::npos) << name;
    }
}

// `Suite.Name` in a page is a test of ours.
// Otherwise what it shipped would be taken for an operator's decision after the next upgrade.
TEST(ShippedDigests, HoldEachReleaseOfTheChangelog) {
    const auto digests = bulkhead::test::content_of(kTree / "policy/shipped.digests");
    const std::regex release("(?:^|\n)## ([0-9.]+)(?= |\n)(?!, unreleased)");
    for (const auto& version : all(bulkhead::test::content_of(kTree / "CHANGELOG.md"), release)) {
        EXPECT_NE(digests.find("  " + version + "  "), digests.npos)
            << "run: scripts/shipped-digests REVISION " << version << " >>policy/shipped.digests";
    }
}

TEST(SecurityPage, NamesOnlyTestsThatExist) {
    const std::regex declared(R"(TEST(?:_F|_P)?\(\s*(\w+,\s*\w+)\s*\))");
    std::set<std::string> tests;
    for (const auto& entry : fs::recursive_directory_iterator(kTree / "tests")) {
        if (entry.path().extension() != ".cpp") continue;
        for (auto name : all(bulkhead::test::content_of(entry.path()), declared)) {
            tests.insert(std::regex_replace(name, std::regex(R"(,\s*)"), "."));
        }
    }
    const auto named = all(bulkhead::test::content_of(kTree / "SECURITY.md"),
                           std::regex(R"(`([A-Z]\w+\.[A-Z]\w+)`)"));
    EXPECT_GT(named.size(), 10U);
    for (const auto& name : named) EXPECT_TRUE(tests.contains(name)) << name << " is no test";
}

}  // namespace
