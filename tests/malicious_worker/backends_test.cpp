// Two backends, one of them hostile: its worker gets nothing of the other's. And the process that
// reads the settings, taken over: root takes no list from it that it could not have from an honest
// one.
#include <csignal>

#include "tests/malicious_worker/site.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

class TwoBackends : public Site {
  protected:
    void start_both(const std::string& main, const std::string& other) {
        start(main, {{"MALICE_BACKENDS", "main other"}, {"MALICE_ORDERS_other", other}});
    }
    std::size_t started(std::string_view backend) const {
        std::size_t count = 0;
        for (const auto& event : audit("worker-started")) count += event["backend"] == backend;
        return count;
    }
};

TEST_F(TwoBackends, ACapturedWorkerNeitherSeesNorTouchesTheJobsOfAnother) {
    start_both("campaign thief", "campaign victim");
    ASSERT_TRUE(wait_for_finding("ready", "other"));
    ASSERT_TRUE(wait_for_finding("delivery"));
    EXPECT_EQ(finding("stolen"), std::nullopt);
    EXPECT_EQ(finding("delivery"), "admitted") << "the other's delivery id is not its own";
    EXPECT_EQ(started("other"), 1U);
    for (const auto& event : audit("job-ended")) EXPECT_NE(event["job"], "sleeper");
    EXPECT_TRUE(audit("job-acknowledged").empty());
}

TEST_F(TwoBackends, OneThatBreaksTheProtocolTakesNoOtherAlong) {
    start_both("campaign garbage-greeting", "campaign victim");
    ASSERT_TRUE(wait_for_finding("ready", "other"));
    ASSERT_TRUE(wait_for_audit("intake-suspended"));
    EXPECT_EQ(audit("intake-suspended")[0]["backend"], "main");
    EXPECT_EQ(started("other"), 1U);
    for (const auto& event : audit("protocol-violation")) EXPECT_EQ(event["backend"], "main");
    EXPECT_TRUE(audit("job-ended").empty());
    EXPECT_TRUE(place().exists("state/broker/intake-suspended.main"));
    EXPECT_FALSE(place().exists("state/broker/intake-suspended.other"));
    place().remove("state/broker/intake-suspended.main");
}

// An account, a directory, a cgroup and a socket for each.
TEST_F(TwoBackends, ShareNeitherAccountNorCgroup) {
    start_both("idle", "idle");
    ASSERT_TRUE(wait_for_audit("worker-confined", 2));
    std::vector<std::string> seen;
    for (const auto& event : audit("worker-confined")) {
        const auto proc = "/proc/" + std::to_string(event["pid"].get<int>());
        const auto status = content_of(proc + "/status");
        const auto ids = status.find("\nUid:");
        ASSERT_NE(ids, status.npos);
        seen.push_back(status.substr(ids, status.find('\n', ids + 1) - ids));
        const auto group = content_of(proc + "/cgroup");
        const auto own = "/worker-" + event["backend"].get<std::string>() + "\n";
        EXPECT_NE(group.find(own), group.npos) << group;
        // No settings of anybody's, and no orders of this test's either.
        EXPECT_EQ(content_of(proc + "/environ").find("MALICE_"), std::string::npos);
    }
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_NE(seen[0], seen[1]);
    EXPECT_TRUE(place().exists("run/status/main.sock"));
    EXPECT_TRUE(place().exists("run/status/other.sock"));
}

class CapturedReader : public Site {};

TEST_F(CapturedReader, WhatItNamesIsOpenedOnlyByPolicy) {
    start("campaign files", {{"MALICE_READER", "shadow"}});
    ASSERT_TRUE(wait_for_finding("all"));
    EXPECT_EQ(finding("given"), "credential_file not-in-policy none;");
    EXPECT_EQ(finding("asked credential_file"), "not-in-policy");
    EXPECT_EQ(finding("asked ca_file"), "credential-unknown");
    EXPECT_EQ(finding("asked /etc/shadow"), "credential-unknown");
    EXPECT_EQ(finding("asked ../other/credential"), "credential-unknown");
    const auto refused = audit("read-refused");
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0]["path"], "/etc/shadow");
    EXPECT_EQ(refused[0]["reason"], "not-in-policy");
}

struct Lie {
    const char* how;
    const char* event;
    const char* words;
};
void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.how; }

class LyingReader : public Site, public testing::WithParamInterface<Lie> {
  protected:
    void TearDown() override {
        forget_broker();
        Site::TearDown();
    }
};

TEST_P(LyingReader, KeepsTheBrokerFromStartingAnyWorker) {
    const auto& [how, event, words] = GetParam();
    start("idle", {{"MALICE_READER", how}});
    EXPECT_EQ(broker().wait(kPatience), 1);
    const auto events = audit(event);
    ASSERT_EQ(events.size(), 1U) << log();
    const auto text = events[0].dump();
    EXPECT_NE(text.find(words), text.npos) << text;
    EXPECT_TRUE(audit("worker-started").empty());
    EXPECT_TRUE(audit("configured").size() <= 1);
}

INSTANTIATE_TEST_SUITE_P(
    , LyingReader,
    testing::Values(
        Lie{.how = "ill-formed", .event = "config-refused", .words = "\"backend-name\""},
        Lie{.how = "repeated", .event = "config-refused", .words = "backend-name-twice"},
        Lie{.how = "none", .event = "config-refused", .words = "no-backend"},
        Lie{.how = "unsealed", .event = "config-refused", .words = "settings-not-sealed"},
        Lie{.how = "too-long", .event = "config-refused", .words = "settings-not-sealed"},
        Lie{.how = "seventeen", .event = "protocol-violation", .words = "list too long"},
        Lie{.how = "twice", .event = "protocol-violation", .words = "Configured: wrong phase"},
        Lie{.how = "worker", .event = "protocol-violation", .words = "unknown request 1"},
        Lie{.how = "garbage", .event = "protocol-violation", .words = ""},
        Lie{.how = "unconfined",
            .event = "protocol-violation",
            .words = "config reader is not confined"}),
    [](const auto& each) {
        std::string name = each.param.how;
        std::erase(name, '-');
        return name;
    });

TEST_F(CapturedReader, OneThatStaysAfterItsAnswerIsKilledAndItsAnswerIsNotTaken) {
    start("idle", {{"MALICE_READER", "lingers"}});
    EXPECT_EQ(broker().wait(kPatience), 1);
    EXPECT_TRUE(audit("worker-started").empty());
    forget_broker();
}

}  // namespace
}  // namespace bulkhead::test
