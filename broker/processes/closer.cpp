#include "broker/processes/closer.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "common/sandbox/privileges.hpp"
#include "common/sys/exec.hpp"

namespace bulkhead::broker {

namespace {

constexpr int kNullDevice = 0;
constexpr int kBroker = 3;
constexpr int kChannel = 4;
constexpr std::string_view kClosed = "closed";
constexpr std::string_view kReady = "ready";

// It has root's user id, so that no worker can signal it.
Result<> become_closer(const link::Channel& broker, const link::Channel& channel) {
    TRY(sandbox::assume_ids({.user = {}, .groups = {}, .capabilities = 0}));
    // Signals to a terminal's process group or to each process of this name are the broker's.
    ::setsid();
    for (const int number : {SIGHUP, SIGINT, SIGTERM}) ::signal(number, SIG_IGN);
    ::prctl(PR_SET_NAME, "closer", 0, 0, 0);
    return sys::place_descriptors(std::array{sys::Placed{}, sys::Placed{}, sys::Placed{},
                                             sys::Placed{broker.fd(), false},
                                             sys::Placed{channel.fd(), false}});
}

// By the name that the kernel gives to files of no file system: all others begin with a slash, or
// are sockets, pipes and the like (proc(5)).
bool is_bpf_object(const sys::Fd& fd) {
    std::array<char, 64> name{};
    const auto path = "/proc/self/fd/" + std::to_string(fd.get());
    const auto size = ::readlink(path.c_str(), name.data(), name.size());
    if (size <= 0) return false;
    const std::string_view text(name.data(), static_cast<std::size_t>(size));
    return text == "anon_inode:bpf-prog" || text == "anon_inode:bpf-map" ||
           text == "anon_inode:bpf_link" || text == "anon_inode:bpf-link";
}

// Bytes are handed on unread. An answer without a descriptor is an error.
Result<std::vector<sys::Fd>> hand_on(const link::Channel& broker, const link::Channel& channel,
                                     bool bpf) {
    auto packet = TRY(channel.receive());
    if (!packet) return fail(std::string(kClosed));
    std::vector<int> harmless;
    for (const auto& fd : packet->descriptors) {
        const bool taken = sys::is_sealed(fd) || (bpf && is_bpf_object(fd));
        harmless.push_back(taken ? fd.get() : kNullDevice);
    }
    TRY(broker.send(packet->bytes, harmless));
    return std::move(packet->descriptors);
}

// Until the broker has closed its end; then the channel is closed here, with what is unread in it.
void serve(bool bpf) {
    const link::Channel broker{sys::Fd(kBroker)};
    const link::Channel channel{sys::Fd(kChannel)};
    if (!broker.send(as_bytes(kReady))) return;
    std::vector<sys::Fd> held;
    for (;;) {
        const auto order = broker.receive();
        if (!order || !*order) return;
        held.clear();
        if (as_text((*order)->bytes) != "fetch") continue;
        auto handed = hand_on(broker, channel, bpf);
        if (handed) {
            held = *std::move(handed);
        } else if (!broker.send(as_bytes(handed.error().what))) {
            return;
        }
    }
}

}  // namespace

Result<Closer> Closer::start(const link::Channel& channel, bool bpf) {
    auto [ours, theirs] = TRY(link::Channel::pair());
    auto child = TRY(sandbox::Child::start(0, -1, [&] {
        const auto become = become_closer(theirs, channel);
        if (become) serve(bpf);
        if (!become) static_cast<void>(theirs.send(as_bytes(become.error().what)));
        ::_exit(0);
    }));
    theirs = link::Channel(sys::Fd());
    // It has no more to do than a few calls before it says this.
    const auto said = TRY(ours.receive());
    if (!said) return fail("the closer has ended");
    const auto words = as_text(said->bytes);
    if (words != kReady) return fail("closer: " + std::string(words));
    TRY(sys::set_nonblocking(ours.descriptor(), true));
    return Closer(std::move(child), std::move(ours));
}

Result<std::optional<link::Packet>> Closer::receive() const {
    auto packet = TRY(answers_.receive());
    if (!packet || !packet->descriptors.empty()) return packet;
    const auto why = as_text(packet->bytes);
    if (why == kClosed) return fail(std::string(why), EPIPE);
    return fail(std::string(why), Error::Kind::malformed);
}

}  // namespace bulkhead::broker
