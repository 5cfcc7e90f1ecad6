// NatsConnection: one connection to a NATS server that is published to, driven by the event loop.
// Bounded in time and memory whatever the server sends.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "common/sys/loop.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/nats/nats_protocol.hpp"
#include "worker/backend/nats/nats_tls.hpp"

namespace bulkhead::worker {

struct NatsSettings {
    NatsUrl url;
    NatsClientName who;
    // From open() to the moment when the server has accepted the login.
    std::chrono::milliseconds timeout = std::chrono::seconds(10);
    // A connection without an answer for so long, up to twice, has ended; one whose server sends
    // and confirms nothing ends after three times.
    std::chrono::milliseconds ping_interval = std::chrono::minutes(1);
};

class NatsConnection {
  public:
    struct Callbacks {
        std::function<void()> ready;  // the server has accepted the login
        // The server has read so many more publications, of one flush().
        std::function<void(std::size_t publications)> confirmed;
        // The server refused a publication ("Permissions Violation ..."); the connection stays.
        std::function<void(const std::string& text)> refused;
        // The connection has ended, or none was made. open() may be called from within.
        std::function<void(const Error&)> ended;
    };

    // No more than so many bytes wait to be written when publish() is called.
    static constexpr std::size_t kMostUnsent = 65'536;
    // More than so many bytes in one ping_interval come from no server that is published to.
    static constexpr std::size_t kMostReceived = 1'048'576;

    // `loop` and `client` outlive it; `client` resolves, connects and knows the proxy.
    NatsConnection(sys::Loop& loop, HttpClient& client, NatsSettings settings, Callbacks callbacks);
    NatsConnection(const NatsConnection&) = delete;
    NatsConnection& operator=(const NatsConnection&) = delete;
    ~NatsConnection() { close(); }

    // Connects, if there is no connection. Neither ready() nor ended() is called from inside.
    void open(NatsTrust trust, NatsLogin login);
    // Ends the connection without a callback.
    void close();

    bool is_ready() const { return state_ == State::ready; }
    bool in_tls() const { return stream_ && stream_->in_tls(); }
    // Of the server that is connected to.
    const NatsInfo& info() const { return info_; }

    // Whether publish() may be called: ready, and not too much waits to be written.
    bool takes() const { return is_ready() && out_.size() < kMostUnsent; }
    // Queues the publication; flush() sends it, and Callbacks::confirmed() says when to go on.
    // `subject` is one that check_nats_subject() accepts, `payload` no larger than
    // info().max_payload.
    void publish(std::string_view subject, std::string_view payload);
    // Sends what was published, and asks the server to confirm that it has read it.
    void flush();

  private:
    enum class State { closed, connecting, greeting, handshake, login, ready };

    void on_connected(Result<sys::Fd> socket);
    void on_ready(std::uint32_t events);
    Result<> shake_hands();
    Result<> receive();
    Result<> take(const NatsOperation& operation);
    Result<> take_pong();
    Result<> take_info(const NatsInfo& info);
    Result<> begin_tls();
    Result<> log_in();
    Result<> take_refusal(const std::string& text);
    Result<> write();
    void watch();
    void arm_deadline();
    void ping();
    void end(const Error& error);

    sys::Loop& loop_;
    HttpClient& client_;
    NatsSettings settings_;
    Callbacks callbacks_;
    NatsTrust trust_;
    NatsLogin login_;
    State state_ = State::closed;
    std::optional<RequestId> request_;
    std::optional<NatsStream> stream_;
    NatsLines lines_;
    NatsInfo info_;
    std::string out_;
    std::uint32_t watched_ = 0;
    std::size_t received_ = 0;         // bytes since the last ping()
    std::size_t unflushed_ = 0;        // publications since the last flush()
    std::deque<std::size_t> flushed_;  // publications of each flush() that has no PONG yet
    bool silent_ = false;              // nothing was received since the last ping()
    unsigned unconfirmed_ = 0;         // calls of ping() since the last PONG
    sys::TimerId more_;                // receive() goes on
    sys::TimerId timer_;               // the deadline of the login, then the next ping()
};

}  // namespace bulkhead::worker
