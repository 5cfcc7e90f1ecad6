// Processor time of the calling thread.
#pragma once
#include <ctime>

namespace bulkhead::bench {

inline double processor_us() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

}  // namespace bulkhead::bench
