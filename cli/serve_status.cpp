// `bulkhead serve-status`: answers /healthz and /status over HTTP, at the socket that systemd hands
// over (bulkhead-http.socket). It reads what root has written and asks the workers' status sockets;
// no process of the agent listens for it.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "cli/base/command.hpp"
#include "cli/base/options.hpp"
#include "cli/http/server.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--run-dir", Option::Takes::once},
                              Option{"--shape", Option::Takes::once}};
constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START, sd_listen_fds(3)
constexpr std::chrono::minutes kIdle{1};
constexpr std::chrono::seconds kRemembered{2};

// The one socket of the protocol that sd_listen_fds(3) describes.
Result<sys::Fd> socket_of_systemd() {
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    if (pid == nullptr || count == nullptr || std::string(pid) != std::to_string(::getpid())) {
        return wrong(
            "is started by bulkhead-http.socket, which hands a listening socket over: "
            "systemctl enable --now bulkhead-http.socket");
    }
    if (std::string(count) != "1")
        return wrong("LISTEN_FDS: one socket is served, not " + std::string(count));
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(kFirstFd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
        return wrong(
            "LISTEN_FDS: descriptor 3 is no listening socket; bulkhead-http.socket needs "
            "Accept=no");
    }
    ::fcntl(kFirstFd, F_SETFD, FD_CLOEXEC);
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
    return sys::Fd(kFirstFd);
}

// What the agent says; asked again only when the last answer has its age, however many ask here.
class Agent {
  public:
    Agent(std::string run_dir, HealthShape shape) : run_dir_(std::move(run_dir)), shape_(shape) {}

    HttpAnswer answer(std::string_view path) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= known_until_) {
            root_ = read_root_file(run_dir_);
            auto asked = ask_all(run_dir_);
            workers_ = asked ? *std::move(asked) : std::vector<Asked>{};
            known_until_ = std::chrono::steady_clock::now() + kRemembered;
        }
        return path == "/healthz" ? answer_healthz(root_, workers_, shape_)
                                  : answer_status(root_, workers_);
    }

  private:
    std::string run_dir_;
    HealthShape shape_;
    RootFile root_;
    std::vector<Asked> workers_;
    std::chrono::steady_clock::time_point known_until_{};
};

}  // namespace

Result<int> serve_status(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto shape = options.value("--shape", "seed");
    if (shape != "seed" && shape != "local-agent") {
        return wrong(
            "--shape takes seed or local-agent: which of AegisFlux's agents /healthz is like");
    }
    const auto listener = TRY(socket_of_systemd());
    Agent agent(options.value("--run-dir", "/run/bulkhead"),
                shape == "seed" ? HealthShape::seed : HealthShape::local);
    TRY(serve_http(
        listener, [&](std::string_view path) { return agent.answer(path); }, kIdle));
    return kDone;
}

}  // namespace bulkhead::cli
