// The pages as they are installed: links lead to headings that are there, units name manual pages
// that are there.
#include <gmock/gmock.h>

#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "tests/build/elf.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

// The anchors of a page's headings, as GitHub makes them: "## What ran here: the ledger" is
// "what-ran-here-the-ledger".
std::set<std::string> anchors_of(const std::string& text) {
    std::set<std::string> anchors;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto begin = line.find_first_not_of('#');
        if (begin == 0 || begin == line.npos || line[begin] != ' ') continue;
        std::string anchor;
        for (const char c : line.substr(begin + 1)) {
            const auto letter = static_cast<unsigned char>(c);
            if (std::isalnum(letter) != 0 || c == '-' || c == '_') {
                anchor += static_cast<char>(std::tolower(letter));
            } else if (c == ' ') {
                anchor += '-';
            }
        }
        anchors.insert(anchor);
    }
    return anchors;
}

class InstalledDocuments : public ::testing::Test {
  protected:
    InstalledDocuments() {
        output_of("DESTDIR='" + root_.path() +
                  "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr --component documents");
    }
    fs::path place(const std::string& path) const { return root_.path() + path; }

    TempDir root_;
};

TEST_F(InstalledDocuments, LinkToHeadingsThatAreThere) {
    const std::regex link(R"(\]\(([^)#:\s]*)#([^)]+)\))");
    std::size_t links = 0;
    for (const auto& entry : fs::recursive_directory_iterator(place("/usr/share/doc/bulkhead"))) {
        if (entry.path().extension() != ".md") continue;
        const auto text = content_of(entry.path());
        for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
            ++links;
            const auto page =
                (*at)[1].str().empty() ? entry.path() : entry.path().parent_path() / (*at)[1].str();
            EXPECT_TRUE(anchors_of(content_of(page)).contains((*at)[2]))
                << entry.path().filename() << ": " << at->str();
        }
    }
    EXPECT_GT(links, 15U);
}

TEST_F(InstalledDocuments, AreWhatUnitsNameAsTheirDocumentation) {
    const std::regex named(R"((man|file):(\S+))");
    const std::regex page(R"((bulkhead[a-z.-]*)\((\d)\))");
    const bool manual = fs::exists(BUILD_TREE "/man");
    for (const auto& entry : fs::directory_iterator(SOURCE_TREE "/systemd")) {
        if (entry.path().filename().string().starts_with("bulkhead") == false) continue;
        const auto text = content_of(entry.path());
        const auto begin = text.find("\nDocumentation=");
        ASSERT_NE(begin, text.npos) << entry.path();
        const auto line = text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
        EXPECT_NE(line.find("man:bulkhead"), line.npos) << entry.path() << " " << line;
        for (std::sregex_iterator at(line.begin(), line.end(), named), end; at != end; ++at) {
            const auto what = (*at)[2].str();
            std::smatch parts;
            if ((*at)[1] == "file") {
                const auto file = std::regex_replace(what, std::regex("@BULKHEAD_DOC@"),
                                                     "/usr/share/doc/bulkhead");
                EXPECT_TRUE(fs::exists(place(file))) << entry.path() << " " << what;
            } else if (manual && std::regex_match(what, parts, page)) {
                EXPECT_TRUE(fs::exists(place("/usr/share/man/man" + parts[2].str() + "/" +
                                             parts[1].str() + "." + parts[2].str())))
                    << entry.path() << " " << what;
            }
        }
    }
}

}  // namespace
}  // namespace bulkhead::test
