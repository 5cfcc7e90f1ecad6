// What an inventory costs the worker, and what the broker's walk over open sockets costs.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <sstream>

#include "broker/reads/socket_owners.hpp"
#include "common/base/parse.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/processor_time.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/own_network.hpp"
#include "worker/backend/registry.hpp"
#include "worker/host/inventory/inventory.hpp"

namespace bulkhead::bench {

namespace {

constexpr int kTimes = 7;

// The kernel's list of TCP sockets over IPv4, received and not looked at.
void dump_only() {
    const sys::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    struct {
        nlmsghdr header;
        inet_diag_req_v2 what;
    } ask{};
    ask.header.nlmsg_len = sizeof ask;
    ask.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    ask.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    ask.what.sdiag_family = AF_INET;
    ask.what.sdiag_protocol = IPPROTO_TCP;
    ask.what.idiag_states = ~0U;
    if (::send(socket.get(), &ask, sizeof ask, 0) < 0) return;
    alignas(nlmsghdr) std::array<char, 32768> answer{};
    for (;;) {
        const auto got = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (got < static_cast<ssize_t>(sizeof(nlmsghdr))) return;
        const auto type = reinterpret_cast<const nlmsghdr*>(answer.data())->nlmsg_type;
        if (type == NLMSG_DONE || type == NLMSG_ERROR) return;
    }
}

template <class Act>
double median_ms(Act act) {
    std::vector<double> times;
    for (int i = 0; i < kTimes; ++i) {
        const auto began = processor_us();
        act();
        times.push_back((processor_us() - began) / 1000);
    }
    return median(std::move(times));
}

// From netlink to the elements that a report has; "OURS FLOOR", or a sentence.
std::string cost_of(int sockets) {
    if (const auto own = test::enter_own_network(); !own) return own.error().what;
    const auto open = test::connect_to_self(sockets);
    if (!open) return open.error().what;
    const auto* row = worker::find_dialect("grapheon");
    worker::DialectOptions options;
    for (const auto& option : row->options) options[std::string(option.name)] = option.fallback;
    const auto dialect = row->make(options);
    const auto ours = median_ms([&] {
        const auto all = worker::collect_inventory();
        static_cast<void>(dialect->inventory()->elements(all));
    });
    return std::to_string(ours) + " " + std::to_string(median_ms(dump_only));
}

std::size_t processes() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        count += parse_number<pid_t>(entry.path().filename().string()) ? 1 : 0;
    }
    return count;
}

}  // namespace

void measure_inventory(Table& table) {
    constexpr std::array<std::pair<int, const char*>, 3> kHosts{
        {{10, "<= 4 ms"}, {1'000, "<= 12 ms"}, {10'000, "<= 60 ms"}}};
    for (const auto& [sockets, goal] : kHosts) {
        const auto name = "inventory at " + std::to_string(sockets) + " sockets, processor time";
        const auto said = test::forked([&] { return cost_of(sockets); });
        std::istringstream figures(said);
        double ours = 0;
        double floor = 0;
        if (!(figures >> ours >> floor)) {
            table.skip(name, said);
            continue;
        }
        table.add(name, {ours, "ms"}, Figure{floor, "ms"}, goal);
    }
    const auto walk = median_ms([] { static_cast<void>(broker::read_socket_owners(16_MiB)); });
    table.add("who holds a socket, the broker's time a process",
              {walk * 1000 / static_cast<double>(processes()), "us"});
}

}  // namespace bulkhead::bench
