#include "worker/broker/client.hpp"

#include <poll.h>

#include <cerrno>

namespace bulkhead::worker {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kOwnersKept{10};  // each answer reads all of /proc
constexpr std::uint64_t kMaxValueBytes = 64 << 20;

std::unexpected<Error> broker_gone() { return fail("the broker is gone"); }

}  // namespace

std::vector<Trouble> troubles_of(const protocol::HostStateReply& state) {
    std::vector<Trouble> troubles;
    for (const auto& [code, since, why] : state.troubles.items) {
        troubles.push_back(
            {.code = code.str(), .since = UnixTime(std::chrono::seconds(since)), .why = why.str()});
    }
    return troubles;
}

ChainHead audit_head(const protocol::HostStateReply& state) {
    return {.size = state.audit_lines, .head = to_hex(state.audit_head)};
}

ChainHead ledger_head(const protocol::HostStateReply& state) {
    return {.size = state.ledger_records, .head = to_hex(state.ledger_head)};
}

// Nearly every entry of the audit log belongs to a request of this worker or to an event, so the
// state is taken to be unchanged for a while when nothing was received. Other entries, such as a
// refused policy, and an operator's suspension are told that much later.
Result<protocol::HostStateReply> BrokerClient::host_state(std::chrono::seconds most) {
    if (!state_ || Clock::now() - state_asked_ >= most) {
        state_ = TRY(call(protocol::HostState{}));
        state_asked_ = Clock::now();
    }
    return *state_;
}

Result<std::shared_ptr<const SocketOwners>> BrokerClient::socket_owners() {
    if (owners_ && Clock::now() - owners_asked_ < kOwnersKept) return owners_;
    const auto value = TRY(read_privileged(protocol::SocketOwner::kReading));
    SocketOwners owners;
    if (value.reply.value) {
        owners = TRY(parse_socket_owners(as_bytes(value.bytes)));
        owners.complete = value.reply.complete;
    } else {
        owners.refused = value.reply.reason.str() + ": " + value.reply.detail.str();
    }
    owners_ = std::make_shared<const SocketOwners>(std::move(owners));
    owners_asked_ = Clock::now();
    return owners_;
}

Result<FileSystems> BrokerClient::file_systems(const NameFilter& mounts) {
    const auto value = TRY(read_privileged("file-systems"));
    if (!value.reply.value) return FileSystems{.refused = value.reply.reason.str()};
    auto systems = TRY(parse_file_systems(value.bytes, mounts));
    systems.complete = value.reply.complete;
    return systems;
}

Result<BrokerClient::Value> BrokerClient::read_privileged(std::string_view name) {
    Value value{.reply = TRY(call(protocol::ReadPrivileged{.name = protocol::Name::clipped(name)})),
                .bytes = {}};
    if (value.reply.value) {
        value.bytes = TRY(sys::read_from_start(value.reply.value->fd, kMaxValueBytes));
    }
    return value;
}

Result<OpenedFile> BrokerClient::open_named(std::string_view key) {
    auto reply = TRY(call(protocol::OpenCredential{.key = protocol::Code::clipped(key)}));
    OpenedFile opened{.reason = reply.reason.str(), .fd = {}, .detail = reply.detail.str()};
    if (reply.file) opened.fd = std::move(reply.file->fd);
    return opened;
}

Result<std::optional<link::Packet>> BrokerClient::next_event() {
    if (!kept_.empty()) {
        auto packet = std::move(kept_.front());
        kept_.pop_front();
        return std::optional(std::move(packet));
    }
    auto packet = channel_.receive();
    if (!packet && packet.error().code == EAGAIN) return std::optional<link::Packet>{};
    state_.reset();
    if (!packet) return std::unexpected(packet.error());
    if (!*packet) return broker_gone();
    return packet;
}

Result<link::Packet> BrokerClient::receive() {
    state_.reset();
    for (;;) {
        // poll(2) comes first: an answer is never there at once, so receive() alone would be a
        // wasted call.
        pollfd wait{.fd = channel_.fd(), .events = POLLIN, .revents = 0};
        ::poll(&wait, 1, -1);
        auto packet = channel_.receive();
        if (packet && !*packet) return broker_gone();
        if (packet) return **std::move(packet);
        if (packet.error().code != EAGAIN) return std::unexpected(packet.error());
    }
}

Result<link::Packet> BrokerClient::reply_to(std::uint16_t id, std::uint32_t serial) {
    for (;;) {
        auto packet = TRY(receive());
        const auto header = TRY(protocol::decode_header(packet.bytes));
        if (header.serial == serial && header.id == id) return packet;
        if (header.serial != 0) return fail("the broker answered another request");
        kept_.push_back(std::move(packet));
        tell_();
    }
}

}  // namespace bulkhead::worker
