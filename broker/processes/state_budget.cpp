#include "broker/processes/state_budget.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/parse.hpp"
#include "common/sandbox/walls.hpp"

namespace bulkhead::broker {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirst = 5s;
constexpr auto kEvery = 60s;
constexpr rlim_t kProcessorSeconds = 2;
constexpr std::size_t kMostEntries = 20'000;
constexpr const char* kUnreadable = "a directory that cannot be read";
constexpr int kMostLevels = 8;
constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system (stat(2))

Result<> add(const sys::Dir& dir, int level, std::size_t& entries, std::uint64_t& bytes) {
    if (level > kMostLevels) return fail("more than 8 levels of directories");
    const auto names = dir.list();
    if (!names) return fail(kUnreadable);
    for (const auto& name : *names) {
        if (++entries > kMostEntries) return fail("more than 20,000 files and directories");
        struct stat info {};
        // Gone meanwhile.
        if (::fstatat(dir.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        bytes += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
        if (!S_ISDIR(info.st_mode)) continue;
        const auto inner = dir.open_dir(name);
        if (inner) {
            TRY(add(*inner, level + 1, entries, bytes));
        } else if (inner.error().code != ENOENT) {
            return fail(kUnreadable);
        }
    }
    return {};
}

// In the child.
[[noreturn]] void count(const sandbox::User& user, int state, const sys::Fd& answer) {
    const auto counted = [&]() -> Result<std::uint64_t> {
        TRY(sandbox::set_limit(RLIMIT_CPU, kProcessorSeconds, kProcessorSeconds));
        TRY(sandbox::assume_ids({.user = user, .groups = {}, .capabilities = 0}));
        TRY(sandbox::end_with_parent());
        return space_taken(sys::Dir::from(sys::Fd(state)));
    }();
    const auto text = counted ? std::to_string(*counted) : counted.error().what;
    static_cast<void>(sys::write_all(answer, as_bytes(text)));
    ::_exit(counted ? 0 : 1);
}

}  // namespace

Result<std::uint64_t> space_taken(const sys::Dir& dir) {
    std::size_t entries = 0;
    std::uint64_t bytes = 0;
    TRY(add(dir, 1, entries, bytes));
    return bytes;
}

StateBudget::StateBudget(sys::Loop& loop, Plan plan) : loop_(loop), plan_(std::move(plan)) {
    if (plan_.bytes > 0) wait(kFirst);
}

StateBudget::~StateBudget() {
    loop_.cancel(next_);
    if (child_) loop_.forget(child_->pidfd().get());
}

void StateBudget::wait(sys::Clock::duration time) {
    next_ = loop_.after(time, [this] {
        // No child could be started (no memory, no descriptor): try again at the next interval.
        if (!begin()) wait(kEvery);
    });
}

Result<> StateBudget::begin() {
    auto pipe = TRY(sys::make_pipe());
    child_.emplace(
        TRY(sandbox::Child::start(0, -1, [&] { count(plan_.user, plan_.state, pipe.write); })));
    answer_ = std::move(pipe.read);
    next_ = loop_.after(plan_.patience, [this] { child_->kill(); });
    return loop_.watch(child_->pidfd().get(), EPOLLIN, [this](std::uint32_t) { finish(); });
}

void StateBudget::finish() {
    loop_.cancel(next_);
    loop_.forget(child_->pidfd().get());
    const int status = child_->reap().status;
    child_.reset();
    wait(kEvery);
    const auto said = sys::read_to_end(std::exchange(answer_, {}), 4'096).value_or("");
    const auto bytes = parse_number<std::uint64_t>(said);
    if (status == 0 && bytes && *bytes <= plan_.bytes) return;
    const auto why = status == 0 ? said + " bytes" : said.empty() ? "too much to be counted" : said;
    const auto over = plan_.over;  // a copy: the callback may destroy this object
    over(why + ", and its budget is " + std::to_string(plan_.bytes) + " bytes");
}

}  // namespace bulkhead::broker
