#include "broker/reads/socket_owners.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "common/base/parse.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using Clock = std::chrono::steady_clock;
using protocol::SocketOwner;

constexpr std::chrono::milliseconds kTime{250};

// "socket:[12345]" (proc(5)); nothing for a descriptor of another kind.
Result<std::uint64_t> inode_of(std::string_view link) {
    constexpr std::string_view kBegin = "socket:[";
    if (!link.starts_with(kBegin) || !link.ends_with(']')) return fail("not a socket");
    return parse_number<std::uint64_t>(link.substr(kBegin.size(), link.size() - kBegin.size() - 1));
}

struct Walk {
    std::size_t room;  // rows
    protocol::Encoder out{};
    bool denied = false;
    Clock::time_point until = Clock::now() + kTime;

    // Only a refusal makes the reading incomplete, not a process that has ended meanwhile.
    void missed(int error) { denied = denied || error == EACCES || error == EPERM; }

    // False when a bound is reached.
    bool process(const sys::Dir& proc, const std::string& pid) {
        SocketOwner owner;
        owner.pid = parse_number<std::uint32_t>(pid).value_or(0);
        const auto name = proc.read_file(pid + "/comm", 64).value_or("");
        const auto end = std::min({name.size(), name.find('\n'), owner.name.size()});
        std::ranges::copy(as_bytes(name).first(end), owner.name.begin());
        auto folder = proc.open_at(pid + "/fd", O_RDONLY | O_DIRECTORY);
        if (!folder) return missed(folder.error().code), true;
        const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder->get()), ::closedir);
        if (!entries) return false;
        const int fd = folder->release();
        while (const dirent* entry = ::readdir(entries.get())) {
            if (Clock::now() > until) return false;
            if (entry->d_name[0] == '.') continue;
            std::array<char, 64> link{};
            const auto size = ::readlinkat(fd, entry->d_name, link.data(), link.size());
            if (size < 0) missed(errno);
            if (size < 0 || size == std::ssize(link)) continue;
            const auto inode = inode_of({link.data(), static_cast<std::size_t>(size)});
            if (!inode) continue;
            if (room-- == 0) return false;
            owner.inode = *inode;
            out.put(owner);
        }
        return true;
    }
};

}  // namespace

Result<Reading> read_socket_owners(std::uint64_t max_bytes, const std::string& proc) {
    const auto dir = TRY(sys::Dir::open(proc));
    Walk walk{.room = max_bytes / SocketOwner::kBytes};
    const auto names = TRY(dir.list());
    const bool whole = std::ranges::all_of(names, [&](const std::string& name) {
        return name.find_first_not_of("0123456789") != name.npos || walk.process(dir, name);
    });
    return Reading{std::string(as_text(walk.out.bytes())), whole && !walk.denied};
}

}  // namespace bulkhead::broker
