// BrokerClient: typed requests to the broker, by way of the request list, and its events.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "common/link/channel.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/events.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/config/files.hpp"
#include "worker/host/readings/file_systems.hpp"
#include "worker/host/readings/socket_owners.hpp"

namespace bulkhead::worker {

// The troubles that a reply of the broker tells.
std::vector<Trouble> troubles_of(const protocol::HostStateReply& state);

// The heads in a reply of the broker.
ChainHead audit_head(const protocol::HostStateReply& state);
ChainHead ledger_head(const protocol::HostStateReply& state);

class BrokerClient {
  public:
    static constexpr std::chrono::seconds kStateKept{30};

    explicit BrokerClient(link::Channel channel) : channel_(std::move(channel)) {}

    // Waits for the reply: a broker answers in about a millisecond. Events that come first are kept
    // for next_event(). An error means that the broker is gone or broke the protocol: the worker
    // must end.
    template <class Request>
    Result<typename Request::Reply> call(const Request& request) {
        const auto serial = ++serial_;
        const auto frame = TRY(protocol::encode(Request::spec.id, serial, request));
        TRY(channel_.send(frame.bytes, frame.descriptors));
        auto packet = TRY(reply_to(Request::spec.id, serial));
        return within(Request::spec.name,
                      protocol::decode<typename Request::Reply>(packet.bytes, packet.descriptors));
    }

    // The heads of audit log and ledger, and troubles. Asks the broker only if they may have
    // changed by what this worker received, or the last answer is older than `most`.
    Result<protocol::HostStateReply> host_state(std::chrono::seconds most = kStateKept);

    // Which process owns which socket. Asked for at most every ten seconds; callers in between
    // share one answer.
    Result<std::shared_ptr<const SocketOwners>> socket_owners();

    Result<FileSystems> file_systems(const NameFilter& mounts);

    // Opens the file that the setting of this key names, as it is now.
    Result<OpenedFile> open_named(std::string_view key);

    // Waits for the first frame of all: Setup, or ReadConfig.
    template <class First>
    Result<First> receive_first() {
        auto packet = TRY(receive());
        const auto header = TRY(protocol::decode_header(packet.bytes));
        if (header.id != First::spec.id) {
            return fail("the broker did not begin with " + std::string(First::spec.name));
        }
        auto first = TRY(protocol::decode<First>(packet.bytes, packet.descriptors));
        TRY(sys::set_nonblocking(channel_.descriptor(), true));
        return first;
    }
    // One event, or nothing if there is none. Called from the event loop when the channel is
    // readable.
    Result<std::optional<link::Packet>> next_event();

    int fd() const { return channel_.fd(); }
    // `tell` is called when call() received an event, and at once if it has done so before:
    // epoll(7) will not report that event again.
    void when_kept(std::function<void()> tell) {
        tell_ = std::move(tell);
        if (!kept_.empty()) tell_();
    }

  private:
    // `bytes` is empty if policy refuses the reading.
    struct Value {
        protocol::ReadingReply reply;
        std::string bytes;
    };
    Result<Value> read_privileged(std::string_view name);
    Result<link::Packet> reply_to(std::uint16_t id, std::uint32_t serial);
    Result<link::Packet> receive();

    link::Channel channel_;
    std::deque<link::Packet> kept_;
    std::function<void()> tell_ = [] {};
    std::uint32_t serial_ = 0;
    std::optional<protocol::HostStateReply> state_;  // empty if anything was received since
    std::chrono::steady_clock::time_point state_asked_{};
    std::shared_ptr<const SocketOwners> owners_;
    std::chrono::steady_clock::time_point owners_asked_{};
};

}  // namespace bulkhead::worker
