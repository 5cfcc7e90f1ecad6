#include "worker/backend/http/http_client.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <unordered_map>

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

void hide(std::string& text, const std::string& secret) {
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
        text.replace(at, secret.size(), "[secret]");
    }
}

}  // namespace

// libcurl says which descriptors and which deadline it waits for; the loop says when they are due.
class HttpClient::Engine : SocketWatcher {
  public:
    Engine(sys::Loop& loop, HttpSettings settings)
        : loop_(loop), settings_(std::make_shared<const HttpSettings>(std::move(settings))) {}
    ~Engine() override;

    Result<> start();
    RequestId send(HttpRequest request, OnAnswer answered);
    void cancel(RequestId id);
    std::size_t pending() const { return active_.size() + stillborn_.size(); }
    void show(std::string certificate_pem, Secret key_pem);
    void conceal(std::vector<Secret> secrets);
    void hide_secrets(std::string& text) const;

  private:
    struct Socket {
        bool network = false;          // libcurl tells us when it closes this one
        bool wanted = false;           // a request waits for it
        std::uint32_t registered = 0;  // what the loop watches it for
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
    Result<> begin(std::unique_ptr<Transfer>& transfer, HttpRequest request);
    void act(curl_socket_t fd, int action);
    void collect();
    void settle();
    void deliver();
    void deliver_soon();

    sys::Loop& loop_;
    std::shared_ptr<const HttpSettings> settings_;
    std::vector<Secret> concealed_;
    CURLSH* share_ = nullptr;
    CURLM* multi_ = nullptr;
    std::unordered_map<int, Socket> sockets_;
    std::vector<int> released_;  // no longer wanted; settle() decides
    std::vector<int> kept_;      // their request succeeded
    std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> active_;
    std::vector<std::unique_ptr<Transfer>> idle_;
    std::deque<Finished> finished_;
    // Requests that could not even begin.
    std::deque<std::pair<RequestId, std::pair<OnAnswer, Error>>> stillborn_;
    std::optional<sys::TimerId> timer_;
    std::optional<sys::TimerId> delivery_;
    bool due_now_ = false;
    std::uint64_t next_id_ = 1;
};

HttpClient::Engine::~Engine() {
    for (auto& [id, transfer] : active_) curl_multi_remove_handle(multi_, transfer->handle());
    active_.clear();
    idle_.clear();
    // Closes the kept connections, and forgets each socket on the way.
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
    if (share_ != nullptr) curl_share_cleanup(share_);
    if (timer_) loop_.cancel(*timer_);
    if (delivery_) loop_.cancel(*delivery_);
    for (const auto& [fd, socket] : sockets_) {
        if (socket.registered != 0) loop_.forget(fd);
    }
}

Result<> HttpClient::Engine::start() {
    share_ = curl_share_init();
    multi_ = curl_multi_init();
    if (share_ == nullptr || multi_ == nullptr) return fail("libcurl: no memory");
    // Session tickets in memory: a new connection resumes instead of a whole handshake.
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      static_cast<long>(settings_->max_connections));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(settings_->kept_connections));
    idle_.push_back(TRY(take_transfer()));  // so that an option libcurl refuses shows at start
    return {};
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
    const RequestId id{next_id_++};
    std::unique_ptr<Transfer> transfer;
    if (const auto begun = begin(transfer, std::move(request)); !begun) {
        if (transfer) retire(std::move(transfer));
        stillborn_.push_back({id, {std::move(answered), begun.error()}});
        deliver_soon();
        return id;
    }
    transfer->id = id;
    transfer->answered = std::move(answered);
    active_.emplace(id.value, std::move(transfer));
    // The first step is taken now: on a kept connection the request goes out at once.
    act(CURL_SOCKET_TIMEOUT, 0);
    if (!finished_.empty()) deliver_soon();
    return id;
}

Result<> HttpClient::Engine::begin(std::unique_ptr<Transfer>& transfer, HttpRequest request) {
    transfer = TRY(take_transfer());
    TRY(transfer->prepare(std::move(request)));
    const auto code = curl_multi_add_handle(multi_, transfer->handle());
    if (code != CURLM_OK) return fail("libcurl: " + std::string(curl_multi_strerror(code)));
    return {};
}

void HttpClient::Engine::cancel(RequestId id) {
    std::erase_if(stillborn_, [id](const auto& entry) { return entry.first == id; });
    std::erase_if(finished_, [id](const Finished& entry) { return entry.id == id; });
    const auto found = active_.find(id.value);
    if (found == active_.end()) return;
    auto transfer = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, transfer->handle());
    settle();
    transfer->abandon();
    transfer->answered = nullptr;
    retire(std::move(transfer));
}

void HttpClient::Engine::show(std::string certificate_pem, Secret key_pem) {
    auto settings = *settings_;
    settings.client_certificate_pem = std::move(certificate_pem);
    settings.client_key_pem = std::move(key_pem);
    settings_ = std::make_shared<const HttpSettings>(std::move(settings));
    // Kept connections were made with the old one: libcurl compares the certificate and opens
    // others.
    idle_.clear();
}

void HttpClient::Engine::conceal(std::vector<Secret> secrets) {
    // What is shorter is no secret, and would tear every text apart.
    constexpr std::size_t kLeast = 4;
    std::erase_if(secrets, [](const Secret& one) { return one.reveal().size() < kLeast; });
    concealed_ = std::move(secrets);
}

void HttpClient::Engine::hide_secrets(std::string& text) const {
    for (const auto& secret : concealed_) hide(text, secret.reveal());
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

// Between two requests libcurl does not wait for a kept connection, but the loop goes on watching
// it: that saves two system calls a request, and the rare event meanwhile is dealt with in ready().
// Every other socket is forgotten at once: libcurl closes those that never were connected, and the
// resolver's, without a word, and somebody else will get their number.
void HttpClient::Engine::settle() {
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
        // The peer said something, or good-bye, while nobody listens: the next request will see it.
        loop_.forget(fd);
        socket.registered = 0;
        return;
    }
    act(fd, action_of(events));
    deliver();
}

void HttpClient::Engine::opened(int fd) {
    closing(fd);  // whoever had this number before
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
    engine.due_now_ = milliseconds == 0;  // act() sees to it, without a turn of the loop
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
    // A handful of steps follow at once; should libcurl ask for ever more, others get their turn.
    for (int steps = 0; due_now_ && steps < 8; ++steps) {
        due_now_ = false;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    if (due_now_) on_timer(multi_, 1, this);
    collect();
    settle();
}

void HttpClient::Engine::collect() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        finished_.push_back({Transfer::of(message->easy_handle).id, message->data.result});
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(message->easy_handle, CURLINFO_ACTIVESOCKET, &fd);
        if (message->data.result == CURLE_OK && fd != CURL_SOCKET_BAD) kept_.push_back(fd);
    }
}

void HttpClient::Engine::deliver_soon() {
    if (delivery_) return;
    delivery_ = loop_.after(std::chrono::milliseconds(0), [this] {
        delivery_.reset();
        deliver();
    });
}

// Only what is there now: an answer may lead to the next request, and a near backend can answer
// that one before send() returns; the loop's other users get their turn in between.
void HttpClient::Engine::deliver() {
    for (auto left = stillborn_.size(); left > 0 && !stillborn_.empty(); --left) {
        auto [answered, error] = std::move(stillborn_.front().second);
        stillborn_.pop_front();
        answered(std::unexpected(std::move(error)));
    }
    for (auto left = finished_.size(); left > 0 && !finished_.empty(); --left) {
        const auto [id, code] = finished_.front();
        finished_.pop_front();
        auto transfer = std::move(active_.extract(id.value).mapped());
        curl_multi_remove_handle(multi_, transfer->handle());
        auto answer = transfer->finish(code);
        if (answer && answer->status >= 300) {
            hide_secrets(answer->body);
            hide_secrets(answer->location);
        }
        const auto answered = std::exchange(transfer->answered, nullptr);
        retire(std::move(transfer));
        answered(std::move(answer));
    }
    if (!finished_.empty() || !stillborn_.empty()) deliver_soon();
}

Result<> HttpClient::prepare() {
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us.
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
void HttpClient::cancel(RequestId id) { engine_->cancel(id); }
std::size_t HttpClient::pending() const { return engine_->pending(); }
void HttpClient::show(std::string certificate_pem, Secret key_pem) {
    engine_->show(std::move(certificate_pem), std::move(key_pem));
}
void HttpClient::conceal(std::vector<Secret> secrets) { engine_->conceal(std::move(secrets)); }
void HttpClient::hide_secrets(std::string& text) const { engine_->hide_secrets(text); }

}  // namespace bulkhead::worker
