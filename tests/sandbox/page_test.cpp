// docs/jobs.md says what a job finds; jobs of each shipped profile look whether it is so.
#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// The texts between backticks.
std::vector<std::string> code_in(const std::string& cell) {
    static const std::regex code("`([^`]*)`");
    std::vector<std::string> found;
    for (std::sregex_iterator at(cell.begin(), cell.end(), code), end; at != end; ++at) {
        found.push_back((*at)[1]);
    }
    return found;
}

using Row = std::vector<std::string>;  // its cells

// The rows of the table below a headline of docs/jobs.md, the first with the names of its columns.
std::vector<Row> table_below(const std::string& headline) {
    std::vector<Row> rows;
    bool below = false;
    for (const auto& line : lines_of(content_of(BULKHEAD_SOURCE "/docs/jobs.md"))) {
        if (line.starts_with("## ")) below = line == "## " + headline;
        if (!below || !line.starts_with("| ")) continue;
        Row cells;
        std::istringstream stream(line.substr(1));
        for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(cell);
        rows.push_back(std::move(cells));
    }
    return rows;
}

// As accounts that systemd-sysusers(8) makes: without a home that a job could find.
class JobsPage : public Pair {
  protected:
    // NAME=VALUE by NAME: the environment that it was started with, and what else it looked at.
    std::map<std::string, std::string> found_by(const std::string& profile) {
        const std::string script = "# " + profile + R"sh(
tr '\0' '\n' </proc/$$/environ
echo "\$0=$0"
echo "user=$(id -un)"
echo "places=$(cd "$HOME" && pwd) $(cd "$TMPDIR" && pwd)"
[ -w "$HOME" ] && [ -w "$TMPDIR" ] && echo writable=yes
echo "descriptors=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | tr '\n' ' ')"
)sh";
        pin({.name = "look-" + profile,
             .script = script,
             .profile = profile,
             .params = {{"name", "text:20:a-z"}}});
        start_enrolled();
        const auto id = queue({.script = script, .params = {{"name", "value"}}});
        EXPECT_EQ(result_of(id)["outcome"], "finished") << profile;
        std::map<std::string, std::string> found;
        for (const auto& line : lines_of(backend().standard_output(id))) {
            found[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        }
        EXPECT_EQ(stop(), 0);
        return found;
    }

    void judge(const std::string& profile) {
        const auto found = found_by(profile);
        const auto at = [&](const std::string& name) {
            const auto entry = found.find(name);
            return entry == found.end() ? "(none)" : entry->second;
        };
        std::set<std::string> named{"$0", "user", "places", "writable", "descriptors"};
        for (const auto& row : table_below("Environment")) {
            const auto names = code_in(row.at(0));
            const auto values = code_in(row.at(1));
            const bool literal = std::regex_match(row.at(1), std::regex(" (`[^`]*`(, )?)+ "));
            for (std::size_t i = 0; i < names.size(); ++i) {
                named.insert(names[i]);
                if (literal) {
                    EXPECT_EQ(at(names[i]), values.at(i)) << names[i];
                }
            }
        }
        for (const auto& [name, value] : found) {
            EXPECT_TRUE(named.contains(name)) << name << "=" << value << " is not on the page";
        }
        named.erase("BULKHEAD_REBOOTED");
        if (profile != "admin") named.erase("BULKHEAD_REBOOT_MARK");
        for (const auto& name : named) EXPECT_TRUE(found.contains(name)) << name << " is not there";

        EXPECT_EQ(at("JOB_P_name"), "value");
        EXPECT_EQ(at("BULKHEAD_JOB_ID"), "look-" + profile);
        EXPECT_EQ(at("USER"), at("user"));
        EXPECT_EQ(at("LOGNAME"), at("user"));
        EXPECT_EQ(at("places"), at("HOME") + " " + at("TMPDIR"));
        EXPECT_TRUE(std::regex_match(at("descriptors"),
                                     std::regex(R"((/dev)?/null pipe:\[\d+\] pipe:\[\d+\] )")))
            << at("descriptors");
        judge_places(profile, found);
    }

    // The column of the profile: whatever variable has a row there.
    static void judge_places(const std::string& profile,
                             const std::map<std::string, std::string>& found) {
        const auto rows = table_below("Places");
        ASSERT_FALSE(rows.empty());
        const auto column = static_cast<std::size_t>(
            std::ranges::find(rows[0], " `" + profile + "` ") - rows[0].begin());
        ASSERT_LT(column, rows[0].size()) << profile << " has no column";
        std::size_t judged = 0;
        for (const auto& row : rows) {
            const auto names = code_in(row.at(0));
            const auto entry = names.empty() ? found.end() : found.find(names[0]);
            if (entry == found.end()) continue;
            auto said = code_in(row.at(column)).at(0);
            auto value = entry->second;
            const auto id = said.find("JOB-ID");
            if (id != said.npos) said.replace(id, 6, found.at("BULKHEAD_JOB_ID"));
            // Of a directory of the agent's, which stands elsewhere here.
            if (said.starts_with("/var/lib/bulkhead/scripts/")) {
                said = "1-" + found.at("BULKHEAD_JOB_ID");
                value = std::filesystem::path(value).filename();
            }
            EXPECT_EQ(value, said) << names[0];
            ++judged;
        }
        EXPECT_EQ(judged, 3U) << "HOME, TMPDIR and $0 have a row each";
    }
};

TEST_F(JobsPage, SaysWhatAJobOfInspectFinds) { judge("inspect"); }
TEST_F(JobsPage, SaysWhatAJobOfDiagnoseFinds) { judge("diagnose"); }
TEST_F(JobsPage, SaysWhatAJobOfMaintainFinds) { judge("maintain"); }
TEST_F(JobsPage, SaysWhatAJobOfAdminFinds) { judge("admin"); }

}  // namespace
}  // namespace bulkhead::test
