// Descriptors: too many, too few, and of every kind that is not a sealed memfd.
#include <cerrno>
#include <cstring>

#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::AckJob;
using protocol::CancelJob;
using protocol::Hello;
using protocol::HostState;
using protocol::StartCatalogueJob;
using protocol::StartJob;

Bytes start(bool manifest = false, bool signatures = false) {
    return framed(kId<StartJob>, start_payload(manifest, signatures));
}

std::function<std::string(Attacker&)> many(std::size_t count) {
    return sends(start(), std::vector<std::string>(count, "script"));
}

Payload eight() { return Payload().number(std::uint64_t{1}); }

struct Kind {
    const char* name;
    const char* what;
};
constexpr Kind kWrong[] = {
    {"null", "/dev/null"},
    {"zero", "/dev/zero, which never ends"},
    {"urandom", "/dev/urandom"},
    {"directory", "a directory"},
    {"path", "an O_PATH descriptor of a file"},
    {"file", "a file of root's"},
    {"own-file", "a file of the worker's, which it could change"},
    {"fifo", "a FIFO, which would block a reader"},
    {"pipe-read", "a pipe's read end"},
    {"pipe-write", "a pipe's write end"},
    {"unix-socket", "a Unix socket"},
    {"tcp-socket", "a TCP socket"},
    {"epoll", "an epoll instance"},
    {"eventfd", "an event counter"},
    {"timerfd", "a timer"},
    {"inotify", "a file watcher"},
    {"signalfd", "a signal reader"},
    {"pidfd", "a process"},
    {"own-memory", "the worker's own memory"},
    {"proc-file", "a file that /proc makes up"},
    {"root-of-proc", "the root directory by way of /proc"},
    {"path-of-memory", "an O_PATH descriptor of a sealed memfd"},
    {"secret", "secret memory (memfd_secret)"},
};

// What the broker itself has handed out, handed back.
Attack back(const char* name, const char* what, int (*find)(Attacker&), const char* words) {
    return {.name = std::string("back-") + name,
            .moment = serving,
            .what = what,
            .expected = answered(words),
            .act = [find](Attacker& a) {
                a.send(start(), {find(a)});
                return a.answer();
            }};
}

}  // namespace

std::vector<Attack> attacks_by_descriptors() {
    std::vector<Attack> all{
        {.name = "none",
         .moment = serving,
         .what = "StartJob without its script",
         .expected = violation("script: a descriptor is missing"),
         .act = sends(start())},
        {.name = "one-of-three",
         .moment = serving,
         .what = "manifest and signatures announced, only a script there",
         .expected = violation("manifest: a descriptor is missing"),
         .act = sends(start(true, true), {"script"})},
        {.name = "two-of-three",
         .moment = serving,
         .what = "signatures announced, not there",
         .expected = violation("signatures: a descriptor is missing"),
         .act = sends(start(true, true), {"script", "script"})},
        {.name = "one-too-many",
         .moment = serving,
         .what = "two descriptors where one belongs",
         .expected = violation("StartJob: too many descriptors"),
         .act = many(2)},
        {.name = "four-too-many",
         .moment = serving,
         .what = "five where one belongs",
         .expected = violation("StartJob: too many descriptors"),
         .act = many(5)},
        {.name = "as-many-as-fit",
         .moment = serving,
         .what = "128 where one belongs: the most that is received",
         .expected = violation("StartJob: too many descriptors"),
         .act = many(128)},
        {.name = "more-than-fit",
         .moment = serving,
         .what = "129: the kernel closes what has no room",
         .expected = violation("packet too long"),
         .act = many(129)},
        {.name = "all-there-can-be",
         .moment = serving,
         .what = "253, the most that can be sent at once",
         .expected = violation("packet too long"),
         .act = many(253)},
        {.name = "more-than-fit-first",
         .moment = greeting,
         .what = "253 with a Hello",
         .expected = violation("packet too long"),
         .act = sends(
             framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0})),
             std::vector<std::string>(253, "null"))},
        {.name = "with-hello",
         .moment = greeting,
         .what = "a descriptor where none belongs: Hello",
         .expected = violation("Hello: too many descriptors"),
         .act = sends(
             framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0})),
             {"null"})},
        {.name = "with-head",
         .moment = serving,
         .what = "the same: HostState",
         .expected = violation("HostState: too many descriptors"),
         .act = sends(framed(kId<HostState>), {"null"})},
        {.name = "with-cancel",
         .moment = serving,
         .what = "the same: CancelJob",
         .expected = violation("CancelJob: too many descriptors"),
         .act = sends(framed(kId<CancelJob>, eight()), {"null"})},
        {.name = "with-ack",
         .moment = serving,
         .what = "the same: AckJob",
         .expected = violation("AckJob: too many descriptors"),
         .act = sends(framed(kId<AckJob>, eight()), {"null"})},
        {.name = "with-catalogue",
         .moment = serving,
         .what = "the same: StartCatalogueJob",
         .expected = violation("StartCatalogueJob: too many descriptors"),
         .act = sends(framed(kId<StartCatalogueJob>, Payload()
                                                         .text("d")
                                                         .number(std::uint8_t{0})
                                                         .text("quick")
                                                         .number(std::uint16_t{0})),
                      {"script"})},
        {.name = "none-running",
         .moment = running,
         .what = "StartJob without its script while a job runs",
         .expected = violation("script: a descriptor is missing"),
         .act = sends(start())},
        {.name = "none-draining",
         .moment = draining,
         .what = "the same while all ends",
         .expected = violation("script: a descriptor is missing"),
         .act = sends(start())},
        {.name = "with-nothing-but-descriptors",
         .moment = serving,
         .what = "descriptors on an empty packet",
         .expected = closed(),
         .act = sends({}, {"script", "null"})},
        back(
            "channel", "its own end of the channel", [](Attacker& a) { return a.channel(); },
            "not-sealed"),
        back(
            "state", "its state directory", [](Attacker& a) { return a.setup().state.fd.get(); },
            "not-sealed"),
        back(
            "settings", "its settings, which are sealed and no script",
            [](Attacker& a) { return a.setup().settings.fd.get(); }, "not-approved"),
        back(
            "status", "the status socket, which listens",
            [](Attacker& a) { return a.setup().status->fd.get(); }, "not-sealed"),
        back(
            "seccomp", "its filter: sealed, and no script that anybody approved",
            [](Attacker& a) { return a.setup().seccomp.fd.get(); }, "not-approved"),
    };
    for (const auto& kind : kWrong) {
        all.push_back({.name = std::string("script-is-") + kind.name,
                       .moment = serving,
                       .what = std::string("as a script: ") + kind.what,
                       .expected = answered("not-sealed"),
                       .act = sends(start(), {kind.name}),
                       .needs = kind.name});
    }
    for (const char* kind : {"zero", "fifo", "unix-socket", "directory", "unsealed"}) {
        all.push_back({.name = std::string("manifest-is-") + kind,
                       .moment = serving,
                       .what = std::string("as a manifest: ") + kind,
                       .expected = answered("not-sealed"),
                       .act = sends(start(true), {"script", kind}),
                       .needs = kind});
        all.push_back({.name = std::string("signatures-are-") + kind,
                       .moment = serving,
                       .what = std::string("as signatures: ") + kind,
                       .expected = answered("not-sealed"),
                       .act = sends(start(true, true), {"script", "script", kind}),
                       .needs = kind});
    }
    return all;
}

}  // namespace bulkhead::test
