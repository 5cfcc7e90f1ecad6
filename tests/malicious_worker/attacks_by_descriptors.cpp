// Descriptors: too many, too few, and of every kind that is not a sealed memfd.
#include <cerrno>
#include <cstring>

#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::AckJob;
using protocol::AuditHead;
using protocol::CancelJob;
using protocol::Hello;
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
    return {std::string("back-") + name, serving, what, answered(words), [find](Attacker& a) {
                a.send(start(), {find(a)});
                return a.answer();
            }};
}

}  // namespace

std::vector<Attack> attacks_by_descriptors() {
    std::vector<Attack> all{
        {"none", serving, "StartJob without its script",
         violation("script: a descriptor is missing"), sends(start())},
        {"one-of-three", serving, "manifest and signatures announced, only a script there",
         violation("manifest: a descriptor is missing"), sends(start(true, true), {"script"})},
        {"two-of-three", serving, "signatures announced, not there",
         violation("signatures: a descriptor is missing"),
         sends(start(true, true), {"script", "script"})},
        {"one-too-many", serving, "two descriptors where one belongs",
         violation("StartJob: too many descriptors"), many(2)},
        {"four-too-many", serving, "five where one belongs",
         violation("StartJob: too many descriptors"), many(5)},
        {"as-many-as-fit", serving, "128 where one belongs: the most that is received",
         violation("StartJob: too many descriptors"), many(128)},
        {"more-than-fit", serving, "129: the kernel closes what has no room",
         violation("packet too long"), many(129)},
        {"all-there-can-be", serving, "253, the most that can be sent at once",
         violation("packet too long"), many(253)},
        {"more-than-fit-first", greeting, "253 with a Hello", violation("packet too long"),
         sends(framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0})),
               std::vector<std::string>(253, "null"))},
        {"with-hello", greeting, "a descriptor where none belongs: Hello",
         violation("Hello: too many descriptors"),
         sends(framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0})),
               {"null"})},
        {"with-head", serving, "the same: AuditHead", violation("AuditHead: too many descriptors"),
         sends(framed(kId<AuditHead>), {"null"})},
        {"with-cancel", serving, "the same: CancelJob",
         violation("CancelJob: too many descriptors"),
         sends(framed(kId<CancelJob>, eight()), {"null"})},
        {"with-ack", serving, "the same: AckJob", violation("AckJob: too many descriptors"),
         sends(framed(kId<AckJob>, eight()), {"null"})},
        {"with-catalogue", serving, "the same: StartCatalogueJob",
         violation("StartCatalogueJob: too many descriptors"),
         sends(framed(kId<StartCatalogueJob>, Payload()
                                                  .text("d")
                                                  .number(std::uint8_t{0})
                                                  .text("quick")
                                                  .number(std::uint16_t{0})),
               {"script"})},
        {"none-running", running, "StartJob without its script while a job runs",
         violation("script: a descriptor is missing"), sends(start())},
        {"none-draining", draining, "the same while all ends",
         violation("script: a descriptor is missing"), sends(start())},
        {"with-nothing-but-descriptors", serving, "descriptors on an empty packet", closed(),
         sends({}, {"script", "null"})},
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
        all.push_back({std::string("script-is-") + kind.name, serving,
                       std::string("as a script: ") + kind.what, answered("not-sealed"),
                       sends(start(), {kind.name}), kind.name});
    }
    for (const char* kind : {"zero", "fifo", "unix-socket", "directory", "unsealed"}) {
        all.push_back({std::string("manifest-is-") + kind, serving,
                       std::string("as a manifest: ") + kind, answered("not-sealed"),
                       sends(start(true), {"script", kind}), kind});
        all.push_back({std::string("signatures-are-") + kind, serving,
                       std::string("as signatures: ") + kind, answered("not-sealed"),
                       sends(start(true, true), {"script", "script", kind}), kind});
    }
    return all;
}

}  // namespace bulkhead::test
