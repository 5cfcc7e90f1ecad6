// Bash does with each example of policy/README.md what the page says.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// True if a script with the parameter x runs a command that the value names.
bool runs_its_value(const std::string& script) {
    const test::Tree folder({{"script", script + "\n"}});
    const auto command =
        "cd " + folder.path() + " && JOB_P_x='a[$(>ran)]' bash script >/dev/null 2>&1 </dev/null";
    const int status = std::system(command.c_str());
    return status != -1 && fs::exists(folder.path() + "/ran");
}

TEST(ValuesThatAreExecuted, AreExecutedByBashFromQuotedVariables) {
    const auto page = test::content_of(fs::path(SOURCE_TREE) / "policy/README.md");
    struct Example {
        std::string code;
        std::string before = "";
        std::string after = "";
    };
    const Example examples[] = {
        {R"([[ "$JOB_P_x" -gt 30 ]])"},
        {"(( JOB_P_x > 30 ))"},
        {"$(( JOB_P_x ))", ": "},
        {R"(let "y=$JOB_P_x")"},
        {"${y:JOB_P_x}", "y=abc; : "},
        {R"(declare -i y="$JOB_P_x")"},
        {"for ((i = 0; i < JOB_P_x; i++))", "", "; do :; done"},
        {"list[JOB_P_x]=1"},
        {R"(${list["$JOB_P_x"]})", ": "},
        {R"(test -v "$JOB_P_x")"},
        {"[[ -v $JOB_P_x ]]"},
        {R"(printf -v "$JOB_P_x" 1)"},
        {R"(read -r "$JOB_P_x")", "", " <<<1"},
        {R"(declare "$JOB_P_x=1")"},
        {"${!JOB_P_x}", ": "},
        {R"(declare -n y="$JOB_P_x")", "", "; y=1"},
        {R"(unset "$JOB_P_x")", "a=(1); "},
        {"bash -c \"... $JOB_P_x\""},
    };
    for (const auto& [code, before, after] : examples) {
        EXPECT_THAT(page, HasSubstr("`" + code + "`"));
        EXPECT_TRUE(runs_its_value(before + code + after)) << code;
    }
    for (const auto* safe : {R"([ "$JOB_P_x" -gt 30 ])", R"(bash -c '... "$1"' _ "$JOB_P_x")"}) {
        EXPECT_THAT(page, HasSubstr("`" + std::string(safe) + "`"));
        EXPECT_FALSE(runs_its_value(safe)) << safe;
    }
    EXPECT_FALSE(runs_its_value(R"(declare -A list; list["$JOB_P_x"]=1)"));
}

}  // namespace
}  // namespace bulkhead
