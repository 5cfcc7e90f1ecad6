// Result<T>: a value, or an Error that says what failed in words fit for an operator.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead {

// What went wrong. `what` is text for an operator. `code` is the errno of a failed system call,
// else 0. `kind` names the cases that callers in this project tell apart; it is a type of its own,
// so that no errno is taken for one.
struct Error {
    enum class Kind : std::uint8_t {
        none,         // no caller needs to tell this error from another
        wrong_input,  // a file or an argument is wrong; the same call fails until it is corrected
        too_large,    // the input is larger than its reader's bound
        malformed,    // the packet is one that our programs do not send
        differs,      // the call succeeded, but the value read back is not the one that was set
        not_there,    // the path does not exist, or a later mount covers it
        unfinished,   // a crash interrupted the writing of what is read now
        never_sent,   // a backend acknowledges bytes that were not sent to it
        too_slow,     // the request was sent, and no answer came before the timeout
    };
    std::string what;
    int code = 0;
    Kind kind = Kind::none;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string what, int code = 0) {
    return std::unexpected(Error{.what = std::move(what), .code = code});
}
[[nodiscard]] inline std::unexpected<Error> fail(std::string what, Error::Kind kind) {
    return std::unexpected(Error{.what = std::move(what), .kind = kind});
}

// Puts `where` in front of the error's text. The outermost caller's context comes first:
// "heartbeat: memory: MemTotal: missing".
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

// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define TRY(...) BULKHEAD_TRY_NUMBERED(__COUNTER__, __VA_ARGS__)
#define BULKHEAD_TRY_NUMBERED(n, ...) BULKHEAD_TRY_NAMED(n, __VA_ARGS__)
#define BULKHEAD_TRY_NAMED(n, ...)                                                        \
    __extension__({                                                                       \
        auto try_result_##n = (__VA_ARGS__);                                              \
        if (!try_result_##n) return ::std::unexpected(std::move(try_result_##n).error()); \
        *std::move(try_result_##n);                                                       \
    })
