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

namespace bulkhead::broker {

namespace {

using Clock = std::chrono::steady_clock;
using protocol::SocketOwner;

constexpr std::chrono::milliseconds kTime{250};

// "socket:[12345]" (proc(5)); nothing for a descriptor of another kind.
std::optional<std::uint64_t> inode_of(std::string_view link) {
    constexpr std::string_view kBegin = "socket:[";
    if (!link.starts_with(kBegin) || !link.ends_with(']')) return std::nullopt;
    link.remove_prefix(kBegin.size());
    link.remove_suffix(1);
    const auto inode = parse_number<std::uint64_t>(link);
    return inode ? std::optional(*inode) : std::nullopt;
}

class Walk {
  public:
    explicit Walk(std::uint64_t max_bytes) : most_(max_bytes / SocketOwner::kBytes) {}

    // False when a bound is reached.
    bool process(const sys::Dir& proc, const std::string& pid) {
        SocketOwner owner;
        owner.pid = parse_number<std::uint32_t>(pid).value_or(0);
        const auto name = proc.read_file(pid + "/comm", 64).value_or("");
        const auto end = std::min({name.size(), name.find('\n'), owner.name.size()});
        std::ranges::copy(as_bytes(name).first(end), owner.name.begin());
        auto folder = proc.open_at(pid + "/fd", O_RDONLY | O_DIRECTORY);
        if (!folder) {
            missed(folder.error().code);
            return true;
        }
        const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder->get()), ::closedir);
        if (!entries) return false;
        const int fd = folder->release();
        while (const dirent* entry = ::readdir(entries.get())) {
            if (Clock::now() > until_) return false;
            if (entry->d_name[0] == '.') continue;
            std::array<char, 64> link{};
            const auto size = ::readlinkat(fd, entry->d_name, link.data(), link.size());
            if (size < 0) missed(errno);
            if (size < 0 || size == std::ssize(link)) continue;
            const auto inode = inode_of({link.data(), static_cast<std::size_t>(size)});
            if (!inode) continue;
            if (count_ == most_) return false;
            owner.inode = *inode;
            out_.put(owner);
            ++count_;
        }
        return true;
    }

    bool looked_everywhere() const { return !denied_; }
    const Bytes& bytes() const { return out_.bytes(); }

  private:
    // A process that has ended meanwhile is none.
    void missed(int error) { denied_ = denied_ || error == EACCES || error == EPERM; }

    std::size_t most_;
    std::size_t count_ = 0;
    Clock::time_point until_ = Clock::now() + kTime;
    protocol::Encoder out_;
    bool denied_ = false;
};

}  // namespace

Result<SocketOwners> read_socket_owners(std::uint64_t max_bytes, const std::string& proc) {
    const auto dir = TRY(sys::Dir::open(proc));
    Walk walk(max_bytes);
    bool whole = true;
    for (const auto& name : TRY(dir.list())) {
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        whole = walk.process(dir, name);
        if (!whole) break;
    }
    return SocketOwners{walk.bytes(), whole && walk.looked_everywhere()};
}

}  // namespace bulkhead::broker
