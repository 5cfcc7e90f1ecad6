// What a beat allocates, counted in this program's own malloc(3).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/worker/session/session_fixture.hpp"

namespace {

struct Counted {
    bool on = false;
    std::int64_t made = 0;
    std::int64_t live = 0;
};
thread_local constinit Counted counted;

void* made(void* memory) {
    if (!counted.on || memory == nullptr) return memory;
    ++counted.made;
    ++counted.live;
    return memory;
}

}  // namespace

// The functions of the C library, by the names that it gives them for this purpose.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void __libc_free(void* memory);

#if !defined(__SANITIZE_ADDRESS__)
void* malloc(std::size_t size) { return made(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return made(__libc_calloc(count, size)); }
void* realloc(void* memory, std::size_t size) {
    auto* const after = __libc_realloc(memory, size);
    return memory == nullptr ? made(after) : after;
}
void free(void* memory) {
    if (counted.on && memory != nullptr) --counted.live;
    __libc_free(memory);
}
#endif
}

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

class Allocations : public testing::Test {
  protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__)
        GTEST_SKIP() << "the sanitizer has a malloc of its own";
#endif
        ASSERT_TRUE(backend_.start());
        backend_.add_install_token("token");
    }
    // What the thread of the session had made, and had not freed, when each beat was answered.
    std::vector<Counted> beats(std::size_t count) {
        test::Host host(backend_, "bulkhead");
        host.config.install_token = Secret("token");
        host.config.heartbeat_interval = 1s;
        std::vector<Counted> all;
        all.reserve(count);
        EXPECT_TRUE(host.serve_until([&] {
            counted.on = false;
            const auto heard =
                backend_.read([](const reference::State& state) { return state.heartbeats_ever; });
            if (heard > all.size()) all.push_back(counted);
            counted.on = true;
            return all.size() >= count;
        }));
        counted.on = false;
        return all;
    }

    reference::ReferenceBackend backend_;
};

TEST_F(Allocations, OfABeatAreFreedWhenItIsOver) {
    constexpr std::size_t kWarm = 3;
    constexpr std::size_t count = kWarm + 6;
    const auto all = beats(count);
    ASSERT_GT(all.size(), kWarm);
    for (std::size_t i = 1; i < all.size(); ++i) {
        std::printf("beat %zu: %ld made, %ld stay\n", i,
                    static_cast<long>(all[i].made - all[i - 1].made),
                    static_cast<long>(all[i].live - all[i - 1].live));
    }
    EXPECT_EQ(all.back().live, all[kWarm].live) << "nothing stays";
    // Most of them are libcurl's and the TLS library's.
    EXPECT_LE(all.back().made - all[kWarm].made, std::int64_t{2'000} * (count - kWarm - 1));
}

}  // namespace
}  // namespace bulkhead::worker
