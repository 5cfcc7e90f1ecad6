// The reading of units and environment files against answers of a real systemd 252, which stand in
// tests/cli/systemd_corpus/cases.json. The script `regenerate` beside it asks systemd again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/systemd/service.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Bytes stand in the JSON as the characters U+0000 to U+00FF.
std::string bytes(const std::string& text) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            made += text[i];
        } else {
            made += static_cast<char>(((c & 0x03) << 6) |
                                      (static_cast<unsigned char>(text[++i]) & 0x3f));
        }
    }
    return made;
}

const Json& corpus() {
    static const auto parsed = Json::parse(content_of(fs::path(SYSTEMD_CORPUS) / "cases.json"));
    return parsed;
}

struct Given {
    std::map<std::string, std::string> environment;
    std::vector<std::vector<std::string>> argv;
    bool operator==(const Given&) const = default;
};

void PrintTo(const Given& given, std::ostream* out) {
    for (const auto& [name, value] : given.environment) *out << name << "=<" << value << "> ";
    for (const auto& words : given.argv) {
        *out << "| ";
        for (const auto& word : words) *out << "<" << word << "> ";
    }
}

Given systemds(const Json& answer) {
    Given given;
    for (const auto& [name, value] : answer["environment"].items()) {
        given.environment[bytes(name)] = bytes(value);
    }
    for (const auto& words : answer["argv"]) {
        auto& argv = given.argv.emplace_back();
        for (const std::string word : words) argv.push_back(bytes(word));
    }
    return given;
}

Given ours(const cli::systemd::Service& service) {
    Given given;
    for (const auto& one : service.environment) given.environment[one.name] = one.text;
    for (const auto& command : service.commands) {
        for (const auto& one : command.assigned) given.environment[one.name] = one.text;
        given.argv.push_back(command.words);
    }
    return given;
}

class SystemdCase : public testing::TestWithParam<std::size_t> {
  protected:
    const Json& one() const { return corpus()["cases"][GetParam()]; }

    void write(const Json& files) const {
        for (const auto& [path, text] : files.items()) {
            const auto file = fs::path(root_.path() + bytes(path));
            const auto content = bytes(text);
            fs::create_directories(file.parent_path());
            if (content.starts_with("-> ")) {
                fs::create_symlink(content.substr(3), file);
            } else {
                std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
            }
        }
    }

    Result<cli::systemd::Service> read() const {
        write(corpus()["base"]);
        write(one()["files"]);
        const cli::systemd::Tree tree(root_.path());
        const auto files = TRY(cli::systemd::find_unit(tree, bytes(one()["start"])));
        if (!files) return fail("/etc/systemd/system: no such unit");
        if (files->masked) return fail(files->fragment + ": masks the unit");
        return cli::systemd::read_service(tree, *files);
    }

    TempDir root_;
};

TEST_P(SystemdCase, IsReadAsSystemdDoes) {
    const auto service = read();
    const auto& answer = one()["systemd"];
    if (one().contains("refuse")) {
        const auto expected = bytes(one()["refuse"]);
        if (service) {
            std::string notes;
            for (const auto& note : service->notes) notes += note + "\n";
            EXPECT_NE(notes.find(expected), notes.npos) << notes;
            EXPECT_TRUE(answer.contains("fails"));
            return;
        }
        EXPECT_NE(service.error().what.find(expected), std::string::npos) << service.error().what;
        EXPECT_TRUE(std::regex_search(service.error().what, std::regex("^/[^:]+(:[0-9]+)?: ")))
            << "names a place: " << service.error().what;
        return;
    }
    if (answer.contains("fails")) {
        const auto& notes = service ? service->notes : std::vector<std::string>{};
        const bool said = std::ranges::any_of(notes, [](const std::string& note) {
            return note.find("systemd does not start it") != note.npos;
        });
        EXPECT_TRUE(!service || said) << "nothing says that systemd does not start it";
        return;
    }
    ASSERT_OK(service);
    EXPECT_EQ(ours(*service), systemds(answer));
}

std::string name_of(const testing::TestParamInfo<std::size_t>& info) {
    std::string name;
    for (const char c : std::string(corpus()["cases"][info.param]["name"])) {
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    return name + "_" + std::to_string(info.param);
}

INSTANTIATE_TEST_SUITE_P(Corpus, SystemdCase,
                         testing::Range(std::size_t{0}, corpus()["cases"].size()), name_of);

TEST(SystemdCorpus, WasAnsweredByTheVersionThatIsPromised) {
    EXPECT_EQ(std::string(corpus()["made_by"]).substr(0, 11), "systemd 252");
    EXPECT_GE(corpus()["cases"].size(), 150U);
}

}  // namespace
}  // namespace bulkhead::test
