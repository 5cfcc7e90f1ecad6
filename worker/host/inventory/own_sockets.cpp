#include "worker/host/inventory/own_sockets.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint32_t kSlots = 16;  // the largest number of workers (broker/records/slots.hpp)

struct Account {
    std::string_view name;
    std::uint32_t uid = 0;
};

std::optional<Account> account_of(std::string_view line) {
    const auto name = line.substr(0, line.find(':'));
    auto rest = line.substr(std::min(line.size(), name.size() + 1));
    rest.remove_prefix(std::min(rest.size(), rest.find(':') + 1));  // the password
    const auto uid = parse_number<std::uint32_t>(rest.substr(0, rest.find(':')));
    if (!uid) return std::nullopt;
    return Account{name, *uid};
}

std::vector<Account> accounts_of(std::string_view passwd) {
    std::vector<Account> all;
    while (!passwd.empty()) {
        const auto line = passwd.substr(0, passwd.find('\n'));
        passwd.remove_prefix(std::min(passwd.size(), line.size() + 1));
        if (const auto account = account_of(line)) all.push_back(*account);
    }
    return all;
}

// The name without the number of a slot at its end; empty if there is none.
std::string_view base_of(std::string_view name) {
    const auto base = name.substr(0, name.find_last_not_of("0123456789") + 1);
    const auto number = parse_number<std::uint32_t>(name.substr(base.size()));
    return number && *number < kSlots ? base : std::string_view();
}

using Ends = std::tuple<Transport, IpAddress, std::uint16_t, IpAddress, std::uint16_t>;

}  // namespace

std::vector<std::uint32_t> worker_uids(std::string_view passwd, std::uint32_t own) {
    std::vector<std::uint32_t> uids{own};
    const auto accounts = accounts_of(passwd);
    const auto mine = std::ranges::find(accounts, own, &Account::uid);
    if (mine == accounts.end() || base_of(mine->name).empty()) return uids;
    for (const auto& account : accounts) {
        const bool worker = base_of(account.name) == base_of(mine->name);
        if (worker && account.uid != 0 && account.uid != own) uids.push_back(account.uid);
    }
    return uids;
}

void remove_own_sockets(std::vector<Socket>& sockets, std::span<const std::uint32_t> uids,
                        std::span<const Endpoint> backends) {
    // A socket that no process holds any more (inode 0) has uid 0, whoever made it.
    const auto is_own = [uids](const Socket& socket) {
        return socket.inode != 0 && socket.remote_port != 0 &&
               std::ranges::find(uids, socket.uid) != uids.end();
    };
    const auto is_backend = [backends](const IpAddress& ip, std::uint16_t port) {
        return std::ranges::find(backends, Endpoint{ip.unmapped(), port}) != backends.end();
    };
    // A connection of this host to itself has one address at both ends.
    const auto has_ended = [&](const Socket& socket) {
        const bool to_itself = socket.local.unmapped() == socket.remote.unmapped();
        return socket.inode == 0 && socket.remote_port != 0 &&
               (is_backend(socket.remote, socket.remote_port) ||
                (to_itself && is_backend(socket.local, socket.local_port)));
    };
    std::set<Ends> others;  // of our connections, as their other ends would name themselves
    for (const auto& socket : sockets) {
        if (!is_own(socket)) continue;
        others.emplace(socket.transport, socket.remote.unmapped(), socket.remote_port,
                       socket.local.unmapped(), socket.local_port);
    }
    std::erase_if(sockets, [&](const Socket& socket) {
        return is_own(socket) || has_ended(socket) ||
               others.contains({socket.transport, socket.local.unmapped(), socket.local_port,
                                socket.remote.unmapped(), socket.remote_port});
    });
}

}  // namespace bulkhead::worker
