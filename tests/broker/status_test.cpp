// What root writes of the agent, and who else could have a say in it.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "broker/context/tally.hpp"
#include "broker/context/troubles.hpp"
#include "broker/status/json_text.hpp"
#include "broker/status/status_file.hpp"
#include "common/sys/dir.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using test::tree;
using ::testing::ElementsAre;

struct stat info_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info;
}

TEST(StatusFile, IsForRootAndOneGroup) {
    if (::geteuid() != 0) GTEST_SKIP() << "gives a file to a group";
    const auto place = tree({});
    const StatusFile file(place.open());
    ASSERT_OK(file.write("{}", 1));
    const auto info = info_of(place.path() + "/broker.json");
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_EQ(info.st_gid, 1U);
    EXPECT_EQ(info.st_mode, S_IFREG | 0640U);
    ASSERT_OK(file.write("{}", 0));
    EXPECT_EQ(info_of(place.path() + "/broker.json").st_gid, 0U) << "it is withdrawn as well";
    EXPECT_THAT(*place.open().list(), ElementsAre("broker.json"));
    ASSERT_OK(file.remove());
    ASSERT_OK(file.remove());
}

TEST(StatusFile, FollowsNothingThatStandsInItsPlace) {
    const auto place = tree({{"victim", "whole"}});
    place.link("broker.json", "victim");
    place.link("broker.json.new", "victim");
    const StatusFile file(place.open());
    ASSERT_OK(file.write("{}", 0));
    EXPECT_EQ(place.open().read_file("victim", 10).value_or(""), "whole");
    EXPECT_EQ(place.open().read_file("broker.json", 10).value_or(""), "{}\n");
}

TEST(StatusFile, AFailureIsAnErrorAndLeavesTheOldOne) {
    const auto place = tree({{"broker.json", "old"}});
    ASSERT_EQ(::mkdir((place.path() + "/broker.json.new").c_str(), 0700), 0);
    EXPECT_FALSE(StatusFile(place.open()).write("{}", 0));
    EXPECT_EQ(place.open().read_file("broker.json", 10).value_or(""), "old");
}

TEST(JsonText, IsJsonWhateverTheTextIs) {
    const auto text = JsonObject{}
                          .put("a", std::string_view("\"\\\n\x01\xff"))
                          .put("b", std::string(5000, 'x'))
                          .put("c", true)
                          .put("d", 7)
                          .put_json("e", json_list(std::vector<std::string>{"x", "y"}, json_text))
                          .put_json("f", JsonObject{}.str())
                          .str();
    const auto read = nlohmann::json::parse(text, nullptr, false);
    ASSERT_TRUE(read.is_object()) << text;
    EXPECT_LE(read["b"].get<std::string>().size(), 512U);
    EXPECT_EQ(read["c"], true);
    EXPECT_EQ(read["d"], 7);
    EXPECT_EQ(read["e"].dump(), R"(["x","y"])");
    EXPECT_EQ(read["f"].dump(), "{}");
}

TEST(Tally, KeepsTheLastFewAndCountsAll) {
    Tally tally;
    for (int i = 0; i < 20; ++i) {
        tally.refused({.at = {},
                       .backend = "main",
                       .job_id = std::to_string(i),
                       .reason = i % 2 == 0 ? "replay" : "not-approved",
                       .detail = ""});
        protocol::JobEnd end{.outcome = protocol::JobOutcome::finished};
        end.reason = protocol::Code::clipped("ok");
        tally.ended(JobNumber{static_cast<std::uint64_t>(i)}, {}, end);
    }
    EXPECT_EQ(tally.refusals().at("replay"), 10U);
    EXPECT_EQ(tally.outcomes().at("ok"), 20U);
    ASSERT_EQ(tally.last_refused().size(), 5U);
    EXPECT_EQ(tally.last_refused().front().job_id, "19");
    EXPECT_EQ(tally.last_ended().size(), 5U);
    EXPECT_EQ(tally.last_ended().front().number.value, 19U);
}

TEST(Tally, NoBackendsRefusalsTakeThePlaceOfAnothers) {
    Tally tally;
    const auto refuse = [&](const std::string& backend, int at) {
        tally.refused({.at = UnixTime(std::chrono::seconds(at)),
                       .backend = backend,
                       .job_id = std::to_string(at),
                       .reason = "replay",
                       .detail = ""});
    };
    refuse("quiet", 1);
    for (int i = 2; i < 100; ++i) refuse("loud", i);
    refuse("quiet", 100);
    std::vector<std::string> jobs;
    for (const auto& one : tally.last_refused()) jobs.push_back(one.job_id);
    EXPECT_THAT(jobs, ElementsAre("100", "99", "98", "97", "96", "95", "1"));
}

TEST(Troubles, ThatKeepJobsFromStartingAreToldFirst) {
    const sys::Log log("test", -1);
    Troubles troubles(log);
    for (std::size_t i = 0; i < protocol::kMaxTroubles; ++i) {
        troubles.set("other-" + std::to_string(i), "why");
    }
    EXPECT_FALSE(troubles.find("policy-rejected"));
    troubles.set("policy-rejected", "a slip");
    troubles.set("ledger-lost", "gone");
    const auto told = troubles.told();
    ASSERT_EQ(told.items.size(), protocol::kMaxTroubles);
    EXPECT_EQ(told.items[0].code.str(), "policy-rejected");
    EXPECT_EQ(told.items[1].code.str(), "ledger-lost");
    EXPECT_EQ(told.items[2].code.str(), "other-0");
    ASSERT_TRUE(troubles.find("other-15"));
    EXPECT_EQ(troubles.find("policy-rejected")->why.str(), "a slip");
}

}  // namespace
}  // namespace bulkhead::broker
