#include "tests/malicious_worker/host_attacks.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace bulkhead::test {

namespace {

constexpr int kNotConfined = 255;

std::string carry_out(const Attacker& attacker, const HostAttack& attack,
                      const Surroundings& around) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (const auto done = attacker.confine(); !done) {
            attacker.report("confine", done.error().what);
            ::_exit(kNotConfined);
        }
        errno = 0;
        ::_exit(attack.act(around) < 0 ? errno : 0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return "not tried";
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGSYS ? "killed" : "signal " + std::to_string(WTERMSIG(status));
    }
    const int code = WEXITSTATUS(status);
    if (code == 0) return "done";
    const char* name = ::strerrorname_np(code);
    return code == kNotConfined || name == nullptr ? "not confined" : name;
}

}  // namespace

std::vector<HostAttack> all_host_attacks() {
    std::vector<HostAttack> all;
    for (auto* part :
         {attacks_on_files, attacks_on_processes, attacks_on_network, attacks_on_kernel}) {
        auto rows = part();
        all.insert(all.end(), std::make_move_iterator(rows.begin()),
                   std::make_move_iterator(rows.end()));
    }
    return all;
}

void attack_host(const Attacker& attacker, int broker) {
    const char* place = std::getenv("MALICE_PLACE");
    const char* port = std::getenv("MALICE_PORT");
    const int state = attacker.setup().state.fd.get();
    // Traps that a worker could have laid earlier, had it been able to.
    const bool laid = ::symlinkat("/etc/shadow", state, "link-to-shadow") == 0 &&
                      ::symlinkat("/", state, "link-to-root") == 0;
    if (!laid && errno != EEXIST) attacker.report("traps", std::strerror(errno));
    const Surroundings around{.place = place == nullptr ? "" : place,
                              .state = state,
                              .settings = attacker.setup().settings.fd.get(),
                              .broker = broker,
                              .sibling = ::getpid(),
                              .port = std::atoi(port == nullptr ? "0" : port)};
    for (const auto& attack : all_host_attacks()) {
        attacker.report(attack.name, carry_out(attacker, attack, around));
    }
    attacker.report("all", "done");
}

}  // namespace bulkhead::test
