// The least an agent could be: one process that reads the same files of /proc and says so over one
// kept TLS connection. What it costs is the floor beside which agent_bench puts the real one.
//
//     floor-agent beat PORT CA MILLISECONDS    a beat at each interval
//     floor-agent stream PORT CA               standard input as requests of 1 MiB each, and their
//                                              digest, which every agent owes with its result
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* why) {
    std::perror(why);
    std::exit(1);
}

SSL* connect_tls(const char* port, const char* ca) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        give_up("connect");
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(context, ca, nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(context, 1);  // one system call for a record instead of two
    SSL* tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (SSL_connect(tls) != 1) give_up("TLS handshake");
    return tls;
}

void send_all(SSL* tls, std::string_view bytes) {
    if (SSL_write(tls, bytes.data(), static_cast<int>(bytes.size())) <= 0) give_up("send");
}

// The answers to these requests are short; this one ends with its headers or a small body.
void read_answer(SSL* tls) {
    std::array<char, 4096> answer;
    if (SSL_read(tls, answer.data(), answer.size()) <= 0) give_up("receive");
}

void ask(SSL* tls, const char* method, std::string_view body) {
    std::string request(method);
    request += " /floor HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ";
    request += std::to_string(body.size()) + "\r\n\r\n";
    if (body.size() < 4096) {
        send_all(tls, request.append(body));
    } else {
        send_all(tls, request);
        send_all(tls, body);
    }
    read_answer(tls);
}

void beat(SSL* tls, long milliseconds) {
    std::vector<int> files;
    for (const char* name : {"stat", "meminfo", "loadavg", "uptime", "self/net/dev"}) {
        files.push_back(::open(("/proc/" + std::string(name)).c_str(), O_RDONLY | O_CLOEXEC));
    }
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const timespec interval{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    const itimerspec schedule{.it_interval = interval, .it_value = interval};
    ::timerfd_settime(timer, 0, &schedule, nullptr);
    for (;;) {
        std::string body = "{\"metrics\":\"";
        std::array<char, 8192> text;
        for (const int file : files) {
            const auto got = ::pread(file, text.data(), text.size(), 0);
            if (got > 0) body.append(text.data(), std::min<std::size_t>(256, std::size_t(got)));
        }
        struct statfs disk {};
        ::statfs("/", &disk);
        body += std::to_string(disk.f_bfree) + "\"}";
        ask(tls, "POST", body);
        std::uint64_t expired = 0;
        if (::read(timer, &expired, sizeof expired) != sizeof expired) give_up("timer");
    }
}

void stream(SSL* tls) {
    std::string chunk(1 << 20, '\0');
    EVP_MD_CTX* digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, EVP_sha256(), nullptr);
    for (;;) {
        std::size_t size = 0;
        while (size < chunk.size()) {
            const auto got = ::read(STDIN_FILENO, chunk.data() + size, chunk.size() - size);
            if (got <= 0) break;
            size += static_cast<std::size_t>(got);
        }
        if (size == 0) break;
        EVP_DigestUpdate(digest, chunk.data(), size);
        ask(tls, "PUT", std::string_view(chunk).substr(0, size));
    }
    EVP_MD_CTX_free(digest);
}

}  // namespace

int main(int count, char** words) {
    const std::string_view what = count > 3 ? words[1] : "";
    if (what == "beat" && count == 5) beat(connect_tls(words[2], words[3]), std::atol(words[4]));
    if (what != "stream") return 2;
    stream(connect_tls(words[2], words[3]));
}
