#include "worker/backend/nats/nats_connection.hpp"

#include <string.h>
#include <sys/epoll.h>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr unsigned kReadsAtOnce = 16;
constexpr std::size_t kMostPongsDue = 1'024;
constexpr unsigned kMostUnconfirmed = 2;  // pings

// Forgets and frees: CONNECT may hold a credential.
void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());
    text = {};
}

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

}  // namespace

NatsConnection::NatsConnection(sys::Loop& loop, HttpClient& client, NatsSettings settings,
                               Callbacks callbacks)
    : loop_(loop),
      client_(client),
      settings_(std::move(settings)),
      callbacks_(std::move(callbacks)) {}

void NatsConnection::open(NatsTrust trust, NatsLogin login) {
    if (state_ != State::closed) return;
    trust_ = std::move(trust);
    login_ = std::move(login);
    state_ = State::connecting;
    request_ = client_.connect(settings_.url.host, settings_.url.port, "telemetry.url",
                               [this](Result<sys::Fd> socket) {
                                   request_.reset();
                                   on_connected(std::move(socket));
                               });
}

void NatsConnection::close() {
    if (request_) client_.cancel(*std::exchange(request_, std::nullopt));
    loop_.cancel(timer_);
    loop_.cancel(more_);
    if (stream_ && watched_ != 0) loop_.forget(stream_->fd());
    watched_ = 0;
    stream_.reset();
    lines_.clear();
    wipe(out_);
    login_ = {};
    trust_ = {};
    info_ = {};
    received_ = unflushed_ = 0;
    unconfirmed_ = 0;
    flushed_ = {};
    state_ = State::closed;
}

// Everything that can end the connection comes here last, as callbacks_.ended() may open another.
void NatsConnection::end(const Error& error) {
    close();
    callbacks_.ended(error);
}

void NatsConnection::on_connected(Result<sys::Fd> socket) {
    if (!socket) return end(socket.error());
    stream_.emplace(*std::move(socket));
    state_ = State::greeting;
    arm_deadline();
    watch();
}

void NatsConnection::arm_deadline() {
    timer_ = loop_.after(settings_.timeout, [this] {
        const auto place = settings_.url.place();
        if (state_ == State::greeting) {
            return end({.what = place + " greets with no INFO; is it a NATS server, and one that "
                                        "does not begin with TLS (handshake_first)? See "
                                        "telemetry.url"});
        }
        end({.what = "the NATS server at " + place + " answered nothing within " +
                     std::to_string(settings_.timeout.count()) + " ms"});
    });
}

void NatsConnection::watch() {
    const std::uint32_t events = stream_->wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (events == watched_) return;
    const auto done =
        loop_.watch(stream_->fd(), events, [this](std::uint32_t now) { on_ready(now); });
    if (!done) return end(done.error());
    watched_ = events;
}

void NatsConnection::on_ready(std::uint32_t) {
    auto done = state_ == State::handshake ? shake_hands() : receive();
    // A callback may have closed the connection, or opened another one.
    if (state_ == State::closed || state_ == State::connecting) return;
    if (done) done = write();
    if (!done) return end(done.error());
    watch();
}

Result<> NatsConnection::shake_hands() {
    if (TRY(stream_->handshake())) return log_in();
    return {};
}

Result<> NatsConnection::receive() {
    for (unsigned reads = 0; reads < kReadsAtOnce; ++reads) {
        const auto bytes = TRY(stream_->read());
        if (bytes.empty()) return {};
        silent_ = false;
        received_ += bytes.size();
        if (received_ > kMostReceived) {
            return fail(settings_.url.place() +
                        " sends more than a NATS server has to tell to one that publishes");
        }
        TRY(within(settings_.url.place(), lines_.add(bytes)));
        while (const auto line = lines_.next()) {
            TRY(take(TRY(within(settings_.url.place(), parse_nats_line(*line)))));
            if (state_ == State::closed || state_ == State::connecting) return {};
            if (state_ != State::handshake) continue;
            // What stands behind INFO in plain text anybody may have written.
            if (!lines_.empty()) return fail("the server sent more than INFO before TLS");
            return shake_hands();
        }
    }
    // TLS may hold bytes that no event tells of.
    loop_.cancel(more_);
    more_ = loop_.after({}, [this] {
        if (state_ >= State::login) on_ready(EPOLLIN);
    });
    return {};
}

Result<> NatsConnection::take(const NatsOperation& operation) {
    const bool greets = std::holds_alternative<NatsInfo>(operation);
    if (state_ == State::greeting && !greets && !std::holds_alternative<NatsRefusal>(operation)) {
        return fail(settings_.url.place() + " does not greet with INFO");
    }
    return std::visit(
        Overloaded{[this](const NatsInfo& info) { return take_info(info); },
                   [this](const NatsPing&) -> Result<> {
                       if (out_.size() >= kMostUnsent) return fail("the server reads nothing");
                       out_ += "PONG\r\n";
                       return {};
                   },
                   [this](const NatsPong&) -> Result<> { return take_pong(); },
                   [](const NatsOk&) -> Result<> { return {}; },
                   [this](const NatsRefusal& refusal) { return take_refusal(refusal.text); }},
        operation);
}

Result<> NatsConnection::take_pong() {
    if (state_ < State::login || flushed_.empty()) return fail("the server sent a PONG unasked");
    const auto publications = flushed_.front();
    flushed_.pop_front();
    unconfirmed_ = 0;
    if (state_ == State::ready) {
        if (publications > 0) callbacks_.confirmed(publications);
        return {};
    }
    state_ = State::ready;
    loop_.cancel(timer_);
    silent_ = false;
    timer_ = loop_.after(settings_.ping_interval, [this] { ping(); });
    callbacks_.ready();
    return {};
}

// A cluster sends INFO again when servers come and go; of those nothing is used but the bound.
Result<> NatsConnection::take_info(const NatsInfo& info) {
    info_ = info;
    if (state_ != State::greeting) return {};
    const auto& url = settings_.url;
    const bool offers = info.tls_required || info.tls_available;
    if (url.tls && !offers) {
        return fail(url.place() +
                    " offers no TLS, so nothing is sent to it: either it has none (see tls of the "
                    "server), or someone on the way took the offer out of its greeting, which "
                    "nothing protects");
    }
    if (url.tls || info.tls_required) return begin_tls();
    return log_in();
}

Result<> NatsConnection::begin_tls() {
    TRY(stream_->begin_tls(settings_.url, trust_));
    state_ = State::handshake;
    return {};
}

Result<> NatsConnection::log_in() {
    auto line = TRY(connect_line(info_, login_, settings_.who, stream_->in_tls()));
    state_ = State::login;
    out_ += line.reveal();
    out_ += "PING\r\n";
    flushed_.push_back(0);
    return {};
}

Result<> NatsConnection::take_refusal(const std::string& text) {
    const auto said = quoted(text);
    if (state_ == State::ready && text.starts_with("Permissions Violation")) {
        callbacks_.refused("the server refuses what is published (" + said +
                           "); permit this user to publish there, or see telemetry.subject");
        return {};
    }
    if (text.find("Authorization") != text.npos || text.find("Authentication") != text.npos) {
        const auto advice =
            login_.setting.empty()
                ? std::string("; give it a login: telemetry.nkey_seed_file or another")
                : "; have it known there, or see " + login_.setting + " of agent.yaml";
        return fail(settings_.url.place() + " does not accept " + login_.in_words() + " (" + said +
                    ")" + advice);
    }
    return fail(settings_.url.place() + " refuses: " + said);
}

Result<> NatsConnection::write() {
    if (state_ == State::handshake) return {};
    std::size_t sent = 0;
    while (sent < out_.size()) {
        const auto count = TRY(stream_->write(std::string_view(out_).substr(sent)));
        if (count == 0) break;
        sent += count;
    }
    ::explicit_bzero(out_.data(), sent);
    out_.erase(0, sent);
    if (!out_.empty()) return {};
    if (out_.capacity() > 4'096) out_ = {};
    return {};
}

void NatsConnection::publish(std::string_view subject, std::string_view payload) {
    append_publication(out_, subject, payload);
    ++unflushed_;
}

void NatsConnection::flush() {
    if (!is_ready()) return;
    out_ += "PING\r\n";
    flushed_.push_back(std::exchange(unflushed_, 0));
    if (flushed_.size() > kMostPongsDue) {
        return end({.what = "the server does not confirm what it was sent"});
    }
    if (const auto done = write(); !done) return end(done.error());
    if (stream_) watch();
}

void NatsConnection::ping() {
    if (silent_ && !flushed_.empty()) {
        return end({.what = settings_.url.place() + " has been silent for " +
                            std::to_string(settings_.ping_interval.count()) + " ms"});
    }
    if (unconfirmed_ >= kMostUnconfirmed && !flushed_.empty()) {
        return end({.what = settings_.url.place() + " sends, but confirms nothing of what it was "
                                                    "sent"});
    }
    ++unconfirmed_;
    silent_ = true;
    received_ = 0;
    timer_ = loop_.after(settings_.ping_interval, [this] { ping(); });
    flush();
}

}  // namespace bulkhead::worker
