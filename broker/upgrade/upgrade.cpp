#include "broker/upgrade/upgrade.hpp"

#include <array>
#include <cstdio>

#include "broker/reads/stamp.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

using Stage = UpgradeState::Stage;

constexpr std::chrono::milliseconds kLookAgain{50};  // whether workers have said JobsHeld
constexpr int kWrongSettings = 2;                    // the exit status of check-config for them

// What the new program is asked, and which answer keeps this one.
struct Question {
    std::vector<std::string> arguments;
    bool (*refuses)(int exit);
};

std::vector<Question> questions(const Context& broker, const StartFiles& files) {
    std::vector<Question> all;
    char reachable[17];
    std::snprintf(reachable, sizeof reachable, "%llx",
                  static_cast<unsigned long long>(broker.ceiling.reachable));
    all.push_back({{"broker", "--check-policy", "--as-host", "--capabilities", reachable, "--state",
                    files.state, files.policy},
                   [](int exit) { return exit != 0; }});
    // Without a file all settings may come from the environment or the command line.
    if (stamp_of(files.config).empty() || files.settings_elsewhere) return all;
    all.push_back({{"broker", "--check-config", "--policy", files.policy, files.config},
                   [](int exit) { return exit == kWrongSettings || exit < 0; }});
    return all;
}

// The first error in what the new program said: "FILE:LINE: text".
std::string first_error(const std::string& said) {
    constexpr std::string_view kError = "error: ";
    std::string first;
    for (const auto line : split(said, '\n')) {
        if (line.empty()) continue;
        const auto at = line.find(kError);
        if (at != line.npos) {
            return std::string(line.substr(0, at)) + std::string(line.substr(at + kError.size()));
        }
        if (first.empty()) first = line;
    }
    for (const std::string_view begin : {"bulkhead ", "check-policy: ", "check-config: "}) {
        if (first.starts_with(begin)) first.erase(0, begin.size());
    }
    return first;
}

}  // namespace

Result<std::chrono::seconds> Upgrade::patience(const std::string& text) {
    constexpr std::chrono::hours kMost{30 * 24};
    const auto time = parse_duration(text);
    if (time && *time >= std::chrono::seconds(1) && *time <= kMost) {
        return std::chrono::duration_cast<std::chrono::seconds>(*time);
    }
    return fail("--upgrade-within takes a time from 1s to 30d, as 24h");
}

Upgrade::Upgrade(sys::Loop& loop, Context& broker, const CgroupTree& cgroups, StartFiles files,
                 Programs programs, std::chrono::seconds within, bool restarted, Owner owner)
    : loop_(loop),
      broker_(broker),
      cgroups_(cgroups),
      files_(std::move(files)),
      programs_(std::move(programs)),
      restarted_(restarted),
      patience_(within),
      owner_(std::move(owner)) {}

Upgrade::~Upgrade() {
    loop_.cancel(timer_);
    loop_.cancel(wait_);
}

void Upgrade::look(bool job_ended) {
    if (leaving_ || broker_.draining || settling_ || trial_) return;
    if (!programs_.replaced()) return forget();
    auto& state = broker_.upgrade;
    auto stamp = programs_.stamp();
    const bool same = stamp == asked_;
    if (state.stage == Stage::pending || state.stage == Stage::draining) {
        if (same) return consider();
        let_fetch();
    } else if (state.stage == Stage::blocked) {
        const auto since = sys::Clock::now() - asked_at_;
        if (since < (same ? kAskAnyway : job_ended ? std::chrono::minutes(0) : kAskAgain)) return;
    } else {
        state = {.stage = Stage::checking, .since = sys::now()};
        broker_.changed();
    }
    settle(std::move(stamp));
}

// Nothing is replaced any more: the old files are back.
void Upgrade::forget() {
    if (broker_.upgrade.stage == Stage::none) return;
    let_fetch();
    broker_.upgrade = {};
    asked_.clear();
    for (const auto code : {kBlocked, kDraining, kPending}) broker_.troubles.clear(code);
    broker_.changed();
}

void Upgrade::settle(std::string stamp) {
    settling_ = true;
    timer_ = loop_.after(kSettle, [this, stamp = std::move(stamp)]() mutable {
        settling_ = false;
        if (broker_.draining) return;
        auto now = programs_.stamp();
        if (now != stamp) return settle(std::move(now));
        ask(std::move(now));
    });
}

void Upgrade::ask(std::string stamp) {
    asked_ = std::move(stamp);
    asked_at_ = sys::Clock::now();
    question_ = 0;
    if (const auto started = start_trial(); !started) block(started.error().what);
}

Result<> Upgrade::start_trial() {
    auto program = TRY(open_program(programs_.broker(), "broker program"));
    const auto asked = questions(broker_, files_).at(question_);
    auto arguments = asked.arguments;
    if (files_.own_vendor_policy) {
        arguments.insert(arguments.begin() + 2,
                         {std::string("--vendor-policy"), files_.vendor_policy});
    }
    trial_ = TRY(
        Trial::start(loop_,
                     {.policy = *broker_.policy,
                      .cgroups = cgroups_,
                      .program = program,
                      .arguments = std::move(arguments),
                      .environment = environment_for_settings(),
                      .user = TRY(within("--config-user", sandbox::find_user(files_.config_user))),
                      .landlock_abi = broker_.landlock_abi},
                     [this](Trial::End end) {
                         // It may not go while it calls.
                         timer_ = loop_.after({}, [this, end = std::move(end)] { on_answer(end); });
                     }));
    return {};
}

void Upgrade::on_answer(const Trial::End& end) {
    trial_.reset();
    if (broker_.draining) return;
    if (auto now = programs_.stamp(); now != asked_) return settle(std::move(now));
    const auto all = questions(broker_, files_);
    if (question_ >= all.size()) return pass();
    if (all[question_].refuses(end.exit)) {
        const auto said = first_error(end.said);
        return block(said.empty() || end.exit < 0
                         ? "its check: " + end.how + (said.empty() ? "" : ": " + said)
                         : said);
    }
    if (++question_ >= all.size()) return pass();
    if (const auto started = start_trial(); !started) block(started.error().what);
}

void Upgrade::block(const std::string& why) {
    auto& state = broker_.upgrade;
    const auto clipped = BoundaryText<360>::clipped(why).str();
    if (state.stage != Stage::blocked || state.why != clipped) {
        state = {.stage = Stage::blocked, .since = sys::now(), .why = clipped};
        for (const auto code : {kDraining, kPending}) broker_.troubles.clear(code);
        broker_.troubles.set(kBlocked,
                             clipped +
                                 "; another program is installed and could not start, so this one "
                                 "goes on: mend it; it is asked again 2 min after its files, the "
                                 "policy or agent.yaml changed, else every 10");
        note(broker_, "upgrade-blocked", {{"why", clipped}});
        broker_.log.error("upgrade-blocked", {{"why", clipped}});
    }
    broker_.changed();
}

void Upgrade::pass() {
    auto& state = broker_.upgrade;
    const bool news = state.stage != Stage::pending && state.stage != Stage::draining;
    broker_.troubles.clear(kBlocked);
    if (news) {
        passed_at_ = sys::Clock::now();
        state = {.stage = Stage::pending, .since = sys::now()};
        broker_.changed();
        note(broker_, "upgrade-pending", {{"program", programs_.broker()}});
        broker_.log.info("upgrade-pending", {{"program", programs_.broker()},
                                             {"running_jobs", broker_.jobs.running()}});
    }
    consider();
}

void Upgrade::consider() {
    auto& state = broker_.upgrade;
    state.drains_at = state.since + patience_;
    const bool due = sys::Clock::now() >= passed_at_ + patience_;
    if (!restarted_) {
        if (due) {
            broker_.troubles.set(kPending,
                                 "another program is installed, and no service manager "
                                 "starts it: restart the agent");
        }
        return;
    }
    if (broker_.reboot != nullptr && broker_.reboot->pending()) return;
    const bool idle = broker_.jobs.running() == 0;
    if (due && state.stage == Stage::pending) {
        state.stage = Stage::draining;
        broker_.troubles.set(kDraining,
                             "draining for upgrade: no job is fetched, and the agent restarts when "
                             "the last has ended; jobs stay queued at the backend");
        note(broker_, "upgrade-draining", {{"running_jobs", broker_.jobs.running()}});
    }
    if (!idle && !due) return let_fetch();
    if (!hold(due) || !idle) return;
    if (programs_.stamp() != asked_) return look(true);
    leaving_ = true;
    owner_.restart();
}

// Whether no job can come any more. Else it is asked again, or given up until the next look.
bool Upgrade::hold(bool due) {
    const auto now = sys::Clock::now();
    if (broker_.fetch) {
        broker_.fetch = false;
        broker_.holding.clear();
        held_at_ = now;
        owner_.fetch(false);
    }
    if (owner_.quiet()) return true;
    if (due && now >= held_at_ + kToHoldAtLast) return true;
    if (!due && now >= held_at_ + kToHold) {
        let_fetch();
        return false;
    }
    loop_.cancel(wait_);
    wait_ = loop_.after(kLookAgain, [this] { consider(); });
    return false;
}

void Upgrade::let_fetch() {
    loop_.cancel(wait_);
    if (broker_.fetch || broker_.draining) return;
    broker_.fetch = broker_.ledger.readable();
    if (broker_.fetch) owner_.fetch(true);
}

}  // namespace bulkhead::broker
