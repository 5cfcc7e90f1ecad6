// Result<T>: a value, or an Error that says what failed in words fit for an operator.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead {

// What went wrong. `code` is an errno value when a system call said it, else 0.
struct Error {
    std::string what;
    int code = 0;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string what, int code = 0) {
    return std::unexpected(Error{std::move(what), code});
}

// Adds where it happened, outermost first: "heartbeat: memory: MemTotal: missing".
[[nodiscard]] inline std::unexpected<Error> within(std::string_view where, Error error) {
    error.what.insert(0, std::string(where) + ": ");
    return std::unexpected(std::move(error));
}

template <class T>
[[nodiscard]] Result<T> within(std::string_view where, Result<T> result) {
    if (result) return result;
    return within(where, std::move(result).error());
}

}  // namespace bulkhead

// The value of a Result, or return its error from the enclosing function. Once per line reads best.
#define TRY(...) BULKHEAD_TRY_NUMBERED(__COUNTER__, __VA_ARGS__)
#define BULKHEAD_TRY_NUMBERED(n, ...) BULKHEAD_TRY_NAMED(n, __VA_ARGS__)
#define BULKHEAD_TRY_NAMED(n, ...)                                                        \
    __extension__({                                                                       \
        auto try_result_##n = (__VA_ARGS__);                                              \
        if (!try_result_##n) return ::std::unexpected(std::move(try_result_##n).error()); \
        *std::move(try_result_##n);                                                       \
    })
