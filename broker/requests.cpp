#include "broker/requests.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "broker/artifacts/artifacts.hpp"
#include "broker/context/clock.hpp"
#include "broker/context/memory.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::size_t kMaxReason = 256;  // bytes

// What `bulkhead leave` did while no broker ran, for the audit log: the file's name begins with the
// one and ends with the backend's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOfBackend{
    {{"left.", "backend-left"}, {"returned.", "backend-returned"}}};

std::string one_line(const Result<std::string>& text) {
    return text ? text->substr(0, text->find('\n')) : "";
}

bool is_token(std::string_view text) {
    constexpr std::string_view kOf =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    return !text.empty() && text.size() <= 64 && text.find_first_not_of(kOf) == text.npos;
}

}  // namespace

Requests::~Requests() {
    if (notify_) loop_.forget(notify_.get());
}

Result<> Requests::follow() {
    notify_ = sys::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!notify_) return sys::fail_errno("inotify_init1");
    for (const auto& place : {state_, state_ + "/" + std::string(kFolder)}) {
        constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_TO | IN_ONLYDIR;
        if (::inotify_add_watch(notify_.get(), place.c_str(), kEvents) < 0) {
            return sys::fail_errno("inotify_add_watch " + place);
        }
    }
    // What happened is of no interest: everything is looked at.
    const auto on_events = [this](std::uint32_t) {
        alignas(inotify_event) std::array<char, 4096> buffer{};
        while (::read(notify_.get(), buffer.data(), buffer.size()) > 0) {
        }
        look();
    };
    TRY(loop_.watch(notify_.get(), EPOLLIN, on_events));
    look();
    return {};
}

bool Requests::is_stale(const sys::Dir& requests, const std::string& name) {
    struct stat info {};
    if (::fstatat(requests.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
    const auto age = sys::now() - UnixTime(std::chrono::seconds(info.st_mtim.tv_sec));
    return age > kAnswerStays || age < -kAnswerStays;
}

void Requests::look() {
    broker_.log.check(serve(), "requests-failed");
    take_acceptance(broker_);
    look_at_intake();
}

Result<> Requests::serve() {
    const auto dir = TRY(sys::Dir::open(state_ + "/" + std::string(kFolder)));
    std::vector<std::string> reloads;
    const bool first = !std::exchange(looked_, true);
    for (const auto& name : TRY(dir.list())) {
        if (name.starts_with(kAnswer) && is_stale(dir, name)) {
            broker_.log.check(dir.remove_file(name), "requests-failed");
        }
        if (name.starts_with(kReload) && !name.ends_with(".new")) {
            const bool late = is_stale(dir, name);
            if (!broker_.log.check(within(state_, dir.remove_file(name)), "requests-failed"))
                continue;
            if (late) broker_.log.warning("reload-asked-late", {{"request", quoted(name, 80)}});
            reloads.push_back(name.substr(kReload.size()));
            continue;
        }
        for (const auto& [begin, event] : kOfBackend) {
            if (!name.starts_with(begin) || name.ends_with(".new")) continue;
            const auto why = one_line(dir.read_file(name, kMaxReason));
            note(broker_, event, {{"backend", name.substr(begin.size())}, {"reason", why}});
            broker_.log.check(dir.remove_file(name), "requests-failed");
        }
        if (name.starts_with(kRemoveArtifact) && !name.ends_with(".new")) {
            const auto reason = one_line(dir.read_file(name, kMaxReason));
            if (!broker_.log.check(dir.remove_file(name), "requests-failed")) continue;
            remove_artifact(std::string_view(name).substr(kRemoveArtifact.size()), reason);
            continue;
        }
        const auto number = std::string_view(name).substr(
            std::min(name.size(), name.starts_with(kStopJob) ? kStopJob.size() : name.size()));
        const bool clock = name == kResetClock || name == kResetTrusted;
        // One that ends in .new is being written.
        if (!clock && (number.empty() || number.ends_with(".new"))) continue;
        const auto reason = one_line(dir.read_file(name, kMaxReason));
        // Of a clock that somebody saw, maybe before a boot, not of the one of now.
        const bool late = first || is_stale(dir, name);
        if (!broker_.log.check(dir.remove_file(name), "requests-failed")) continue;
        if (!clock) {
            stop_job(number, reason);
        } else if (late) {
            drop_clock_reset(broker_,
                             "it was asked for before this agent began, or over a minute "
                             "ago by the clock of now: ask again",
                             reason);
        } else {
            reset_clock(broker_, reason, name == kResetTrusted);
        }
    }
    if (!reloads.empty()) reload(dir, reloads);
    return {};
}

// One reload for all who ask at once: it begins after each of them has asked.
void Requests::reload(const sys::Dir& dir, const std::vector<std::string>& tokens) {
    const auto tell = [&](const std::string& token, const Result<>& done) {
        if (done) return;
        broker_.log.error("reload-not-answered",
                          {{"token", quoted(token, 80)}, {"why", done.error().what}});
    };
    // An answer to an earlier request of the same token would be taken for this one's.
    for (const auto& token : tokens) {
        if (is_token(token)) tell(token, dir.remove_file(std::string(kAnswer) + token));
    }
    const auto verdict = reload_();
    for (const auto& token : tokens) {
        tell(token, is_token(token) ? dir.write_atomic(std::string(kAnswer) + token, verdict, 0600)
                                    : fail("a token is of 1 to 64 letters, digits and '-'"));
    }
}

void Requests::stop_job(std::string_view number, const std::string& reason) {
    const auto job = parse_number<std::uint64_t>(number);
    const bool runs = job && broker_.jobs.cancel(JobNumber{*job}, "stopped-by-operator",
                                                 "stopped on the host: " + quoted(reason));
    note(broker_, "job-stop-requested", {{"number", number}, {"runs", runs}, {"reason", reason}});
    broker_.log.info("job-stop-requested", {{"number", quoted(number)}, {"runs", runs}});
}

void Requests::remove_artifact(std::string_view id, const std::string& reason) {
    const bool known = broker_.artifacts != nullptr && broker_.artifacts->remove(id, reason);
    note(broker_, "artifact-remove-requested",
         {{"artifact", id}, {"known", known}, {"reason", reason}});
    broker_.log.info("artifact-remove-requested", {{"artifact", quoted(id)}, {"known", known}});
}

// That a mark is gone is recorded by Intake, for each backend.
void Requests::look_at_intake() {
    const auto dir = sys::Dir::open(state_);
    const auto text = dir ? dir->read_file(Intake::kMark, kMaxReason)
                          : Result<std::string>(std::unexpected(dir.error()));
    const bool stands = text || text.error().code != ENOENT;
    if (stands && !suspended_) {
        note(broker_, "intake-suspended", {{"backend", ""}, {"reason", one_line(text)}});
    }
    suspended_ = stands;
    broker_.intake.look(broker_.audit);
    tell_intake(broker_);
}

}  // namespace bulkhead::broker
