#include "worker/duties/leave_duty.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 250ms;           // between two looks whether all is quiet
constexpr auto kPause = 2s;             // between two tries
constexpr std::size_t kMaxWhy = 1'000;  // bytes, of the note

}  // namespace

void LeaveDuty::begin(std::chrono::seconds settle) {
    if (!credentials_.farewell(context_.config.name).empty()) return end();
    wait_for_quiet(sys::Clock::now() + settle);
}

void LeaveDuty::wait_for_quiet(sys::Clock::time_point until) {
    if (!callbacks_.quiet() && sys::Clock::now() < until) {
        context_.loop.after(kLook, [this, until] { wait_for_quiet(until); });
        return;
    }
    deadline_ = sys::Clock::now() + kFarewellTakes;
    identity_ = who();
    if (!context_.config.shut.empty()) return settle("untold: " + context_.config.shut);
    if (identity_.credential.empty()) return settle("untold: this host is not enrolled there");
    say();
}

Identity LeaveDuty::who() const {
    if (!context_.identity.credential.empty()) return context_.identity;
    if (!context_.config.credential.empty()) {
        return {.agent_id = {}, .credential = context_.config.credential};
    }
    auto kept = credentials_.load(context_.config.name);
    return kept && *kept ? **kept : Identity{};
}

void LeaveDuty::say() {
    auto exchange = dialect_.say_good_bye(identity_);
    if (!exchange) {
        return settle("untold: the dialect " + context_.config.dialect + " has no word for it");
    }
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - sys::Clock::now());
    exchange->request.timeout = std::max<std::chrono::milliseconds>(rest, 1s);
    perform<Farewell>(context_.client, *std::move(exchange),
                      [this](Answer<Farewell> answer) { on_answer(answer); });
}

void LeaveDuty::on_answer(const Answer<Farewell>& answer) {
    const auto where = quoted(context_.config.url, 200);
    if (answer) {
        return settle(std::string(kTold) + "the backend at " + where +
                      (answer->was_known ? " has removed this host" : " had removed it before"));
    }
    const auto& failure = answer.error();
    if (failure.kind == Failure::Kind::retry && sys::Clock::now() + kPause < deadline_) {
        context_.loop.after(kPause, [this] { say(); });
        return;
    }
    settle("untold: the backend at " + where + ": " + quoted(failure.text, kMaxWhy));
}

void LeaveDuty::settle(const std::string& outcome) {
    context_.log.info("good-bye-said", {{"what", outcome}});
    context_.log.check(credentials_.note_farewell(context_.config.name, outcome), "leave-failed");
    end();
}

// Whatever the backend has said: the credential is of no more use here.
void LeaveDuty::end() {
    identity_ = {};
    context_.log.check(credentials_.forget_all(context_.config.name), "leave-failed");
    over_ = true;
    callbacks_.left();
}

}  // namespace bulkhead::worker
