// ASSERT_OK(result) and EXPECT_OK(result): that a Result<T>, or any other std::expected, holds a
// value; when it holds an error, the failure says that error's text.
#pragma once
#include <gtest/gtest.h>

#include <expected>
#include <string>

namespace bulkhead::test {

// For Error, for what a dialect says of an answer, and for words alone.
template <class E>
std::string text_of(const E& error) {
    if constexpr (requires { error.what; }) {
        return error.what;
    } else if constexpr (requires { error.text; }) {
        return error.text;
    } else {
        return error;
    }
}

template <class T, class E>
testing::AssertionResult succeeded(const std::expected<T, E>& result) {
    if (result) return testing::AssertionSuccess();
    return testing::AssertionFailure() << text_of(result.error());
}

}  // namespace bulkhead::test

// As ASSERT_TRUE does, each takes more words by <<. The dots take commas in template arguments.
#define ASSERT_OK(...) ASSERT_TRUE(::bulkhead::test::succeeded(__VA_ARGS__))
#define EXPECT_OK(...) EXPECT_TRUE(::bulkhead::test::succeeded(__VA_ARGS__))
