#include "tests/malicious_worker/campaigns.hpp"

#include <sys/random.h>

#include "tests/malicious_worker/attacks.hpp"
#include "tests/malicious_worker/random_frames.hpp"

namespace bulkhead::test {

namespace {

unsigned seed() {
    unsigned value = 0;
    return ::getrandom(&value, sizeof value, 0) == sizeof value ? value : 1;
}

std::vector<int> some_descriptors(const Attacker& attacker) {
    std::vector<int> some;
    for (const char* kind : {"script", "unsealed", "zero", "fifo", "unix-socket", "directory",
                             "epoll", "too-large", "sparse", "own-memory"}) {
        if (attacker.descriptor(kind) >= 0) some.push_back(attacker.descriptor(kind));
    }
    return some;
}

// Frames one after the other until one of them was a violation and ends this process.
[[noreturn]] void send_garbage(Attacker& attacker) {
    RandomFrames frames(seed(), some_descriptors(attacker));
    for (;;) {
        const auto frame = frames.next();
        attacker.send(frame.bytes, frame.descriptors);
        attacker.answer();
    }
}

void press(Attacker& attacker, std::string_view name, RandomFrames& frames) {
    if (name == "heads") {
        attacker.ask(protocol::AuditHead{});
    } else if (name == "scripts") {
        attacker.send(framed(kId<protocol::StartJob>, start_payload()),
                      {attacker.descriptor("largest")});
        attacker.answer();
    } else if (name == "memfds") {
        const int fd = attacker.descriptor("unsealed");
        attacker.send(framed(kId<protocol::StartJob>, start_payload(true, true)), {fd, fd, fd});
        attacker.answer();
    } else {
        const auto frame = frames.next_valid();
        attacker.send(frame.bytes, frame.descriptors);
        attacker.answer();
    }
}

}  // namespace

void campaign(Attacker& attacker, std::string_view name) {
    if (name == "garbage-greeting") send_garbage(attacker);
    attacker.greet();
    if (name == "garbage-serving") send_garbage(attacker);
    if (name == "once-more") {
        attacker.report(name, attacker.run("quick"));
        return attacker.wait_for_shutdown();
    }
    if (attacker.run(name == "deaf" ? "talker" : "brief") != "admitted") {
        attacker.report("run", "no job runs");
    }
    attacker.wait_for_output();
    if (name == "garbage-running") send_garbage(attacker);
    if (name == "garbage-draining") {
        attacker.report("ready", "to drain");
        attacker.wait_for_shutdown();
        send_garbage(attacker);
    }
    const auto job = attacker.started().number;
    attacker.report("ready", "the job runs");
    RandomFrames frames(seed(), some_descriptors(attacker));
    std::uint64_t count = 0;
    if (name == "deaf") attacker.wait_for_end(job);
    for (; !attacker.has_ended(job); ++count) press(attacker, name, frames);
    attacker.report(name, std::to_string(count));
    attacker.wait_for_shutdown();
}

}  // namespace bulkhead::test
