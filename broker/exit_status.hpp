// How the agent ends.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::broker {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;  // also wrong settings: they do not pass by themselves

// Of what an operator wrote: an error says so by its kind.
template <class T>
Result<T> input(Result<T> read) {
    if (!read) read.error().kind = Error::Kind::wrong_input;
    return read;
}

}  // namespace bulkhead::broker
