// What the pages refer to exists: files behind links, and the tests that SECURITY.md calls its
// proof.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "tests/support/files.hpp"

namespace {

namespace fs = std::filesystem;

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
    for (const auto* folder : {"", "docs", "docs/decisions", "policy", "tests/backend"}) {
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

// What the scripts install to build, the tests' and the cache apart.
TEST(Readme, NamesThePackagesThatTheBuildNeeds) {
    const auto scripts = bulkhead::test::content_of(kTree / "scripts/lib.sh");
    const auto lists = all(scripts, std::regex(R"(\nbuild_packages=\(([^)]*)\))"));
    ASSERT_EQ(lists.size(), 1U);
    const std::set<std::string> beside{"ccache",       "clang",        "libcpp-httplib-dev",
                                       "libgtest-dev", "libgmock-dev", "libbenchmark-dev"};
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
