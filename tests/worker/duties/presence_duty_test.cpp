// The duty and the presence of aegisflux against a backend that forgets, at a short interval.
#include "worker/duties/presence_duty.hpp"

#include <gtest/gtest.h>

#include "tests/worker/backend/caller.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

class Hasty : public PresenceDialect {
  public:
    explicit Hasty(const PresenceDialect& dialect) : dialect_(dialect) {}
    std::chrono::seconds interval() const override { return 1s; }
    Exchange<Presence> presence(const Identity& identity,
                                const PresenceReport& report) const override {
        return dialect_.presence(identity, report);
    }

  private:
    const PresenceDialect& dialect_;
};

class PresenceDutyTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
        dialect_ = find_dialect("aegisflux")->make({{"registration_url", backend_.url()}});
        hasty_.emplace(*dialect_->presence());
        context_.emplace(DutyContext{.loop = caller_->loop(),
                                     .client = caller_->client(),
                                     .config = config_,
                                     .identity = identity_,
                                     .log = log_,
                                     .mode = RunMode::serve,
                                     .random = [] { return 0.0; },
                                     .now = [] { return UnixTime(1'800'000'000s); },
                                     .fatal = [](const Error& error) { FAIL() << error.what; }});
        duty_.emplace(*context_, *hasty_,
                      PresenceDuty::Callbacks{.report = [this] { return report_; },
                                              .known = [this] { ++known_; },
                                              .forgotten = [this] { ++forgotten_; },
                                              .failed = [this] { ++failed_; }});
    }
    bool run_until(const std::function<bool()>& done) { return caller_->run_until(done); }
    std::string described() const {
        JsonWriter json;
        json.begin_object();
        duty_->describe(json);
        json.end();
        return std::move(json).take();
    }

    reference::ReferenceBackend backend_;
    std::optional<test::Caller> caller_;
    std::unique_ptr<const Dialect> dialect_;
    std::optional<Hasty> hasty_;
    BackendConfig config_;
    Identity identity_{.agent_id = "agent-1", .credential = {}};
    sys::Log log_{"test", STDERR_FILENO};
    std::optional<DutyContext> context_;
    std::optional<PresenceDuty> duty_;
    PresenceReport report_{
        .now = UnixTime(1'800'000'000s), .host_id = "host-1", .agent_version = "0.1.0"};
    int known_ = 0;
    int forgotten_ = 0;
    int failed_ = 0;
};

TEST_F(PresenceDutyTest, AHostIsShownAtOnceAndAgainAtEachInterval) {
    duty_->start(false);
    // The first makes the backend know the agent, so it is the one that is not known.
    ASSERT_TRUE(run_until([&] { return forgotten_ == 1; }));
    duty_->start(true);
    ASSERT_TRUE(run_until([&] { return known_ == 3; }));
    EXPECT_EQ(forgotten_, 1);
    EXPECT_EQ(described(), "{}");
}

TEST_F(PresenceDutyTest, WhatIsForgottenLaterIsSaidOnceAndNothingIsShownUntilItStartsAgain) {
    duty_->start(true);
    ASSERT_TRUE(run_until([&] { return known_ == 1; }));
    backend_.forget_agents();
    ASSERT_TRUE(run_until([&] { return forgotten_ == 1; }));
    const auto shown = backend_.requests().size();
    const auto later = sys::Clock::now() + 2500ms;
    ASSERT_TRUE(run_until([&] { return sys::Clock::now() > later; }));
    EXPECT_EQ(backend_.requests().size(), shown);
    duty_->start(true);
    ASSERT_TRUE(run_until([&] { return known_ >= 2; }));
    EXPECT_EQ(forgotten_, 1);
}

TEST_F(PresenceDutyTest, ABackendThatNeverKnowsTheHostIsNotEnrolledWithAgain) {
    backend_.make_aegisflux_older();
    duty_->start(true);
    ASSERT_TRUE(run_until([&] { return failed_ == 2; }));
    EXPECT_EQ(forgotten_, 0);
    EXPECT_NE(described().find("does not know this host"), std::string::npos) << described();
}

TEST_F(PresenceDutyTest, AnErrorIsToldUntilItIsOver) {
    backend_.misbehave({.path = "/agents/heartbeat", .times = 2, .status = 500});
    duty_->start(false);
    ASSERT_TRUE(run_until([&] { return failed_ == 2; }));
    EXPECT_NE(described().find("status 500"), std::string::npos) << described();
    ASSERT_TRUE(run_until([&] { return forgotten_ == 1; }));
    EXPECT_EQ(described(), "{}");
}

}  // namespace
}  // namespace bulkhead::worker
