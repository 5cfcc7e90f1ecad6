// The manual pages have each command, option and setting that the programs have, and man(1) has
// nothing to say against them.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>

#include "broker/options.hpp"
#include "cli/commands.hpp"
#include "tests/support/files.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kManual = MANUAL;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// Without fonts and escapes.
std::string text_of(const std::string& page) {
    auto text = test::content_of(kManual / page);
    for (const auto* mark : {"\\fB", "\\fI", "\\fR", "\\&"}) text = replaced(text, mark, "");
    text = replaced(text, "\\-", "-");
    text = replaced(text, "\\e", "\\");
    return replaced(text, "\\(aq", "'");
}

std::set<std::string> options_in(const std::string& text) {
    static const std::regex kOption(R"((^|[\s\[|(`])(--[a-z][a-z0-9-]*))");
    std::set<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), kOption), end; at != end; ++at) {
        found.insert((*at)[2]);
    }
    return found;
}

// Standard output of a command.
std::string said_by(const std::string& command) {
    std::string said;
    auto* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return "cannot be run";
    std::array<char, 4096> part{};
    for (std::size_t got = 1; got > 0;) {
        got = std::fread(part.data(), 1, part.size(), pipe);
        said.append(part.data(), got);
    }
    if (::pclose(pipe) != 0) said += "(failed)";
    return said;
}

class Manual : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!fs::exists(kManual)) GTEST_SKIP() << "scdoc was not installed at the build";
    }
};

TEST_F(Manual, HasEachCommandWithEachOptionOfItsHelp) {
    const auto page = text_of("bulkhead.1");
    ASSERT_GT(cli::commands().size(), 20U);
    for (const auto& command : cli::commands()) {
        const auto usage = cli::usage_of(command);
        const auto begin = page.find("\nbulkhead " + std::string(command.name) + " ");
        ASSERT_NE(begin, page.npos) << command.name;
        const auto entry = page.substr(begin, page.find("\n.P\n", begin) - begin);
        const auto help = cli::help_of(usage);
        for (const auto& option : options_in(help.substr(0, help.find("\nexample:")))) {
            EXPECT_TRUE(options_in(entry).contains(option))
                << command.name << " " << option << " is not in\n"
                << entry;
        }
        EXPECT_THAT(page, HasSubstr(std::string(cli::example_of(command.name).substr(0, 20))));
    }
    for (const auto& [word, meaning] : cli::words_in_capitals()) {
        EXPECT_THAT(page, HasSubstr("\n" + std::string(word) + "\n")) << "what is " << word;
    }
}

TEST_F(Manual, HasEachOptionOfTheBroker) {
    const auto options = options_in(broker::help_text());
    ASSERT_GT(options.size(), 15U);
    const auto in_page = options_in(text_of("bulkhead-broker.8"));
    for (const auto& option : options) EXPECT_TRUE(in_page.contains(option)) << option;
}

TEST_F(Manual, HasEachSetting) {
    const auto page = text_of("bulkhead-agent.yaml.5");
    for (const auto& setting : worker::settings()) {
        EXPECT_THAT(page, HasSubstr("\n" + std::string(setting.key) + " (" + setting.values()));
    }
}

TEST_F(Manual, HasWhatGrammarAndJobsSay) {
    const auto page = text_of("bulkhead-policy.5") + text_of("bulkhead-job.5");
    std::size_t headings = 0;
    for (const auto* source : {"/policy/grammar.md", "/docs/jobs.md"}) {
        const auto text = test::content_of(SOURCE_TREE + std::string(source));
        static const std::regex kHeading(R"(\n##+ ([^\n]+))");
        for (std::sregex_iterator at(text.begin(), text.end(), kHeading), end; at != end; ++at) {
            ++headings;
            EXPECT_THAT(page, HasSubstr(replaced((*at)[1], "`", "")));
        }
        // Each line of a form: what is indented, without blanks and marks that tables escape.
        static const std::regex kForm(R"(\n    ([a-z-]+ [A-Z][^\n]*))");
        for (std::sregex_iterator at(text.begin(), text.end(), kForm), end; at != end; ++at) {
            EXPECT_THAT(page, HasSubstr((*at)[1].str()));
        }
    }
    EXPECT_GT(headings, 15U);
}

// "bulkhead-policy(5)" in a page.
TEST_F(Manual, RefersOnlyToPagesThatAreThere) {
    static const std::regex kReference(R"((bulkhead[a-z.-]*)\((\d)\))");
    for (const auto& entry : fs::directory_iterator(kManual)) {
        if (entry.path().extension() == ".scd") continue;
        const auto text = text_of(entry.path().filename());
        for (std::sregex_iterator at(text.begin(), text.end(), kReference), end; at != end; ++at) {
            EXPECT_TRUE(fs::exists(kManual / ((*at)[1].str() + "." + (*at)[2].str())))
                << entry.path().filename() << " refers to " << at->str();
        }
    }
}

TEST_F(Manual, IsReadByManWithoutAWarning) {
    if (::access("/usr/bin/man", X_OK) != 0 || ::access("/usr/bin/groff", X_OK) != 0) {
        GTEST_SKIP() << "man is not installed (package man-db)";
    }
    std::size_t pages = 0;
    for (const auto& entry : fs::directory_iterator(kManual)) {
        if (entry.path().extension() == ".scd") continue;
        ++pages;
        const auto said = said_by("MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z '" +
                                  entry.path().string() + "' 2>&1 >/dev/null");
        EXPECT_EQ(said, "") << entry.path().filename();
    }
    EXPECT_EQ(pages, 6U);
}

}  // namespace
}  // namespace bulkhead
