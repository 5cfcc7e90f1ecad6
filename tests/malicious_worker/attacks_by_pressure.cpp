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
using protocol::AuditHead;
using protocol::Hello;
using protocol::StartJob;

Bytes hello() {
    return framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{0}));
}

std::string ask_often(Attacker& attacker, int times) {
    for (int i = 0; i < times; ++i) {
        const auto words = attacker.ask(AuditHead{});
        if (words != "head") return words;
    }
    return std::to_string(times) + " heads";
}

// All requests before the first answer is read: as many as the broker's budget lets through at
// once, less than its answers need room.
std::string ask_ahead(Attacker& attacker, int times) {
    for (int i = 0; i < times; ++i) attacker.send(framed(kId<AuditHead>));
    for (int i = 0; i < times; ++i) {
        const auto words = attacker.answer();
        if (words != "head") return words;
    }
    return std::to_string(times) + " heads";
}

std::string never_read(Attacker& attacker) {
    for (int i = 0; i < 10'000; ++i) attacker.send(framed(kId<AuditHead>));
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
    const auto frame = framed(kId<AuditHead>);
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
        {"hello-and-more", greeting, "Hello and a request in one breath", answered("hello head"),
         [](Attacker& a) {
             a.send(hello());
             a.send(framed(kId<AuditHead>));
             const auto words = a.answer();
             return words + " " + a.answer();
         }},
        {"hello-lies-about-landlock", greeting, "a Landlock that no kernel has", answered("hello"),
         sends(
             framed(kId<Hello>, Payload().number(protocol::kVersion).number(std::uint32_t{999})))},
        {"flood-of-requests", serving, "400 requests as fast as they are answered",
         answered("400 heads"), [](Attacker& a) { return ask_often(a, 400); }},
        {"requests-ahead", serving, "100 requests before an answer is read", answered("100 heads"),
         [](Attacker& a) { return ask_ahead(a, 100); }},
        {"flood-of-descriptors", serving, "90 descriptors, none of use",
         answered("30 times not-sealed"), [](Attacker& a) { return offer_often(a, 30); }},
        {"forged-credentials", serving, "a packet in the name of process 1", answered("EPERM"),
         forge_credentials},
        {"answers-unread", serving, "requests without end, and no answer read",
         violation("send: Resource temporarily unavailable"), never_read},
        {"answers-unread-running", running, "the same while a job runs",
         violation("send: Resource temporarily unavailable"), never_read},
        {"closes-before-hello", greeting, "closes its end, says nothing, stays", closed(),
         [](Attacker& a) { return close_after(a, {}); }},
        {"closes-mid-request", serving, "closes its end while it is being answered, and stays",
         closed(),
         [](Attacker& a) { return close_after(a, framed(kId<StartJob>, start_payload())); }},
        {"exits-mid-request", serving, "ends while it is being answered", closed(), exit_after},
        {"exits-mid-request-running", running, "the same while a job runs", closed(), exit_after},
    };
}

}  // namespace bulkhead::test
