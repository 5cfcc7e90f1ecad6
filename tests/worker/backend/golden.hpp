// Requests and answers as files: what a dialect sends, whole, and what it makes of each answer.
#pragma once
#include <gtest/gtest.h>

#include "worker/backend/dialect/answer.hpp"

namespace bulkhead::worker::test {

// A file of the folder golden/; its last line break is not part of the text.
std::string golden(const std::string& name);

// Method, path, headers in their order, an empty line and the body.
std::string written_out(const HttpRequest& request);

// "delivered", or the kind of the failure and its text.
std::string judged(const Failure& failure);
template <class T>
std::string judged(const Answer<T>& verdict) {
    return verdict ? "delivered" : judged(verdict.error());
}

// Each line of the file is "STATUS BODY -> what is made of it"; a body of "-" is empty, and an
// empty line or one beginning with # says nothing.
template <class T>
void expect_judged_as(const std::string& name, const Exchange<T>& exchange);

struct GoldenAnswer {
    HttpAnswer answer;
    std::string judged;
    std::string line;
};
std::vector<GoldenAnswer> golden_answers(const std::string& name);

template <class T>
void expect_judged_as(const std::string& name, const Exchange<T>& exchange) {
    const auto answers = golden_answers(name);
    EXPECT_FALSE(answers.empty());
    for (const auto& [answer, expected, line] : answers) {
        EXPECT_EQ(judged(exchange.judge(answer)), expected) << line;
    }
}

}  // namespace bulkhead::worker::test
