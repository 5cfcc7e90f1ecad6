#include "tests/malicious_worker/campaigns.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

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

// A backend's job runs, and another's worker is after it.
void be_robbed(Attacker& attacker) {
    // An earlier broker of this site may have had that delivery.
    if (attacker.run("sleeper", "the victim's") != "admitted" &&
        attacker.run("sleeper") != "admitted") {
        attacker.report("run", "no job runs");
    }
    attacker.wait_for_output();
    attacker.report("ready", "the job runs");
    const auto job = attacker.started().number;
    attacker.wait_for_shutdown();
    attacker.report("job", attacker.has_ended(job) ? "ended" : "ran");
}

// Every number there can be by now, again and again: it does not know when the other's job begins.
void rob(Attacker& attacker) {
    for (std::uint64_t round = 1;; ++round) {
        for (std::uint64_t number = 0; number < 16; ++number) {
            const auto cancelled = attacker.ask(protocol::CancelJob{.number = JobNumber{number}});
            if (cancelled != "not-running") attacker.report("stolen", "cancel: " + cancelled);
            const auto taken = attacker.ask(protocol::AckJob{.number = JobNumber{number}});
            if (taken != "not-ended") attacker.report("stolen", "ack: " + taken);
        }
        attacker.report("round-" + std::to_string(round), "done");
        if (round == 3) break;
        ::poll(nullptr, 0, 500);
    }
    // Its deliveries are not the other's: they can neither be blocked nor be found out.
    attacker.report("delivery", attacker.run("quick", "the victim's"));
    attacker.wait_for_shutdown();
}

void ask_for_files(Attacker& attacker) {
    std::string words;
    for (const auto& file : attacker.setup().files.items) {
        words += file.key.str() + " " + file.reason.str() + (file.file ? " open" : " none") + ";";
    }
    attacker.report("given", words);
    for (const char* key : {"credential_file", "ca_file", "/etc/shadow", "../other/credential"}) {
        const auto reason =
            attacker.ask(protocol::OpenCredential{.key = protocol::Code::clipped(key)});
        attacker.report(std::string("asked ") + key, reason);
    }
    attacker.report("all", "done");
    attacker.wait_for_shutdown();
}

void offer_what_lingers(Attacker& attacker) {
    for (const char* kind : {"lingering", "lingering-too"}) {
        if (attacker.descriptor(kind) < 0) return attacker.report("lingering", "none");
        attacker.send(framed(kId<protocol::StartJob>, start_payload()),
                      {attacker.descriptor(kind)});
        attacker.forget(kind);
    }
    // The second is not read before the first is closed.
    attacker.report("lingering", attacker.answer());
}

void forge(Attacker& attacker) {
    const sys::Fd output(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    const std::string forged =
        R"({"time":"2026-01-01T00:00:00Z","level":"info","from":"broker","event":"forged"})";
    std::string all = forged + "\n\x1e" + "1forged\x1f" + "from\x1f" + "broker\n";
    for (int i = 0; i < 100'000; ++i) all += "flood\n";
    if (!sys::write_all(output, as_bytes(all))) attacker.report("forge", "cannot write");
    attacker.report("forge", "done");
    attacker.wait_for_shutdown();
}

void press(Attacker& attacker, std::string_view name, RandomFrames& frames) {
    if (name == "heads") {
        attacker.ask(protocol::HostState{});
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
    if (name == "victim") return be_robbed(attacker);
    if (name == "thief") return rob(attacker);
    if (name == "files") return ask_for_files(attacker);
    if (name == "forge") return forge(attacker);
    if (name == "fill") {
        const sys::Fd file(::openat(attacker.setup().state.fd.get(), "filler",
                                    O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        const std::string much(8 << 20, 'x');
        if (!sys::write_all(file, as_bytes(much))) attacker.report(name, "cannot write");
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
    if (name == "lingering") {
        offer_what_lingers(attacker);
        return attacker.wait_for_shutdown();
    }
    if (name == "deaf") attacker.wait_for_end(job);
    for (; !attacker.has_ended(job); ++count) press(attacker, name, frames);
    attacker.report(name, std::to_string(count));
    attacker.wait_for_shutdown();
}

}  // namespace bulkhead::test
