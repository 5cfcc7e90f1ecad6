// Whoever has taken the worker over: speaks anything over its end of the channel, confined as the
// worker is.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/link/channel.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/events.hpp"

namespace bulkhead::test {

class Attacker {
  public:
    // Receives Setup from the broker that started this process, and opens every kind of descriptor
    // there is to send: more than a worker taken over later could open for itself.
    static Result<Attacker> create();
    // The worker's own confine(). Whatever comes later is done inside of it.
    Result<> confine() const;

    const protocol::Setup& setup() const { return setup_; }
    // A line "name TAB words" for the test.
    void report(std::string_view name, std::string_view words) const;

    // --- frames. Waits while the queue is full.
    void send(ByteView bytes, const std::vector<int>& descriptors = {}) const;
    // The next reply in words: "admitted", a reason, "hello", "head"; events are passed over.
    // When the broker closes the channel there is no more to do: waits to be killed. Its pings are
    // answered whenever something is awaited of it.
    std::string answer();
    // What `answer()` said last, in full.
    const protocol::StartReply& started() const { return started_; }
    // The first file that was opened for it; -1 if there was none.
    int opened() const { return opened_.get(); }

    template <class Request>
    std::string ask(const Request& request) {
        const auto frame = protocol::encode(Request::spec.id, ++serial_, request).value();
        send(frame.bytes, frame.descriptors);
        return answer();
    }

    // --- moments
    // Says Hello, and acknowledges what earlier workers left, so that there is room for more.
    void greet();
    // Starts the catalogue job `name`, of a delivery of its own if none is given; the reply's
    // words. Keeps its pipes and reads nothing.
    std::string run(std::string_view name, std::string_view delivery = "");
    // Until the job that was started last has said something, or ended.
    void wait_for_output() const;
    // Until the broker says that this job has ended, or that it will stop.
    void wait_for_end(JobNumber number);
    bool has_ended(JobNumber number) const;
    void wait_for_shutdown();

    // --- descriptors, by kind; -1 if this kernel has none of that kind
    int descriptor(std::string_view kind) const;
    // Closes it here: the broker may then have the last one.
    void forget(std::string_view kind) { kinds_.erase(std::string(kind)); }
    int channel() const { return channel_.fd(); }

  private:
    Attacker(link::Channel channel, protocol::Setup setup)
        : channel_(std::move(channel)), setup_(std::move(setup)) {}
    link::Packet next();
    std::uint16_t next_id();
    void keep(std::string_view kind, int fd) { kinds_.emplace(kind, fd); }
    void collect();
    void collect_memory();

    link::Channel channel_;
    protocol::Setup setup_;
    sys::Fd findings_;
    std::map<std::string, sys::Fd, std::less<>> kinds_;
    std::vector<sys::Fd> pipes_;
    std::vector<protocol::JobExited> ended_;
    protocol::StartReply started_;
    sys::Fd opened_;
    std::uint32_t serial_ = 0;
};

// The site's policy lets a worker connect to it on the loopback address. Nobody listens there
// unless a test does.
inline constexpr std::uint16_t kPortOfTheSite = 4444;

// A memfd of `size` zeros after `content`, with these seals; -1 when the kernel refuses.
int memory(std::string_view content, int seals, std::uint64_t size = 0, unsigned flags = 0);
inline constexpr int kAllSeals = 0x000f;  // SEAL, SHRINK, GROW, WRITE of fcntl(2)

}  // namespace bulkhead::test
