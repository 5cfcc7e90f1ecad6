// What a captured worker reaches of the host: nothing. Files, processes, sockets, kernel, tried one
// by one in processes that are confined as the worker is.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>

#include "common/sandbox/landlock.hpp"
#include "tests/malicious_worker/host_attacks.hpp"
#include "tests/malicious_worker/site.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

// A TCP service on the loopback interface that policy does not name; its port.
std::pair<sys::Fd, int> some_service() {
    sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket.get(), generic, size), 0);
    EXPECT_EQ(::listen(socket.get(), 16), 0);
    EXPECT_EQ(::getsockname(socket.get(), generic, &size), 0);
    return {std::move(socket), ntohs(address.sin_port)};
}

// A daemon's datagram socket, as /dev/log is one: everybody may write to it.
sys::Fd some_daemon(const std::string& name, bool abstract) {
    sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
    EXPECT_EQ(
        ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)),
        0);
    if (!abstract) ::chmod(name.c_str(), 0666);
    return socket;
}

bool has_news(const sys::Fd& socket) {
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}

class Host : public Site {
  protected:
    // The answer to each attack, of a worker whose broker starts `under` this.
    std::map<std::string, std::string> answers(std::vector<std::string> under, int port = 1) {
        start("host", {{"MALICE_PORT", std::to_string(port)}}, std::move(under));
        EXPECT_TRUE(wait_for_finding("all"));
        std::map<std::string, std::string> all;
        for (const auto& attack : all_host_attacks()) {
            all[attack.name] = finding(attack.name).value_or("nothing");
        }
        EXPECT_TRUE(broker().running());
        EXPECT_TRUE(audit("protocol-violation").empty());
        return all;
    }
    // Where Landlock is too old to be a wall, the agent must say so.
    bool declared_missing(int needed_abi) const {
        return declared_missing(needed_abi >= 6   ? "landlock-scope"
                                : needed_abi >= 4 ? "landlock-net"
                                                  : "landlock");
    }
    bool declared_missing(const std::string& feature) const {
        const auto missing = " " + audit("agent-started").at(0)["missing"].get<std::string>() + " ";
        return missing.find(" " + feature + " ") != missing.npos;
    }
    static bool is_absent(const HostAttack& attack) {
        return !attack.if_there.empty() && !std::filesystem::exists(attack.if_there);
    }
    static bool holds(const HostAttack& attack, const std::string& answer) {
        return std::count(attack.walls.begin(), attack.walls.end(), answer) == 1;
    }
    // It was there to be asked for and was refused; absent is what only the view makes it.
    static bool refused(const HostAttack& attack, const std::string& answer) {
        return holds(attack, answer) && (is_absent(attack) || answer != "ENOENT");
    }
    // The kernel without a call: the broker goes on and says what is missing.
    static std::vector<std::string> without(const std::string& call) {
        return {BULKHEAD_LIE, call, "any", std::to_string(ENOSYS)};
    }
};

TEST_F(Host, IsOutOfReachOfACapturedWorker) {
    const auto [service, port] = some_service();
    const auto daemon = some_daemon(place() / "daemon.sock", false);
    const auto abstract = some_daemon(place().path(), true);
    const auto said = answers({}, port);
    const int abi = sandbox::landlock_abi();
    int skipped = 0;
    const bool addresses_are_walled = kernel_filters_sockets().empty();
    for (const auto& attack : all_host_attacks()) {
        const auto& answer = said.at(attack.name);
        if (abi < attack.landlock || (attack.egress && !addresses_are_walled)) {
            ++skipped;
            EXPECT_TRUE(attack.egress ? declared_missing("egress")
                                      : declared_missing(attack.landlock))
                << attack.name << ": no wall, and the agent does not say that it lacks it";
            record_layer(attack.layer, "worker", attack.name,
                         attack.egress
                             ? "skipped: needs BPF for cgroups"
                             : "skipped: needs Landlock ABI " + std::to_string(attack.landlock));
            continue;
        }
        record_layer(answer == "ENOENT" ? "view" : attack.layer, "worker", attack.name, answer);
        EXPECT_TRUE(holds(attack, answer))
            << attack.name << ": " << answer << " is not what a wall (" << attack.layer
            << ") answers";
    }
    EXPECT_FALSE(has_news(daemon)) << "a local daemon was reached";
    EXPECT_FALSE(has_news(abstract)) << "a local daemon was reached by an abstract name";
    const bool is_walled = abi >= 4 || addresses_are_walled;
    EXPECT_TRUE(::accept4(service.get(), nullptr, nullptr, SOCK_CLOEXEC) < 0 || !is_walled)
        << "a TCP service was reached that policy does not name";
    std::printf("%zu attempts on the host, Landlock ABI %d\n",
                all_host_attacks().size() - static_cast<std::size_t>(skipped), abi);
    if (skipped > 0) {
        GTEST_SKIP() << skipped << " attempts need a newer Landlock than ABI " << abi
                     << " or BPF for cgroups";
    }
}

// The view answers before the walls behind it are asked. Each of them holds alone.
TEST_F(Host, IsOutOfReachWithoutTheView) {
    const auto said = answers(without("fsopen"));
    EXPECT_TRUE(declared_missing("worker-view"));
    for (const auto& attack : all_host_attacks()) {
        if (sandbox::landlock_abi() < attack.landlock) continue;
        if (attack.egress && !kernel_filters_sockets().empty()) continue;
        const auto& answer = said.at(attack.name);
        EXPECT_TRUE(refused(attack, answer)) << attack.name << ": " << answer;
        if (attack.layer == "Landlock") {
            record_layer("Landlock", "worker without view", attack.name, answer);
        }
    }
}

TEST_F(Host, WithoutViewAndLandlockWhatUserAndModeHoldIsOutOfReach) {
    auto under = without("fsopen");
    for (auto& word : without("landlock_create_ruleset")) under.push_back(std::move(word));
    const auto said = answers(under);
    for (const char* made : {"/tmp/malice", "/dev/shm/malice"}) std::filesystem::remove(made);
    EXPECT_TRUE(declared_missing("landlock"));
    for (const auto& attack : all_host_attacks()) {
        const auto& answer = said.at(attack.name);
        if (attack.egress && !kernel_filters_sockets().empty()) continue;
        if (attack.layer == "Landlock") {
            EXPECT_FALSE(holds(attack, answer) && !is_absent(attack))
                << attack.name << ": " << answer << ", so Landlock is not what holds it";
            continue;
        }
        EXPECT_TRUE(refused(attack, answer)) << attack.name << ": " << answer;
        if (attack.layer == "seccomp") continue;  // as ever
        record_layer(attack.layer, "worker without view and Landlock", attack.name,
                     answer == "ENOENT" ? "skipped: this host has none" : answer);
    }
}

// Of a kernel without BPF ports are what is left, and the agent says so.
TEST_F(Host, WithoutEgressPortsAreOutOfReachAndThatIsSaid) {
    if (sandbox::landlock_abi() < 4) GTEST_SKIP() << "this kernel holds no ports";
    const auto [service, port] = some_service();
    const auto said = answers(without("bpf"), port);
    EXPECT_TRUE(declared_missing("egress"));
    EXPECT_NE(log().find("egress-missing"), std::string::npos);
    EXPECT_EQ(said.at("connect-elsewhere"), "EACCES");
    EXPECT_EQ(said.at("another-loopback-at-the-backends-port"), "EINPROGRESS") << "it connects";
    EXPECT_EQ(said.at("bind-udp"), "killed");
}

}  // namespace
}  // namespace bulkhead::test
