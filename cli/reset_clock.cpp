// `bulkhead reset-clock`: an operator says that the clock is right, and the time wrong that this
// host has seen. It makes a file that only root can make, which the broker removes before it acts.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

#include "cli/audit_lines.hpp"
#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{Option{"--reason", Takes::once}, Option{"--i-know", Takes::nothing},
                              Option{"--state", Takes::once}, Option{"--log-dir", Takes::once}};
constexpr std::chrono::seconds kPatience{5};

// Calls `done` until it is true or the patience ends.
bool wait_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

// For the audit log: the login name that sudo(8) was called by, else the number.
std::string caller() {
    const char* user = std::getenv("SUDO_USER");  // NOLINT(concurrency-mt-unsafe): one thread
    return user != nullptr ? quoted(user, 64) : "uid " + std::to_string(::getuid());
}

// What root has recorded of such requests, oldest first. Empty also if the log cannot be read.
std::vector<nlohmann::json> answers(const std::string& log) {
    std::vector<nlohmann::json> lines;
    static_cast<void>(each_audit_line(log, [&](std::string_view text) {
        if (!text.contains("\"event\":\"clock-reset")) return;
        auto line = nlohmann::json::parse(text, nullptr, false);
        if (line.is_object() && text_in(line, "event").starts_with("clock-reset")) {
            lines.push_back(std::move(line));
        }
    }));
    return lines;
}

Result<int> tell(const nlohmann::json& answer, bool i_know) {
    const auto event = text_in(answer, "event");
    if (event == "clock-reset-dropped") {
        return fail("nothing was reset: " + text_in(answer, "why"));
    }
    if (event == "clock-reset-failed") {
        return fail("nothing was reset: " + text_in(answer, "why") + "; see the agent's log");
    }
    TRY(print_done("Reset: this host has seen no time later than " + text_in(answer, "now") +
                   ", by a clock that nothing vouched for" +
                   (i_know ? " or by a trusted one" : "") +
                   ".\nWhat ran is remembered: no one-shot job runs again. The audit log has "
                   "clock-reset.\n"));
    return kDone;
}

}  // namespace

Result<int> reset_clock(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state", "--log-dir"}, Options::Command::of_root));
    if (!options.operands().empty()) return wrong("takes no operands");
    const bool i_know = options.has("--i-know");
    const auto reason = TRY(one_line("--reason", options.value("--reason", "no reason given")));
    const auto log = options.value("--log-dir", kLogDirectory);
    const auto earlier = answers(log).size();
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker/requests";
    const auto directory = TRY(only_root(sys::Dir::open(place)));
    const std::string name = i_know ? "reset-clock.i-know" : "reset-clock";
    const auto text = caller() + ", " + format_utc(sys::now()) + ": " + quoted(reason, 100);
    TRY(only_root(within(place, directory.write_atomic(name, text + "\n", 0600))));
    const auto is_taken = [&] {
        const auto there = directory.open_regular(name, O_RDONLY);
        return !there && there.error().code == ENOENT;
    };
    if (!wait_until(is_taken)) {
        static_cast<void>(directory.remove_file(name));
        return fail("no agent with the state " + place + " takes requests: is it running?");
    }
    // Root records the request after it has taken it.
    std::optional<nlohmann::json> answer;
    wait_until([&] {
        auto all = answers(log);
        if (all.size() > earlier) answer = std::move(all.back());
        return answer.has_value();
    });
    if (answer) return tell(*answer, i_know);
    return fail(
        "root has taken the request, and what came of it is not known here: see clock-reset in the "
        "audit log (--log-dir)");
}

}  // namespace bulkhead::cli
