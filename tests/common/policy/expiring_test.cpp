// What ends within days is listed, and nothing else.
#include "common/policy/expiring.hpp"

#include <gmock/gmock.h>

#include "common/policy/parse.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::policy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
constexpr std::string_view kOther =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

std::string manifest(const std::string& id, const std::string& until) {
    return "bulkhead-job v1\njob-id " + id + "\nauthor alice\nscript-sha256 " +
           std::string(64, '0') +
           "\nscript-size 5\ninterpreter /bin/sh\nprofile p\ntarget any\n"
           "not-before 2026-01-01T00:00:00Z\nnot-after " +
           until + "\ntimeout 60\noutput-max 9\nruns 9/day\nreason test\nend\n";
}

class Expires : public testing::Test {
  protected:
    Expires() {
        add("approved/late.manifest", manifest("late", "2026-06-20T00:00:00Z"));
        add("approved/gone.manifest", manifest("gone", "2026-05-01T00:00:00Z"));
        add("approved/far.manifest", manifest("far", "2026-07-01T00:00:00Z"));
        add("allowed_signers", "alice valid-before=\"20260612Z\" " + std::string(kKey) +
                                   "\nbob valid-before=\"20270612Z\" " + std::string(kOther) +
                                   "\n");
    }
    void add(const std::string& file, std::string_view text) {
        ASSERT_OK(parse_file(policy_, file, text));
    }
    std::vector<std::string> at(std::string_view now) const {
        std::vector<std::string> lines;
        for (const auto& one : expiring(policy_, *parse_utc(now))) {
            lines.push_back(one.where + " " + one.what + " " + one.name + " " + format_utc(one.at));
        }
        return lines;
    }
    Policy policy_;
};

TEST_F(Expires, TheEarliestFirst) {
    EXPECT_THAT(at("2026-06-10T00:00:00Z"),
                ElementsAre("allowed_signers:1 signer alice 2026-06-12T00:00:00Z",
                            "approved/late.manifest pinned job late 2026-06-20T00:00:00Z"));
    EXPECT_THAT(at("2026-06-20T00:00:00Z"),
                ElementsAre("approved/late.manifest pinned job late 2026-06-20T00:00:00Z",
                            "approved/far.manifest pinned job far 2026-07-01T00:00:00Z"));
    EXPECT_THAT(at("2026-03-20T00:00:00Z"), IsEmpty());
}

TEST_F(Expires, ExceptWhatIsRevokedAnyway) {
    add("revoked_signers", std::string(kKey) + "\n");
    add("revoked_jobs", "job-id late  # over\n");
    EXPECT_THAT(at("2026-06-10T00:00:00Z"), IsEmpty());
}

TEST_F(Expires, WhatIsShortIsToldInItsLastQuarter) {
    add("approved/week.manifest", manifest("week", "2026-01-09T00:00:00Z"));  // of eight days
    EXPECT_THAT(at("2026-01-06T23:00:00Z"), IsEmpty());
    EXPECT_THAT(at("2026-01-07T01:00:00Z"),
                ElementsAre("approved/week.manifest pinned job week 2026-01-09T00:00:00Z"));
}

TEST_F(Expires, V1Too) {
    policy_.host.accept_v1_until = *parse_utc("2026-03-21T00:00:00Z");
    EXPECT_THAT(at("2026-03-20T00:00:00Z"),
                ElementsAre("host.policy manifests of format v1 accept-v1 2026-03-21T00:00:00Z"));
}

}  // namespace
}  // namespace bulkhead::policy
