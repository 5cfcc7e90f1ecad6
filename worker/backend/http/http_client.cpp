#include "worker/backend/http/http_client.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <unordered_map>

#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "worker/backend/http/http_transfer.hpp"
#include "worker/backend/http/resolver.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kIdleTransfers = 4;

std::uint32_t events_of(int what) {
    switch (what) {
        case CURL_POLL_IN:
            return EPOLLIN;
        case CURL_POLL_OUT:
            return EPOLLOUT;
        default:
            return EPOLLIN | EPOLLOUT;
    }
}

int action_of(std::uint32_t events) {
    int action = 0;
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) action |= CURL_CSELECT_IN;
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) action |= CURL_CSELECT_OUT;
    return action;
}

std::optional<std::chrono::seconds> clock_ahead_of(CURL* transfer) {
    curl_header* field = nullptr;
    if (curl_easy_header(transfer, "Date", 0, CURLH_HEADER, -1, &field) != CURLHE_OK) return {};
    const auto shown = curl_getdate(field->value, nullptr);
    if (shown < 0) return {};
    return sys::now().time_since_epoch() - std::chrono::seconds(shown);
}

std::optional<HttpPeer> peer_of(CURL* transfer) {
    const char* ip = nullptr;
    long port = 0;
    curl_easy_getinfo(transfer, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(transfer, CURLINFO_PRIMARY_PORT, &port);
    if (ip == nullptr || *ip == '\0' || port <= 0) return std::nullopt;
    return HttpPeer{ip, static_cast<std::uint16_t>(port)};
}

// Marks the bytes of each occurrence of `secret`, also of those that overlap.
void mark(const std::string& text, const std::string& secret, std::string& marks) {
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + 1)) {
        marks.replace(at, secret.size(), secret.size(), '*');
    }
}

// All at once, since "[secret]" may hold a secret too.
std::string without_marked(const std::string& text, const std::string& marks) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (marks[i] != '*') {
            out += text[i];
        } else if (i == 0 || marks[i - 1] != '*') {
            out += "[secret]";
        }
    }
    return out;
}

// Each secret as it is, as quoted() writes it, and as it stands in a URL. Values of fewer than 4
// bytes are not hidden: they occur in ordinary words.
std::vector<Secret> forms_of(const std::vector<Secret>& secrets) {
    constexpr std::size_t kLeast = 4;
    std::vector<Secret> forms;
    for (const auto& secret : secrets) {
        const auto& text = secret.reveal();
        if (text.size() < kLeast) continue;
        forms.push_back(secret);
        for (auto form : {quoted(text, text.size()), percent_encoded(text)}) {
            if (form != text) forms.emplace_back(std::move(form));
        }
    }
    return forms;
}

}  // namespace

// Drives one curl multi handle by the event loop (libcurl-multi(3), "multi_socket"): libcurl names
// the descriptors and the timeout it waits for, and the loop reports when they are due.
class HttpClient::Engine : SocketWatcher {
  public:
    Engine(sys::Loop& loop, HttpSettings settings) : loop_(loop) {
        replace_settings(std::move(settings));
    }
    ~Engine() override;

    Result<> start();
    RequestId send(HttpRequest request, OnAnswer answered);
    RequestId connect(const std::string& server, std::string setting, OnConnected connected);
    void cancel(RequestId id);
    std::size_t pending() const { return active_.size() + not_begun_.size(); }
    const std::optional<HttpPeer>& peer() const { return peer_; }
    std::optional<std::chrono::seconds> clock_ahead() const { return clock_ahead_; }
    void use_client_certificate(std::string certificate_pem, Secret key_pem);
    void use_proxy_login(Secret login);
    void redact(const std::vector<Secret>& secrets);
    void hide_secrets(std::string& text) const;

  private:
    struct Socket {
        bool network = false;          // made by opened(), so closing() will be called
        bool wanted = false;           // libcurl waits for it on behalf of a request
        std::uint32_t registered = 0;  // the epoll(7) events that the loop watches; 0: not watched
    };
    struct Finished {
        RequestId id;
        CURLcode code;
    };

    void opened(int fd) override;
    void closing(int fd) override;
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
    static int on_timer(CURLM*, long milliseconds, void* self);

    void want(int fd, int what);
    void ready(int fd, std::uint32_t events);
    Result<std::unique_ptr<Transfer>> take_transfer();
    void retire(std::unique_ptr<Transfer> transfer);
    void replace_settings(HttpSettings settings);
    using Prepare = std::function<Result<>(Transfer&)>;
    RequestId start(const Prepare& prepare, OnAnswer answered, OnConnected connected);
    Result<> begin(std::unique_ptr<Transfer>& transfer, const Prepare& prepare);
    void act(curl_socket_t fd, int action);
    void collect();
    void forget_released();
    void deliver();
    void deliver_soon();
    CURLM* new_multi();
    void close_kept();

    sys::Loop& loop_;
    std::shared_ptr<const HttpSettings> settings_;
    std::vector<Secret> secrets_;
    std::vector<Secret> login_secrets_;  // of the proxy's login
    CURLSH* share_ = nullptr;
    CURLM* multi_ = nullptr;
    std::unordered_map<int, Socket> sockets_;
    std::vector<int> released_;  // no longer wanted; for forget_released()
    std::vector<int> kept_;      // connections whose request succeeded
    std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> active_;
    std::vector<std::unique_ptr<Transfer>> idle_;
    std::deque<Finished> finished_;
    // Requests that could not begin, with the reason.
    std::deque<std::pair<RequestId, std::pair<OnAnswer, Error>>> not_begun_;
    std::optional<HttpPeer> peer_;
    std::optional<std::chrono::seconds> clock_ahead_;
    std::optional<sys::TimerId> timer_;     // libcurl's timeout
    std::optional<sys::TimerId> delivery_;  // the next deliver()
    std::optional<sys::TimerId> idle_end_;  // close_kept(), while no request is under way
    bool due_now_ = false;                  // libcurl's timeout is 0
    std::uint64_t next_id_ = 1;
};

HttpClient::Engine::~Engine() {
    for (auto& [id, transfer] : active_) curl_multi_remove_handle(multi_, transfer->handle());
    active_.clear();
    idle_.clear();
    // This closes the kept connections and calls closing() for each.
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
    if (share_ != nullptr) curl_share_cleanup(share_);
    if (timer_) loop_.cancel(*timer_);
    if (delivery_) loop_.cancel(*delivery_);
    if (idle_end_) loop_.cancel(*idle_end_);
    for (const auto& [fd, socket] : sockets_) {
        if (socket.registered != 0) loop_.forget(fd);
    }
}

Result<> HttpClient::Engine::start() {
    share_ = curl_share_init();
    multi_ = new_multi();
    if (share_ == nullptr || multi_ == nullptr) return fail("libcurl: no memory");
    // Session tickets are kept in memory, so that a new connection resumes a TLS session (RFC 8446,
    // 2.2) and saves a full handshake.
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    idle_.push_back(TRY(take_transfer()));  // an option that libcurl refuses is an error at start
    return {};
}

// Null without memory.
CURLM* HttpClient::Engine::new_multi() {
    auto* multi = curl_multi_init();
    if (multi == nullptr) return nullptr;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      static_cast<long>(settings_->max_connections));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(settings_->kept_connections));
    return multi;
}

// Closes all kept connections, which libcurl does only with its multi handle. While a request is
// under way nothing is closed here: libcurl closes ended connections when it looks for one.
void HttpClient::Engine::close_kept() {
    if (pending() > 0) return;
    auto* fresh = new_multi();
    if (fresh == nullptr) return;
    curl_multi_cleanup(std::exchange(multi_, fresh));  // calls closing() for each
}

Result<std::unique_ptr<Transfer>> HttpClient::Engine::take_transfer() {
    if (idle_.empty()) return Transfer::create(settings_, share_, *this);
    auto transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
}

void HttpClient::Engine::retire(std::unique_ptr<Transfer> transfer) {
    const bool current = &transfer->settings() == settings_.get();
    if (current && idle_.size() < kIdleTransfers) idle_.push_back(std::move(transfer));
}

RequestId HttpClient::Engine::send(HttpRequest request, OnAnswer answered) {
    return start([&](Transfer& transfer) { return transfer.prepare(std::move(request)); },
                 std::move(answered), nullptr);
}

RequestId HttpClient::Engine::connect(const std::string& server, std::string setting,
                                      OnConnected connected) {
    return start(
        [&](Transfer& transfer) { return transfer.prepare_connection(server, std::move(setting)); },
        nullptr, std::move(connected));
}

RequestId HttpClient::Engine::start(const Prepare& prepare, OnAnswer answered,
                                    OnConnected connected) {
    const RequestId id{next_id_++};
    if (idle_end_) loop_.cancel(*std::exchange(idle_end_, std::nullopt));
    std::unique_ptr<Transfer> transfer;
    if (const auto begun = begin(transfer, prepare); !begun) {
        if (transfer) retire(std::move(transfer));
        if (connected) {
            answered = [connected = std::move(connected)](Result<HttpAnswer> answer) {
                connected(std::unexpected(answer.error()));
            };
        }
        not_begun_.push_back({id, {std::move(answered), begun.error()}});
        deliver_soon();
        return id;
    }
    transfer->id = id;
    transfer->answered = std::move(answered);
    transfer->on_socket = std::move(connected);
    active_.emplace(id.value, std::move(transfer));
    // libcurl takes the first step now: on a kept connection it sends the request at once.
    act(CURL_SOCKET_TIMEOUT, 0);
    if (!finished_.empty()) deliver_soon();
    return id;
}

Result<> HttpClient::Engine::begin(std::unique_ptr<Transfer>& transfer, const Prepare& prepare) {
    transfer = TRY(take_transfer());
    TRY(prepare(*transfer));
    const auto code = curl_multi_add_handle(multi_, transfer->handle());
    if (code != CURLM_OK) return fail("libcurl: " + std::string(curl_multi_strerror(code)));
    return {};
}

void HttpClient::Engine::cancel(RequestId id) {
    std::erase_if(not_begun_, [id](const auto& entry) { return entry.first == id; });
    std::erase_if(finished_, [id](const Finished& entry) { return entry.id == id; });
    const auto found = active_.find(id.value);
    if (found == active_.end()) return;
    auto transfer = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, transfer->handle());
    forget_released();
    transfer->abandon();
    transfer->answered = nullptr;
    transfer->on_socket = nullptr;
    transfer->socket.reset();
    retire(std::move(transfer));
}

void HttpClient::Engine::use_client_certificate(std::string certificate_pem, Secret key_pem) {
    // libcurl uses a kept connection again only if it was made with the same certificate.
    auto settings = *settings_;
    settings.client_certificate_pem = std::move(certificate_pem);
    settings.client_key_pem = std::move(key_pem);
    replace_settings(std::move(settings));
}

void HttpClient::Engine::use_proxy_login(Secret login) {
    auto settings = *settings_;
    settings.proxy.login = std::move(login);
    replace_settings(std::move(settings));
}

void HttpClient::Engine::replace_settings(HttpSettings settings) {
    login_secrets_ = forms_of(secrets_of_proxy_login(settings.proxy.login));
    settings_ = std::make_shared<const HttpSettings>(std::move(settings));
    idle_.clear();  // idle transfers have the old ones
}

void HttpClient::Engine::redact(const std::vector<Secret>& secrets) {
    secrets_ = forms_of(secrets);
}

void HttpClient::Engine::hide_secrets(std::string& text) const {
    std::string marks(text.size(), ' ');
    for (const auto* list : {&secrets_, &login_secrets_}) {
        for (const auto& secret : *list) mark(text, secret.reveal(), marks);
    }
    text = without_marked(text, marks);
}

int HttpClient::Engine::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Engine*>(self)->want(fd, what);
    return 0;
}

void HttpClient::Engine::want(int fd, int what) {
    auto& socket = sockets_[fd];
    socket.wanted = what != CURL_POLL_REMOVE;
    if (!socket.wanted) return released_.push_back(fd);
    const auto events = events_of(what);
    if (socket.registered == events) return;
    const auto watched = loop_.watch(fd, events, [this, fd](std::uint32_t now) { ready(fd, now); });
    socket.registered = watched ? events : 0;
}

// The loop keeps watching a kept connection between two requests, although libcurl does not wait
// for it then: that saves two calls of epoll_ctl(2) a request, and ready() handles an event in
// between. Every other socket that libcurl has released is removed from the loop at once, because
// libcurl closes the resolver's sockets and unconnected ones without calling closing(), and the
// kernel gives their descriptor numbers to new files.
void HttpClient::Engine::forget_released() {
    for (const int fd : released_) {
        const auto found = sockets_.find(fd);
        if (found == sockets_.end() || found->second.wanted) continue;
        auto& socket = found->second;
        if (socket.network && std::ranges::find(kept_, fd) != kept_.end()) continue;
        if (socket.registered != 0) loop_.forget(fd);
        socket.registered = 0;
        if (!socket.network) sockets_.erase(found);
    }
    released_.clear();
    kept_.clear();
}

void HttpClient::Engine::ready(int fd, std::uint32_t events) {
    auto& socket = sockets_[fd];
    if (!socket.wanted) {
        // The peer closed the connection between two requests, or sent data that no request asked
        // for. Left open it would stay in CLOSE_WAIT (tcp(7)) until the next request.
        loop_.forget(fd);
        socket.registered = 0;
        return close_kept();
    }
    act(fd, action_of(events));
    deliver();
}

void HttpClient::Engine::opened(int fd) {
    closing(fd);  // drops the state of an earlier socket with this descriptor number
    sockets_[fd].network = true;
}

void HttpClient::Engine::closing(int fd) {
    const auto found = sockets_.find(fd);
    if (found == sockets_.end()) return;
    if (found->second.registered != 0) loop_.forget(fd);
    sockets_.erase(found);
}

int HttpClient::Engine::on_timer(CURLM*, long milliseconds, void* self) {
    auto& engine = *static_cast<Engine*>(self);
    if (engine.timer_) engine.loop_.cancel(*std::exchange(engine.timer_, std::nullopt));
    engine.due_now_ = milliseconds == 0;  // act() calls libcurl again without a turn of the loop
    if (milliseconds <= 0) return 0;
    engine.timer_ = engine.loop_.after(std::chrono::milliseconds(milliseconds), [&engine] {
        engine.timer_.reset();
        engine.act(CURL_SOCKET_TIMEOUT, 0);
        engine.deliver();
    });
    return 0;
}

void HttpClient::Engine::act(curl_socket_t fd, int action) {
    int running = 0;
    due_now_ = false;
    curl_multi_socket_action(multi_, fd, action, &running);
    // At most 8 further steps follow at once. If libcurl asks for more, it waits for a timer, so
    // that other users of the loop are served.
    for (int steps = 0; due_now_ && steps < 8; ++steps) {
        due_now_ = false;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    if (due_now_) on_timer(multi_, 1, this);
    collect();
    forget_released();
}

void HttpClient::Engine::collect() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        finished_.push_back({Transfer::of(message->easy_handle).id, message->data.result});
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(message->easy_handle, CURLINFO_ACTIVESOCKET, &fd);
        if (message->data.result != CURLE_OK) continue;
        if (auto& transfer = Transfer::of(message->easy_handle); transfer.on_socket) {
            // libcurl closes its own descriptor when the handle is removed.
            transfer.socket = sys::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
            continue;
        }
        if (fd != CURL_SOCKET_BAD) kept_.push_back(fd);
        if (auto peer = peer_of(message->easy_handle)) peer_ = std::move(peer);
        if (const auto ahead = clock_ahead_of(message->easy_handle)) clock_ahead_ = ahead;
    }
}

void HttpClient::Engine::deliver_soon() {
    if (delivery_) return;
    delivery_ = loop_.after(std::chrono::milliseconds(0), [this] {
        delivery_.reset();
        deliver();
    });
}

// Delivers the answers that are there when it is called. An answer may lead to another request, and
// a backend on this host can answer that one before send() returns: such an answer waits for the
// next turn of the loop, so that its other users are served.
void HttpClient::Engine::deliver() {
    for (auto left = not_begun_.size(); left > 0 && !not_begun_.empty(); --left) {
        auto [answered, error] = std::move(not_begun_.front().second);
        not_begun_.pop_front();
        answered(std::unexpected(std::move(error)));
    }
    for (auto left = finished_.size(); left > 0 && !finished_.empty(); --left) {
        const auto [id, code] = finished_.front();
        finished_.pop_front();
        auto transfer = std::move(active_.extract(id.value).mapped());
        curl_multi_remove_handle(multi_, transfer->handle());
        auto answer = transfer->finish(code);
        if (!answer) hide_secrets(answer.error().what);
        if (answer && answer->status >= 300) {
            hide_secrets(answer->body);
            hide_secrets(answer->location);
        }
        if (answer) hide_secrets(answer->oddity);
        const auto answered = std::exchange(transfer->answered, nullptr);
        const auto connected = std::exchange(transfer->on_socket, nullptr);
        auto socket = std::exchange(transfer->socket, sys::Fd());
        retire(std::move(transfer));
        if (answered) {
            answered(std::move(answer));
        } else if (!answer) {
            connected(std::unexpected(std::move(answer.error())));
        } else if (!socket) {
            connected(fail("no descriptor is left for a connection"));
        } else {
            connected(std::move(socket));
        }
    }
    if (!finished_.empty() || !not_begun_.empty()) deliver_soon();
    if (pending() > 0 || idle_end_) return;
    idle_end_ = loop_.after(settings_->kept_for, [this] {
        idle_end_.reset();
        close_kept();
    });
}

Result<> HttpClient::prepare() {
    // With CURLOPT_NOSIGNAL the program has to ignore SIGPIPE itself (CURLOPT_NOSIGNAL(3)).
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return sys::fail_errno("ignore SIGPIPE");
    const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) return fail("libcurl: " + std::string(curl_easy_strerror(code)));
    return load_resolver_modules();
}

Result<HttpClient> HttpClient::create(sys::Loop& loop, HttpSettings settings) {
    const auto url = TRY(parse_backend_url(settings.base_url, settings.allow_plaintext));
    settings.base_url = url.text();
    auto engine = std::make_unique<Engine>(loop, std::move(settings));
    TRY(engine->start());
    return HttpClient(std::move(engine));
}

HttpClient::HttpClient(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

RequestId HttpClient::send(HttpRequest request, OnAnswer answered) {
    return engine_->send(std::move(request), std::move(answered));
}
RequestId HttpClient::connect(std::string_view host, std::uint16_t port, std::string setting,
                              OnConnected connected) {
    const bool six = host.find(':') != host.npos;
    const auto server =
        (six ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
    return engine_->connect(server, std::move(setting), std::move(connected));
}
void HttpClient::cancel(RequestId id) { engine_->cancel(id); }
std::size_t HttpClient::pending() const { return engine_->pending(); }
std::optional<HttpPeer> HttpClient::peer() const { return engine_->peer(); }

std::optional<std::chrono::seconds> HttpClient::clock_ahead() const {
    return engine_->clock_ahead();
}
void HttpClient::use_client_certificate(std::string certificate_pem, Secret key_pem) {
    engine_->use_client_certificate(std::move(certificate_pem), std::move(key_pem));
}
void HttpClient::use_proxy_login(Secret login) { engine_->use_proxy_login(std::move(login)); }
void HttpClient::redact(const std::vector<Secret>& secrets) { engine_->redact(secrets); }
void HttpClient::hide_secrets(std::string& text) const { engine_->hide_secrets(text); }

}  // namespace bulkhead::worker
