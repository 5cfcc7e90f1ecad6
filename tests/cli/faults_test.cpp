// Scripts that do not do what their authors meant: seal refuses them, the dry run says so beside
// the host's verdict. What new-job says of them is in author_test.cpp.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Faults : public ::testing::Test {
  protected:
    // Makes job.sh, and approved/NAME.manifest of it.
    void pin(const std::string& name, const std::string& profile, const std::string& script) const {
        site_.write("policy/approved/" + name + ".manifest",
                    site_.manifest_by_hand(script, profile));
        site_.write("job.sh", script);
    }
    json ask() const {
        return json::parse(site_.bulkhead(site_.dry_run({"job.sh", "--json"})).out);
    }

    Site site_;
};

// Its manifest was written by hand, or before such a script was refused.
TEST_F(Faults, KeepAScriptFromBeingSealed) {
    const std::pair<std::string, std::string> cases[] = {
        {"#!/bin/bash\nif\n", "job.sh:3: syntax error"},
        {"#!/bin/bash\r\ntrue\r\n", "job.sh:1: ends with CR LF"},
        {"#!/bin/sh\ntrue\n", "job.sh:1: the #! line names /bin/sh"},
    };
    for (const auto& [script, says] : cases) {
        site_.write("m", site_.manifest_by_hand(script, "maintain"));
        site_.write("job.sh", script);
        const auto sealed = site_.bulkhead({"seal", "job.sh", "m"});
        EXPECT_EQ(sealed.code, 1);
        EXPECT_EQ(sealed.out, "");
        EXPECT_THAT(sealed.err, HasSubstr(says));
    }
}

// The verdict is the host's; a pinned manifest may be of a script that no author would be let seal.
TEST_F(Faults, GivesTheHostsVerdictOnAScriptWithFaults) {
    pin("a", "maintain", "#!/bin/bash -e\ntrue\nif\n");
    const auto report = ask();
    EXPECT_EQ(report["verdict"], "admit");
    EXPECT_EQ(report["command"], json({"/bin/bash", "-e"}));
    EXPECT_EQ(report["faults"][0]["line"], 4);
    const auto answer = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.out,
                HasSubstr("verdict       admit\nbut           new-job and seal refuse"));
    EXPECT_THAT(answer.out, HasSubstr("run as      /bin/bash -e SCRIPT\n"));
}

TEST_F(Faults, NamesEveryManifestThatPinsABareScript) {
    const std::string script = "#!/bin/bash\ntrue\n";
    pin("a", "admin", script);
    pin("b", "inspect", script);
    const auto answer = site_.bulkhead(site_.dry_run({"job.sh"}));
    EXPECT_EQ(answer.code, 0) << answer.out;
    EXPECT_THAT(answer.out, HasSubstr("rule          pinned approved/a.manifest\n"
                                      "              pinned too, for profile inspect: "
                                      "approved/b.manifest;"));
    const auto report = ask();
    EXPECT_EQ(report["also_pinned"][0]["manifest"], "approved/b.manifest");
    EXPECT_EQ(report["also_pinned"][0]["profile"], "inspect");
}

}  // namespace
}  // namespace bulkhead::test
