// Result<T>: a value, or an Error that says what failed in words fit for an operator.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead {

// What went wrong. `code` is what a system call left in errno, else 0. What our own code tells its
// callers apart is `kind`, so that neither can be taken for the other.
struct Error {
    enum class Kind : std::uint8_t {
        none,         // the words, and perhaps the code, say all
        wrong_input,  // what somebody wrote or typed is to be mended; it does not pass by itself
        too_large,    // more than the reader takes
        malformed,    // a packet that no peer of ours sends
        differs,      // was set without an error, and read back it is not in force
        not_there,    // nothing is there, or nobody can get there
        unfinished,   // what a crash left of something that was being made
        never_sent,   // a backend acknowledges bytes that it cannot have
        too_slow,     // the request was sent, and no answer came in time
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
