// Floods, queues, answers that nobody reads, leaving in the middle of a request.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::Hello;
using protocol::HostState;
using protocol::StartJob;

Bytes hello() {
    return framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0}));
}

std::string ask_often(Attacker& attacker, int times) {
    for (int i = 0; i < times; ++i) {
        const auto words = attacker.ask(HostState{});
        if (words != "head") return words;
    }
    return std::to_string(times) + " heads";
}

// All requests before the first answer is read: as many as the broker's budget lets through at
// once, less than its answers need room.
std::string ask_ahead(Attacker& attacker, int times) {
    for (int i = 0; i < times; ++i) attacker.send(framed(kId<HostState>));
    for (int i = 0; i < times; ++i) {
        const auto words = attacker.answer();
        if (words != "head") return words;
    }
    return std::to_string(times) + " heads";
}

std::string never_read(Attacker& attacker) {
    for (int i = 0; i < 10'000; ++i) attacker.send(framed(kId<HostState>));
    return "10000 requests, and nobody minded";
}

std::string offer_often(Attacker& attacker, int times) {
    for (int i = 0; i < times; ++i) {
        const int fd = attacker.descriptor("unsealed");
        attacker.send(framed(kId<StartJob>, start_payload(true, true)), {fd, fd, fd});
        const auto words = attacker.answer();
        if (words != "not-sealed") return words;
    }
    return std::to_string(times) + " times not-sealed";
}

// Its end is closed, the process stays.
std::string close_after(Attacker& attacker, const Bytes& request) {
    if (!request.empty()) attacker.send(request, {attacker.descriptor("largest")});
    ::close(attacker.channel());
    for (;;) ::poll(nullptr, 0, -1);
}

std::string exit_after(Attacker& attacker) {
    attacker.send(framed(kId<StartJob>, start_payload()), {attacker.descriptor("largest")});
    ::_exit(0);
}

// A packet that claims to come from process 1 (unix(7), SCM_CREDENTIALS).
std::string forge_credentials(Attacker& attacker) {
    const auto frame = framed(kId<HostState>);
    iovec part{.iov_base = const_cast<std::byte*>(frame.data()), .iov_len = frame.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof(ucred));
    const ucred first{.pid = 1, .uid = 0, .gid = 0};
    std::memcpy(CMSG_DATA(header), &first, sizeof first);
    const auto sent = ::sendmsg(attacker.channel(), &message, MSG_NOSIGNAL);
    if (sent < 0) return ::strerrorname_np(errno);
    return "sent: " + attacker.answer();
}

}  // namespace

std::vector<Attack> attacks_by_pressure() {
    return {
        {.name = "hello-and-more",
         .moment = greeting,
         .what = "Hello and a request in one breath",
         .expected = answered("hello head"),
         .act =
             [](Attacker& a) {
                 a.send(hello());
                 a.send(framed(kId<HostState>));
                 const auto words = a.answer();
                 return words + " " + a.answer();
             }},
        {.name = "hello-lies-about-landlock",
         .moment = greeting,
         .what = "a Landlock that no kernel has",
         .expected = answered("hello"),
         .act = sends(
             framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{999})))},
        {.name = "flood-of-requests",
         .moment = serving,
         .what = "400 requests as fast as they are answered",
         .expected = answered("400 heads"),
         .act = [](Attacker& a) { return ask_often(a, 400); }},
        {.name = "requests-ahead",
         .moment = serving,
         .what = "100 requests before an answer is read",
         .expected = answered("100 heads"),
         .act = [](Attacker& a) { return ask_ahead(a, 100); }},
        {.name = "flood-of-descriptors",
         .moment = serving,
         .what = "90 descriptors, none of use",
         .expected = answered("30 times not-sealed"),
         .act = [](Attacker& a) { return offer_often(a, 30); }},
        {.name = "forged-credentials",
         .moment = serving,
         .what = "a packet in the name of process 1",
         .expected = answered("EPERM"),
         .act = forge_credentials},
        {.name = "answers-unread",
         .moment = serving,
         .what = "requests without end, and no answer read",
         .expected = violation("send: Resource temporarily unavailable"),
         .act = never_read},
        {.name = "answers-unread-running",
         .moment = running,
         .what = "the same while a job runs",
         .expected = violation("send: Resource temporarily unavailable"),
         .act = never_read},
        {.name = "closes-before-hello",
         .moment = greeting,
         .what = "closes its end, says nothing, stays",
         .expected = closed(),
         .act = [](Attacker& a) { return close_after(a, {}); }},
        {.name = "closes-mid-request",
         .moment = serving,
         .what = "closes its end while it is being answered, and stays",
         .expected = closed(),
         .act = [](Attacker& a) { return close_after(a, framed(kId<StartJob>, start_payload())); }},
        {.name = "exits-mid-request",
         .moment = serving,
         .what = "ends while it is being answered",
         .expected = closed(),
         .act = exit_after},
        {.name = "exits-mid-request-running",
         .moment = running,
         .what = "the same while a job runs",
         .expected = closed(),
         .act = exit_after},
    };
}

}  // namespace bulkhead::test
