#include "worker/backend/dialect/http_status.hpp"

#include <gtest/gtest.h>

#include "worker/backend/dialect/identifiers.hpp"

namespace bulkhead::worker {
namespace {

using Kind = Failure::Kind;

Failure judged(int status) { return judge_failure({.status = status}, "").error(); }

TEST(JudgeFailure, SortsStatusesIntoWhatTheDutyShouldDo) {
    // A redirect or an unexpected success is not the backend's word.
    for (const int status : {201, 206, 301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 599}) {
        EXPECT_EQ(judged(status).kind, Kind::retry) << status;
    }
    for (const int status : {401, 403}) {
        EXPECT_EQ(judged(status).kind, Kind::credential_rejected) << status;
    }
    for (const int status : {400, 404, 405, 409, 410, 422}) {
        EXPECT_EQ(judged(status).kind, Kind::refused) << status;
    }
    EXPECT_EQ(judged(413).kind, Kind::too_large);
}

TEST(JudgeFailure, NamesWhereARedirectPoints) {
    const auto failure =
        judge_failure({.status = 301, .location = "https://elsewhere/\x1b[2J"}, "").error();
    EXPECT_EQ(failure.text, "status 301, redirects are not followed: https://elsewhere/\\x1b[2J");
}

TEST(JudgeFailure, HandsOnTheReasonInPrintableForm) {
    const auto failure = judge_failure({.status = 400}, "bad\n\x01 thing").error();
    EXPECT_EQ(failure.text, "status 400: bad\\x0a\\x01 thing");
    EXPECT_LT(judge_failure({.status = 400}, std::string(100'000, 'x')).error().text.size(), 400U);
}

TEST(JudgeFailure, HandsOnRetryAfter) {
    const auto failure =
        judge_failure({.status = 503, .retry_after = std::chrono::seconds(7)}, "").error();
    EXPECT_EQ(failure.retry_after, std::chrono::seconds(7));
}

TEST(JobId, MayLookOddButNotBeAnythingElseInAPath) {
    for (const auto* id : {"job-1", "a/b", "a b", "..a", "\xc3\xa4", "?#%"}) {
        EXPECT_TRUE(check_delivery_id(id)) << id;
    }
    for (const auto& id :
         {std::string(""), std::string("."), std::string(".."), std::string(129, 'x'),
          std::string("a\nb"), std::string("\x7f"), std::string("\xff"), std::string("a\0b", 3)}) {
        EXPECT_FALSE(check_delivery_id(id));
    }
}

TEST(Credential, MustFitIntoAHeader) {
    EXPECT_TRUE(check_credential("bhc_0123+/=~"));
    for (const auto& odd : {std::string(""), std::string("a b"), std::string("a\r\nX-Evil: 1"),
                            std::string(4097, 'x'), std::string("\xc3\xa4")}) {
        EXPECT_FALSE(check_credential(odd));
    }
}

}  // namespace
}  // namespace bulkhead::worker
