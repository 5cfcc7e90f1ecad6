// Counts, lists and orders that prose repeats from the code.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <sstream>

#include "common/admission/checks.hpp"
#include "common/protocol/requests.hpp"
#include "tests/support/files.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// So that a list may go over several lines.
std::string in_one_line(const std::string& file) {
    std::istringstream stream(test::content_of(fs::path(SOURCE_TREE) / file));
    std::string text;
    for (std::string word; stream >> word;) text += (text.empty() ? "" : " ") + word;
    return text;
}

std::string in_words(std::size_t number) {
    constexpr std::array kWords{"no",    "one",   "two",  "three", "four",   "five",   "six",
                                "seven", "eight", "nine", "ten",   "eleven", "twelve", "thirteen"};
    return kWords.at(number);
}

TEST(Mirrors, ReadmeCountsTheRequestsThatAWorkerMayMake) {
    constexpr auto kCount = protocol::Requests::kCount;
    const auto text = in_one_line("README.md");
    EXPECT_THAT(text, HasSubstr("It can ask root for " + in_words(kCount) + " things"));
    EXPECT_THAT(text, HasSubstr("socketpair, " + std::to_string(kCount) + " requests"));
}

TEST(Mirrors, EachListOfDialectsHasAllOfThem) {
    for (const auto* file :
         {"README.md", "systemd/agent.yaml", "docs/configuration.md", "docs/backends.md"}) {
        const auto text = in_one_line(file);
        for (const auto& dialect : worker::dialects()) {
            EXPECT_THAT(text, HasSubstr(std::string(dialect.name))) << file;
        }
    }
}

TEST(Mirrors, ArchitectureTellsTheChecksInTheirOrder) {
    std::string order =
        "The checks, in order: size, manifest, revocation, signatures, author, threshold";
    for (const auto& check : admission::kChecks) order += ", " + std::string(check.name);
    EXPECT_THAT(in_one_line("docs/architecture.md"), HasSubstr(order + "."));
}

// The second word of the profile's line that begins with `key`.
std::string of_worker(const std::string& key) {
    std::istringstream lines(
        test::content_of(fs::path(SOURCE_TREE) / "policy/profiles/worker.profile"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second;
        if (words >> first >> second && first == key) return second;
    }
    return "none";
}

TEST(Mirrors, SecurityTellsWhatAWorkerMayUse) {
    EXPECT_EQ(of_worker("cpu-percent"), "100");
    auto memory = of_worker("memory");
    memory.insert(memory.find("MiB"), " ");
    EXPECT_THAT(in_one_line("SECURITY.md"),
                HasSubstr("use " + of_worker("pids") + " threads, one processor, and " + memory));
}

}  // namespace
}  // namespace bulkhead
