#include "tests/backend/http_server.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

#include "tests/backend/connection.hpp"

namespace bulkhead::reference {
namespace {

constexpr std::size_t kMaxBody = 64U << 20U;
constexpr std::chrono::minutes kKeepAlive{10};

/// The connection that this thread serves, because cpp-httplib does not pass it to handlers.
thread_local Connection* current = nullptr;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

Call call_of(const httplib::Request& request) {
    Call call{.method = request.method,
              .target = request.target,
              .path = request.target.substr(0, request.target.find('?')),
              .caller_left = [connection = current] { return connection->caller_left(); }};
    for (const auto& [name, value] : request.params) call.query[name] = value;
    for (const auto& [name, value] : request.headers) call.headers[lower(name)] = value;
    // cpp-httplib adds these headers; the caller has not sent them.
    for (const auto* name : {"local_addr", "local_port", "remote_addr", "remote_port"})
        call.headers.erase(name);
    const auto length = call.header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), call.sent_body_bytes);
    return call;
}

/// Reads the whole body, also of a request that is refused: an unread rest would be parsed as the
/// next request.
void read_body(const httplib::ContentReader& reader, Call& call) {
    call.body.reserve(std::min(call.sent_body_bytes, kMaxBody));
    const bool whole = reader([&](const char* data, std::size_t size) {
        if (call.body.size() + size > kMaxBody)
            call.body_too_large = true;
        else
            call.body.append(data, size);
        return true;
    });
    call.body_unreadable = !whole;
}

void send_half(const Answer& answer, httplib::Response& response) {
    const auto whole = std::max<std::size_t>(answer.body.size(), 2);
    response.set_content_provider(
        whole, answer.content_type.empty() ? "application/json" : answer.content_type,
        [half = answer.body.substr(0, whole / 2)](std::size_t, std::size_t,
                                                  httplib::DataSink& sink) {
            sink.write(half.data(), half.size());
            current->flush();
            current->cut();
            return false;
        });
}

/// Sends one octet each ten seconds until the caller closes the connection.
void send_drops(httplib::Response& response) {
    response.set_chunked_content_provider(
        "application/json", [](std::size_t, httplib::DataSink& sink) {
            if (!sink.write("[", 1) || !current->flush()) return false;
            return !current->caller_left(std::chrono::seconds(10));
        });
}

bool send_padding(httplib::DataSink& sink, std::size_t& left) {
    static const std::string kBlock(64 * 1024, 'x');
    const auto count = std::min(left, kBlock.size());
    left -= count;
    return count == 0 || sink.write(kBlock.data(), count);
}

void send_padded(const Answer& answer, httplib::Response& response) {
    auto left = std::make_shared<std::size_t>(answer.padding);
    const auto provide = [body = answer.body, left](std::size_t offset, httplib::DataSink& sink) {
        if (offset == 0 && !body.empty()) return sink.write(body.data(), body.size());
        return send_padding(sink, *left);
    };
    if (answer.chunked) {
        response.set_chunked_content_provider(
            answer.content_type, [provide, left](std::size_t offset, httplib::DataSink& sink) {
                const bool sent = provide(offset, sink);
                if (*left == 0) sink.done();
                return sent;
            });
        return;
    }
    response.set_content_provider(
        answer.body.size() + answer.padding, answer.content_type,
        [provide](std::size_t offset, std::size_t, httplib::DataSink& sink) {
            return provide(offset, sink);
        });
}

void send(const Answer& answer, httplib::Response& response) {
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    if (answer.delivery == Answer::Delivery::cut_before_headers)
        current->cut();
    else if (answer.delivery == Answer::Delivery::cut_in_body)
        send_half(answer, response);
    else if (answer.delivery == Answer::Delivery::drip)
        send_drops(response);
    else if (answer.padding > 0)
        send_padded(answer, response);
    else if (!answer.content_type.empty())
        response.set_content(answer.body, answer.content_type);
}

}  // namespace

/// cpp-httplib parses requests and formats answers; this class accepts connections, does TLS, and
/// opens and closes them.
class HttpServer::Listener : public httplib::Server {
  public:
    Listener(Service service, HttpServer::Options options)
        : service_(std::move(service)), options_(std::move(options)) {
        set_payload_max_length(kMaxBody);
        set_read_timeout(60);
        set_write_timeout(60);
        set_keep_alive_max_count(1'000'000);
        new_task_queue = [count = options_.connections] { return new httplib::ThreadPool(count); };
        set_socket_options([](socket_t fd) {
            const int on = 1;  // the same port again after stop() and start()
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        });
        route();
    }

    ~Listener() override { stop_and_join(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    Outcome<> start_listening() {
        if (auto ready = prepare_tls(); !ready) return ready;
        if (options_.port == 0)
            options_.port = std::max(0, bind_to_any_port("127.0.0.1"));
        else if (!bind_to_port("127.0.0.1", options_.port))
            options_.port = 0;
        if (options_.port == 0) return std::unexpected("cannot listen on the loopback port");
        ::listen(svr_sock_, 128);  // the library's backlog of 5 drops a burst of agents
        thread_ = std::thread([this] { listen_after_bind(); });
        while (!is_running()) std::this_thread::yield();  // before that, stop() has no effect
        return {};
    }

    void stop_and_join() {
        if (!thread_.joinable()) return;
        stop();
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
            for (const auto fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        thread_.join();
    }

    [[nodiscard]] int bound_port() const { return options_.port; }

  private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };

    void route() {
        const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& reader) {
            auto call = call_of(request);
            read_body(reader, call);
            send(service_(call), response);
        };
        const auto without_body = [this](const httplib::Request& request,
                                         httplib::Response& response) {
            auto call = call_of(request);
            call.body = request.body;
            send(service_(call), response);
        };
        Get(".*", without_body).Delete(".*", without_body).Options(".*", without_body);
        Post(".*", with_body).Put(".*", with_body).Patch(".*", with_body);
    }

    Outcome<> prepare_tls() {
        if (options_.certificate_file.empty()) return {};
        tls_.reset(SSL_CTX_new(TLS_server_method()));
        auto* tls = tls_.get();
        const auto& chain = options_.certificate_file;
        if (SSL_CTX_use_certificate_chain_file(tls, chain.c_str()) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, options_.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
            return std::unexpected("cannot use " + chain);
        SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
        SSL_CTX_set_read_ahead(tls, 1);  // one read(2) for a TLS record instead of two
        if (options_.client_ca_file.empty()) return {};
        if (SSL_CTX_load_verify_locations(tls, options_.client_ca_file.c_str(), nullptr) != 1)
            return std::unexpected("cannot use " + options_.client_ca_file);
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        return {};
    }

    bool process_and_close_socket(socket_t fd) override {
        block_sigpipe();
        Connection connection(fd, tls_.get());
        if (!admit(fd)) return false;
        current = &connection;
        serve(connection);
        current = nullptr;
        forget(fd);
        return true;
    }

    void serve(Connection& connection) {
        if (!connection.handshake()) return;
        bool more = true;
        while (more && connection.wait_for_request(kKeepAlive)) {
            bool closed = false;
            more = process_request(connection, false, closed, [](httplib::Request&) {}) && !closed;
            more = connection.flush() && more;
        }
    }

    /// Adds the descriptor to those that closing shuts down. forget() removes it before it is
    /// closed, so its number cannot belong to another file.
    bool admit(int fd) {
        const std::lock_guard lock(mutex_);
        if (!closing_) open_.insert(fd);
        return !closing_;
    }

    void forget(int fd) {
        const std::lock_guard lock(mutex_);
        open_.erase(fd);
    }

    /// OpenSSL writes with write(2), which has no MSG_NOSIGNAL.
    static void block_sigpipe() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
    }

    Service service_;
    HttpServer::Options options_;
    std::unique_ptr<SSL_CTX, FreeContext> tls_;
    std::thread thread_;
    std::mutex mutex_;
    bool closing_ = false;
    std::set<int> open_;
};

HttpServer::HttpServer(Service service, Options options) {
    // cpp-httplib ignores SIGPIPE for the whole process, and programs started by a test would
    // inherit that.
    struct sigaction before {};
    sigaction(SIGPIPE, nullptr, &before);
    listener_ = std::make_unique<Listener>(std::move(service), std::move(options));
    sigaction(SIGPIPE, &before, nullptr);
}

HttpServer::~HttpServer() = default;

Outcome<> HttpServer::start() { return listener_->start_listening(); }
void HttpServer::stop() { listener_->stop_and_join(); }
int HttpServer::port() const { return listener_->bound_port(); }

}  // namespace bulkhead::reference
