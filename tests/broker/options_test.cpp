#include "broker/options.hpp"

#include <gmock/gmock.h>

namespace bulkhead::broker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Options> parsed(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    return parse_options(arguments);
}

TEST(Options, WithoutAnyItServesFromTheUsualPlaces) {
    const auto options = parsed({}).value();
    EXPECT_EQ(options.command, Command::serve);
    EXPECT_EQ(options.policy, "/etc/bulkhead/policy");
    EXPECT_EQ(options.worker_user, "bulkhead-w");
    EXPECT_EQ(options.config_user, "bulkhead-config");
    EXPECT_EQ(options.loader_user, "bulkhead-loader");
    EXPECT_THAT(options.settings, IsEmpty());
    EXPECT_THAT(options.order, IsEmpty());
}

TEST(Options, APathMayStandBehindABlankOrAnEqualsSign) {
    EXPECT_EQ(parsed({"--policy", "/a"})->policy, "/a");
    EXPECT_EQ(parsed({"--policy=/a"})->policy, "/a");
    EXPECT_EQ(parsed({"--state=/a=b"})->state, "/a=b");
    EXPECT_EQ(parsed({"--config", "--once"})->config, "--once") << "it takes the next word";
    EXPECT_EQ(parsed({"--run-dir", "/r", "--log-dir=/l", "--worker", "/w", "--worker-user", "1:2"})
                  ->log_dir,
              "/l");
}

TEST(Options, SettingsLeaveTheCommandLine) {
    std::vector<std::string> words{"--api-key", "secret", "--credential=secret", "--once",
                                   "--policy",  "/a",     "--policy=/b"};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    const auto options = parse_options(arguments).value();
    EXPECT_THAT(options.settings, ElementsAre("--api-key", "secret", "--credential=secret"));
    EXPECT_THAT(options.order, ElementsAre("--once"));
    EXPECT_THAT(words, ElementsAre("--api-key", "******", "--credential*******", "--once",
                                   "--policy", "/a", "--policy=/b"));
}

TEST(Options, TheLevelOfTheLogIsForBothHalves) {
    EXPECT_EQ(parsed({})->log_level, sys::Level::info);
    const auto options = parsed({"--log-level", "error", "--log-level=debug"}).value();
    EXPECT_EQ(options.log_level, sys::Level::debug) << "the last counts";
    EXPECT_THAT(options.settings, ElementsAre("--log-level", "error", "--log-level=debug"));
    EXPECT_EQ(parsed({"--log-level", "loud"})->log_level, sys::Level::info) << "the reader refuses";
    EXPECT_EQ(parsed({"--log-level"})->log_level, sys::Level::info);
    ::setenv("BULKHEAD_LOG_LEVEL", "warning", 1);
    EXPECT_EQ(parsed({})->log_level, sys::Level::warning);
    EXPECT_EQ(parsed({"--log-level", "error"})->log_level, sys::Level::error);
    ::unsetenv("BULKHEAD_LOG_LEVEL");
}

TEST(Options, APathThatIsMissingOrEmptyIsAnError) {
    EXPECT_EQ(parsed({"--policy"}).error().what, "--policy takes a DIR");
    EXPECT_EQ(parsed({"--worker-user"}).error().what, "--worker-user takes a USERS");
    EXPECT_EQ(parsed({"--policy="}).error().what, "--policy is empty");
    EXPECT_EQ(parsed({"--policy", ""}).error().what, "--policy is empty");
}

TEST(Options, CommandsThatTheWorkerMustKnowAreHandedOn) {
    for (const auto* word : {"--once", "--register-only", "--check-in-only"}) {
        const auto options = parsed({word}).value();
        EXPECT_EQ(options.command, Command::once) << word;
        EXPECT_THAT(options.order, ElementsAre(word));
        EXPECT_THAT(options.settings, IsEmpty());
    }
    for (const auto& [word, command] :
         {std::pair{"--version", Command::version}, std::pair{"--help", Command::help},
          std::pair{"-V", Command::version}, std::pair{"-h", Command::help}}) {
        const auto options = parsed({word}).value();
        EXPECT_EQ(options.command, command);
        EXPECT_THAT(options.order, IsEmpty());
    }
}

TEST(Options, WhatItDoesNotKnowIsTheReadersToJudge) {
    EXPECT_THAT(parsed({"--backend.url=https://x", "--policy", "/a", "odd"})->settings,
                ElementsAre("--backend.url=https://x", "odd"));
    EXPECT_THAT(parsed({"--polic", "/a"})->settings, ElementsAre("--polic", "/a"))
        << "no abbreviations";
}

TEST(Help, NamesEveryOption) {
    const auto text = help_text();
    for (const auto* word :
         {"--policy", "--vendor-policy", "--config", "--state", "--log-dir", "--run-dir",
          "--worker", "--worker-user", "--config-user", "--loader", "--loader-user", "--once",
          "--register-only", "--check-in-only", "--version", "--help", "--describe-protocol"}) {
        EXPECT_THAT(text, HasSubstr(std::string("  ") + word + " "));
    }
}

}  // namespace
}  // namespace bulkhead::broker
