#include "tests/malicious_worker/attacker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "worker/confine.hpp"

namespace bulkhead::test {

namespace {

constexpr int kChannelFd = 3;
constexpr std::uint32_t kAnswerToPing = 0xffff'fff0;  // the serial of that request
constexpr std::size_t kMostSent = 253;                // SCM_MAX_FD of unix(7)

template <class Reply>
std::string in_words(const Reply& reply) {
    if constexpr (requires { reply.decision; }) {
        if (reply.decision == protocol::Decision::admitted) return "admitted";
    }
    if constexpr (requires { reply.reason; }) return reply.reason.str();
    if constexpr (std::is_same_v<Reply, protocol::HelloReply>) return "hello";
    return "head";
}

[[noreturn]] void wait_to_be_killed() {
    for (;;) ::poll(nullptr, 0, -1);
}

}  // namespace

Result<Attacker> Attacker::create() {
    link::Channel channel{sys::Fd(kChannelFd)};
    auto packet = TRY(channel.receive());
    if (!packet) return fail("no Setup came");
    auto setup = TRY(protocol::decode<protocol::Setup>(packet->bytes, packet->descriptors));
    Attacker attacker(std::move(channel), std::move(setup));
    attacker.findings_ = sys::Fd(::openat(attacker.setup_.state.fd.get(), "findings",
                                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!attacker.findings_) return sys::fail_errno("findings");
    attacker.collect();
    attacker.collect_memory();
    return attacker;
}

Result<> Attacker::confine() const { return worker::confine(setup_.seccomp, setup_.landlock); }

void Attacker::report(std::string_view name, std::string_view words) const {
    const auto line = std::string(name) + "\t" + quoted(words, 512) + "\n";
    static_cast<void>(sys::write_all(findings_, as_bytes(line)));
}

void Attacker::send(ByteView bytes, const std::vector<int>& descriptors) const {
    iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
    if (!descriptors.empty()) {
        const auto size = descriptors.size() * sizeof(int);
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(size);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(header), descriptors.data(), size);
    }
    if (::sendmsg(channel_.fd(), &message, MSG_NOSIGNAL) >= 0) return;
    if (errno == EPIPE || errno == ECONNRESET) wait_to_be_killed();
    report("send", std::strerror(errno));
}

link::Packet Attacker::next() {
    for (;;) {
        auto packet = channel_.receive();
        if (!packet || !*packet) wait_to_be_killed();
        const auto header = protocol::decode_header((*packet)->bytes);
        if (header && header->id == protocol::Ping::spec.id) {
            send(
                protocol::encode(protocol::HostState::spec.id, kAnswerToPing, protocol::HostState{})
                    .value()
                    .bytes);
        } else if (!header || header->serial != kAnswerToPing) {
            return *std::move(*packet);
        }
    }
}

std::string Attacker::answer() {
    for (;;) {
        auto packet = next();
        const auto header = protocol::decode_header(packet.bytes);
        if (!header) return "a malformed reply: " + header.error().what;
        if (header->id == protocol::JobExited::spec.id) {
            ended_.push_back(
                protocol::decode<protocol::JobExited>(packet.bytes, packet.descriptors).value());
        }
        std::string words;
        protocol::Requests::visit(header->id, [&]<class Request> {
            using Reply = typename Request::Reply;
            auto reply = protocol::decode<Reply>(packet.bytes, packet.descriptors);
            words = reply ? in_words(*reply) : "an undecodable reply: " + reply.error().what;
            if constexpr (std::is_same_v<Reply, protocol::StartReply>) {
                if (reply) started_ = *std::move(reply);
            }
            if constexpr (std::is_same_v<Reply, protocol::HostFilesReply>) {
                if (!reply || reply->files.items.empty()) return;
                if (auto& file = reply->files.items[0].file) opened_ = std::move(file->fd);
            }
            if constexpr (std::is_same_v<Reply, protocol::HelloReply>) {
                if (!reply) return;
                for (auto& job : reply->jobs.items) {
                    if (job.ended) ended_.push_back({.number = job.number, .end = job.end});
                }
            }
        });
        if (!words.empty()) return words;
    }
}

void Attacker::greet() {
    const auto words = ask(protocol::Hello{});
    if (words != "hello") report("greet", words);
    for (const auto& job : std::exchange(ended_, {})) ask(protocol::AckJob{.number = job.number});
}

std::string Attacker::run(std::string_view name, std::string_view delivery) {
    protocol::StartCatalogueJob request;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto unique = std::to_string(now.tv_sec) + "." + std::to_string(now.tv_nsec);
    request.delivery_id.value = protocol::Label::clipped(delivery.empty() ? unique : delivery);
    request.name = protocol::Name::clipped(name);
    auto words = ask(request);
    if (started_.err) pipes_.push_back(std::move(started_.err->fd));
    if (started_.out) pipes_.push_back(std::move(started_.out->fd));
    return words;
}

void Attacker::wait_for_output() const {
    pollfd out{.fd = pipes_.back().get(), .events = POLLIN, .revents = 0};
    ::poll(&out, 1, -1);
}

std::uint16_t Attacker::next_id() {
    auto packet = next();
    const auto header = protocol::decode_header(packet.bytes);
    if (header && header->id == protocol::JobExited::spec.id) {
        ended_.push_back(
            protocol::decode<protocol::JobExited>(packet.bytes, packet.descriptors).value());
    }
    return header ? header->id : std::uint16_t{0};
}

bool Attacker::has_ended(JobNumber number) const {
    return std::any_of(ended_.begin(), ended_.end(),
                       [&](const auto& job) { return job.number == number; });
}

void Attacker::wait_for_end(JobNumber number) {
    while (!has_ended(number)) next_id();
}

void Attacker::wait_for_shutdown() {
    while (next_id() != protocol::Shutdown::spec.id) continue;
}

int Attacker::descriptor(std::string_view kind) const {
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? -1 : found->second.get();
}

}  // namespace bulkhead::test
