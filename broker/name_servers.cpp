#include "broker/name_servers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "common/base/text.hpp"

namespace bulkhead::broker {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostBytes = 64 << 10;
constexpr std::size_t kMostServers = 3;   // resolv.h, MAXNS
constexpr std::size_t kMostRemarks = 16;  // in all: who can write resolv.conf must not fill the log
constexpr int kMostLinks = 8;
constexpr auto kSettling = 100ms;  // a file that is written in two steps is read once
constexpr std::string_view kKey = "nameserver";

// The address of a line's word, as the C library reads it: "10.1" and a scope are fine there.
std::optional<policy::Address> server_of(const std::string& word) {
    in_addr four{};
    if (::inet_aton(word.c_str(), &four) == 0) {
        return policy::parse_address(word.substr(0, word.find('%')));
    }
    auto address = policy::parse_address("0.0.0.0").value();
    std::memcpy(address.data() + 12, &four, sizeof four);
    return address;
}

// The first bytes of the file at `path`. Who owns a directory on the way may put a link to a device
// there, so fstat(2) of an O_PATH descriptor comes before it is opened for reading.
Result<std::string> begin_of(const std::string& path) {
    const sys::Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info {};
    if (!place || ::fstat(place.get(), &info) != 0) return sys::fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": is no regular file");
    const auto again = "/proc/self/fd/" + std::to_string(place.get());
    const sys::Fd file(::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return sys::fail_errno(path);
    std::string text(kMostBytes + 1, '\0');
    const auto got = ::read(file.get(), text.data(), text.size());
    if (got < 0) return sys::fail_errno(path);
    text.resize(static_cast<std::size_t>(got));
    return text;
}

}  // namespace

std::vector<policy::Address> parse_name_servers(std::string_view text,
                                                std::vector<std::string>& remarks) {
    std::vector<policy::Address> servers;
    if (text.size() > kMostBytes) {
        remarks.emplace_back("longer than 64 KiB; what comes after is not read");
        text = text.substr(0, text.rfind('\n', kMostBytes));
    }
    for (const auto line : split(text, '\n')) {
        if (!line.starts_with(kKey) || line.find_first_of(" \t") != kKey.size()) continue;
        const auto parts = words(line);
        const auto word = parts.size() > 1 ? parts[1].substr(0, 64) : std::string_view();
        const auto server = server_of(std::string(word));
        if (!server) {
            remarks.push_back("no address of a name server: " + quoted(word));
        } else if (servers.size() == kMostServers) {
            remarks.push_back("the C library asks three name servers; not " + quoted(word));
        } else {
            servers.push_back(*server);
        }
    }
    if (servers.empty()) servers.push_back(policy::parse_address("127.0.0.1").value());
    return servers;
}

NameServers::NameServers(sys::Loop& loop, const sys::Log& log, std::string path)
    : loop_(loop), log_(log), path_(std::move(path)) {
    read();
}

NameServers::~NameServers() {
    if (notify_) loop_.forget(notify_.get());
    if (pending_) loop_.cancel(timer_);
}

void NameServers::follow(std::function<void()> changed) {
    changed_ = std::move(changed);
    look();
}

void NameServers::read() {
    struct stat info {};
    const bool there = ::lstat(path_.c_str(), &info) == 0;
    file_ = there && !S_ISLNK(info.st_mode) ? info.st_ino : 0;
    const auto text = begin_of(path_);
    if (!text) say(text.error().what + "; 127.0.0.1 is taken for the name server");
    std::vector<std::string> remarks;
    addresses_ = parse_name_servers(text ? *text : "", remarks);
    for (const auto& remark : remarks) say(path_ + ": " + remark);
}

// Sets the watches first and then reads: a change in between is read twice and never missed.
void NameServers::look() {
    pending_ = false;
    if (const auto watched = watch(); !watched) {
        say(path_ + " is not followed; restart the agent when it changes: " + watched.error().what);
    }
    const auto before = std::pair(addresses_, file_);
    read();
    if (before != std::pair(addresses_, file_)) changed_();
}

Result<> NameServers::watch() {
    if (notify_) loop_.forget(notify_.get());
    watched_.clear();
    notify_ = sys::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!notify_) return sys::fail_errno("inotify_init1");
    TRY(loop_.watch(notify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); }));
    // Also watch the file itself: in a container it is a bind mount of its own, and its directory
    // reports no change of it.
    ::inotify_add_watch(notify_.get(), path_.c_str(), IN_CLOSE_WRITE);
    auto place = path_;
    for (int links = 0; links < kMostLinks; ++links) {
        TRY(watch_name(place));
        std::array<char, PATH_MAX> target{};
        const auto size = ::readlink(place.c_str(), target.data(), target.size());
        if (size <= 0) return {};
        const std::string_view to(target.data(), static_cast<std::size_t>(size));
        place = to.starts_with('/') ? std::string(to)
                                    : place.substr(0, place.rfind('/') + 1).append(to);
    }
    return fail("too many links");
}

// The directory of `path`, or where that is not there, the one in which it would appear.
Result<> NameServers::watch_name(const std::string& path) {
    constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                      IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
    for (auto place = path;;) {
        const auto slash = place.rfind('/');
        const auto directory = slash == 0 ? "/" : place.substr(0, slash);
        const int id = ::inotify_add_watch(notify_.get(), directory.c_str(), kEvents | IN_ONLYDIR);
        if (id < 0 && (errno != ENOENT || slash == 0)) return sys::fail_errno(directory);
        if (id < 0) {
            place = directory;
            continue;
        }
        watched_.emplace_back(id, place.substr(slash + 1));
        if (place == path || ::access(place.c_str(), F_OK) != 0) return {};
        place = path;  // the directory was created meanwhile
    }
}

void NameServers::on_events() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool ours = false;
    for (;;) {
        const auto got = ::read(notify_.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        inotify_event event{};
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);
             at += sizeof event + event.len) {
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const std::string name(event.len == 0 ? "" : buffer.data() + at + sizeof event);
            // An event without a name is about the directory itself, or tells of a lost event.
            ours =
                ours || name.empty() || std::ranges::count(watched_, std::pair(event.wd, name)) > 0;
        }
    }
    if (!ours || std::exchange(pending_, true)) return;
    timer_ = loop_.after(kSettling, [this] { look(); });
}

void NameServers::say(const std::string& remark) {
    if (said_.size() == kMostRemarks || std::ranges::count(said_, remark) > 0) return;
    said_.push_back(remark);
    log_.warning("name-servers-ignored", {{"why", remark}});
}

}  // namespace bulkhead::broker
