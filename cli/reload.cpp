// `bulkhead reload`: has the running broker load the policy, and says what came of it. It asks by a
// file that only root can make, and the broker answers by another.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::array kOptions{Option{"--state", Option::Takes::once}};
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::seconds kLookEvery{1};  // whether a broker runs
constexpr const char* kSee = "see: journalctl -u bulkhead";

Result<std::string> new_token() {
    crypto::Digest random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return sys::fail_errno("getrandom");
    }
    return crypto::hex(random);
}

// A broker holds the lock of its state as long as it runs (flock(2)). One that starts in the moment
// in which it is tried here fails, and is started again.
bool broker_runs(const sys::Dir& state) {
    if (::flock(state.fd(), LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    ::flock(state.fd(), LOCK_UN);
    return false;
}

class Request {
  public:
    static Result<Request> make(const std::string& state) {
        auto lock = TRY(only_root(sys::Dir::open(state)));
        auto dir = TRY(only_root(within(state, lock.open_dir("requests"))));
        Request request(std::move(lock), std::move(dir), state, TRY(new_token()));
        TRY(only_root(
            within(request.place_,
                   request.dir_.open_regular(request.name_, O_WRONLY | O_CREAT | O_EXCL, 0600))));
        return request;
    }

    // The broker's answer, or why there is none.
    Result<std::string> answer() const {
        const auto end = Clock::now() + kPatience;
        auto look = Clock::now() + kLookEvery;
        while (Clock::now() < end) {
            const bool late = Clock::now() >= look;
            const bool runs = !late || broker_runs(lock_);
            // After that, because a broker may answer and end.
            auto text = read();
            if (text || text.error().code != ENOENT) return text;
            if (!runs) return gone();
            if (late) look = Clock::now() + kLookEvery;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        if (withdrawn()) {
            return fail(
                "the agent has not taken the request for 30 s, and it is withdrawn: does it "
                "hang? " +
                std::string(kSee));
        }
        return fail(
            "the agent has taken the request, and gave no answer in 30 s: whether the policy "
            "is in force is not known here; " +
            std::string(kSee));
    }

  private:
    Request(sys::Dir lock, sys::Dir dir, const std::string& state, const std::string& token)
        : lock_(std::move(lock)),
          dir_(std::move(dir)),
          state_(state.substr(0, state.rfind("/broker"))),
          place_(state + "/requests"),
          name_("reload." + token),
          answer_("answer." + token) {}

    Result<std::string> read() const {
        auto text = within(place_, dir_.read_file(answer_, 64_KiB));
        if (text) static_cast<void>(dir_.remove_file(answer_));
        if (text || text.error().code == ENOENT) return text;
        return fail(text.error().what + "; the answer cannot be read, remove it; " + kSee);
    }

    // Whether the request was still there.
    bool withdrawn() const {
        const bool there = dir_.open_regular(name_, O_RDONLY).has_value();
        return there && dir_.remove_file(name_).has_value();
    }

    Result<std::string> gone() const {
        if (withdrawn()) {
            return fail("no agent with the state " + state_ +
                        " runs; it will load the policy when it starts: systemctl start bulkhead");
        }
        return fail(
            "the agent has ended before it answered; it loads the policy when it starts "
            "again: bulkhead status");
    }

    sys::Dir lock_;
    sys::Dir dir_;
    std::string state_;  // as --state names it
    std::string place_;
    std::string name_;
    std::string answer_;
};

// Without what a terminal would obey. Quotation marks stay: they are part of what to write.
std::string printable(std::string_view text) {
    std::string out;
    for (const char& byte : text) {
        const bool plain = (byte >= ' ' && byte <= '~') || byte == '\n';
        out += plain ? std::string(1, byte) : quoted({&byte, 1});
    }
    return out;
}

}  // namespace

Result<int> reload(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state"}));
    if (!options.operands().empty()) return wrong("takes no operand");
    const auto request =
        TRY(Request::make(options.value("--state", "/var/lib/bulkhead") + "/broker"));
    const auto text = TRY(request.answer());
    const auto end = std::min(text.find('\n'), text.size());
    const auto verdict = text.substr(0, end);
    auto words = printable(text.substr(std::min(end + 1, text.size())));
    if (words.ends_with('\n')) words.pop_back();
    if (verdict == "rejected") return fail("the policy was rejected: " + words);
    if (verdict != "loaded") return fail("no answer of an agent's: " + quoted(verdict, 80));
    TRY(print_done(words + "\n"));
    return kDone;
}

}  // namespace bulkhead::cli
