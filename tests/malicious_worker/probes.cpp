#include "tests/malicious_worker/probes.hpp"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <tuple>

#include "tests/malicious_worker/names.hpp"

namespace bulkhead::test {

namespace {

// uretprobe and uprobe: from Linux 6.11 and 6.18 on the kernel answers them before it asks a
// filter, with SIGILL unless they come from a probe of its own making.
bool before_any_filter(std::uint32_t number) { return number == 335 || number == 336; }

// A call, one of whose arguments runs through values while the others stand still.
struct Series {
    std::string group;        // as it stands in the golden list
    std::string_view naming;  // of the values, see names.hpp
    std::uint32_t call;
    std::array<std::uint64_t, 5> arguments;
    std::size_t varying;

    void add(std::vector<Question>& to, std::uint64_t value) const {
        Probe probe{.number = call, .arguments = arguments};
        probe.arguments[varying] = value;
        to.push_back({group, value, value_name(naming, value), probe});
    }
    void add(std::vector<Question>& to, std::uint64_t first, std::uint64_t last) const {
        for (auto value = first; value <= last; ++value) add(to, value);
    }
};

constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;  // of no meaning to the kernel in an int

void add_sockets(std::vector<Question>& to) {
    for (const auto& [name, call] :
         {std::pair{"socket", SYS_socket}, {"socketpair", SYS_socketpair}}) {
        const std::string before(name);
        const auto number = static_cast<std::uint32_t>(call);
        Series{before + " family, SOCK_STREAM 0", "family", number, {0, SOCK_STREAM}, 0}.add(to, 0,
                                                                                             47);
        Series{
            before + " family, SOCK_STREAM 0, bits above 32", "family", number, {0, SOCK_STREAM}, 0}
            .add(to, kHigh, kHigh + 47);
        for (const auto& [family, text] : {std::pair{AF_UNIX, "AF_UNIX"},
                                           {AF_INET, "AF_INET"},
                                           {AF_INET6, "AF_INET6"},
                                           {AF_NETLINK, "AF_NETLINK"}}) {
            const auto domain = static_cast<std::uint64_t>(family);
            Series{before + " " + text + " type, 0", "type", number, {domain}, 1}.add(to, 0, 15);
            Series{before + " " + text + " type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0",
                   "type",
                   number,
                   {domain},
                   1}
                .add(to, SOCK_CLOEXEC | SOCK_NONBLOCK, (SOCK_CLOEXEC | SOCK_NONBLOCK) + 15);
            for (const auto& [type, kind] : {std::pair{SOCK_STREAM, "SOCK_STREAM"},
                                             {SOCK_DGRAM, "SOCK_DGRAM"},
                                             {SOCK_RAW, "SOCK_RAW"}}) {
                const Series protocol{before + " " + text + " " + kind + ", protocol",
                                      family == AF_NETLINK ? "netlink" : "protocol",
                                      number,
                                      {domain, static_cast<std::uint64_t>(type)},
                                      2};
                protocol.add(to, 0, 20);
                protocol.add(to, IPPROTO_ICMPV6);
                protocol.add(to, IPPROTO_SCTP);
                protocol.add(to, IPPROTO_UDPLITE);
                protocol.add(to, IPPROTO_RAW, IPPROTO_MPTCP + 1);
            }
        }
    }
}

void add_flags(std::vector<Question>& to) {
    for (const auto& [name, call, at] : {std::tuple{"sendto", SYS_sendto, 3UL},
                                         {"sendmsg", SYS_sendmsg, 2UL},
                                         {"sendmmsg", SYS_sendmmsg, 3UL}}) {
        const Series flags{
            std::string(name) + " flags", "send", static_cast<std::uint32_t>(call), {}, at};
        flags.add(to, 0);
        for (unsigned bit = 0; bit < 32; ++bit) flags.add(to, std::uint64_t{1} << bit);
        flags.add(to, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void add_options(std::vector<Question>& to) {
    for (const auto& [level, name] : {std::pair{0, "IPPROTO_IP"},
                                      {1, "SOL_SOCKET"},
                                      {6, "IPPROTO_TCP"},
                                      {17, "IPPROTO_UDP"},
                                      {41, "IPPROTO_IPV6"},
                                      {58, "IPPROTO_ICMPV6"},
                                      {132, "IPPROTO_SCTP"},
                                      {255, "SOL_RAW"},
                                      {262, "IPPROTO_MPTCP"},
                                      {263, "SOL_PACKET"},
                                      {270, "SOL_NETLINK"},
                                      {279, "SOL_ALG"},
                                      {282, "SOL_TLS"},
                                      {283, "SOL_XDP"}}) {
        Series{std::string("setsockopt ") + name + " option",
               "",
               SYS_setsockopt,
               {0, static_cast<std::uint64_t>(level)},
               2}
            .add(to, 0, 90);
    }
}

void add_memory(std::vector<Question>& to) {
    for (const auto& [name, call] : {std::pair{"mmap", SYS_mmap}, {"mprotect", SYS_mprotect}}) {
        const Series protection{std::string(name) + " protection",
                                "prot",
                                static_cast<std::uint32_t>(call),
                                {0, 4096, 0, MAP_PRIVATE},
                                2};
        protection.add(to, 0, 15);
        for (const auto grow : {PROT_GROWSDOWN, PROT_GROWSUP}) {
            const auto bit = static_cast<std::uint64_t>(static_cast<unsigned>(grow));
            protection.add(to, bit, bit + 7);
        }
        protection.add(to, kHigh, kHigh + 7);
    }
    const Series advice{"madvise advice", "madvise", SYS_madvise, {0, 4096}, 2};
    advice.add(to, 0, 31);
    advice.add(to, 100, 103);
}

// Of no file: the address is null, the descriptor none.
void add_modes(std::vector<Question>& to) {
    constexpr auto kNone = ~std::uint64_t{0};
    for (const auto& [name, call, first, at] :
         {std::tuple{"chmod", SYS_chmod, std::uint64_t{0}, 1UL},
          {"fchmod", SYS_fchmod, kNone, 1UL},
          {"fchmodat", SYS_fchmodat, kNone, 2UL},
          {"fchmodat2", 452L, kNone, 2UL}}) {
        const Series mode{
            std::string(name) + " mode", "mode", static_cast<std::uint32_t>(call), {first}, at};
        for (const std::uint64_t bits :
             {0, 0777, S_ISVTX, S_ISGID, S_ISUID, S_ISUID | 0755, 07777}) {
            mode.add(to, bits);
        }
        mode.add(to, kHigh | S_ISUID);
    }
}

// Of nothing: every path is null.
void add_opens(std::vector<Question>& to) {
    for (const auto& [name, call, at] :
         {std::tuple{"open", SYS_open, 1UL}, {"openat", SYS_openat, 2UL}}) {
        const Series flags{
            std::string(name) + " flags", "open", static_cast<std::uint32_t>(call), {}, at};
        flags.add(to, 0, O_ACCMODE);
        for (const std::uint64_t more : {O_CREAT | O_TRUNC, O_PATH, O_TMPFILE}) {
            flags.add(to, more | O_WRONLY);
            flags.add(to, more | O_ACCMODE);
        }
        flags.add(to, kHigh | O_ACCMODE);
    }
    for (const auto& [name, call, at] :
         {std::tuple{"mknod", SYS_mknod, 1UL}, {"mknodat", SYS_mknodat, 2UL}}) {
        const Series mode{
            std::string(name) + " mode", "mode", static_cast<std::uint32_t>(call), {}, at};
        for (std::uint64_t kind = 0; kind <= S_IFMT; kind += S_IFIFO) mode.add(to, kind);
        mode.add(to, S_IFIFO | 0666);
        mode.add(to, kHigh | S_IFCHR);
    }
    constexpr std::uint64_t kPointers[] = {0, 1, 1U << 31, kHigh, kHigh << 31};
    for (const std::size_t at : {1, 2}) {
        const Series pointer{
            "utimensat, null but for argument " + std::to_string(at), "", SYS_utimensat, {}, at};
        for (const auto value : kPointers) pointer.add(to, value);
    }
    const Series persona{"personality", "persona", SYS_personality, {}, 0};
    for (const std::uint64_t value : std::initializer_list<std::uint64_t>{
             0, PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC}) {
        persona.add(to, value);
        if (value > PER_LINUX32) persona.add(to, PER_LINUX32 | value);
    }
    persona.add(to, 0xffffffff);
    persona.add(to, kHigh | ADDR_NO_RANDOMIZE);
}

void add_clones(std::vector<Question>& to) {
    constexpr std::uint64_t kThread =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const Series alone{"clone flags", "clone", SYS_clone, {}, 0};
    const Series thread{"clone flags, of a thread and", "clone", SYS_clone, {}, 0};
    alone.add(to, 0);
    alone.add(to, 17);  // SIGCHLD: fork()
    alone.add(to, CLONE_VM | CLONE_VFORK | 17);
    alone.add(to, kThread);
    for (unsigned bit = 7; bit < 33; ++bit) {
        const auto flag = std::uint64_t{1} << bit;
        alone.add(to, flag);
        thread.add(to, kThread | flag);
        to.back().name = value_name("clone", flag);
    }
}

}  // namespace

std::vector<Question> every_number(Entry entry) {
    std::vector<Question> all;
    const std::uint32_t end = entry == Entry::i386 ? 512 : 1024;
    for (std::uint32_t number = 0; number < end; ++number) {
        const bool named = entry == Entry::x86_64;
        if (named && before_any_filter(number)) continue;
        const auto* group = named ? "x86-64" : entry == Entry::x32 ? "x32" : "i386";
        all.push_back({group, number, named ? call_name(number) : "", {entry, number}});
    }
    return all;
}

std::vector<Question> every_argument() {
    std::vector<Question> all;
    add_sockets(all);
    add_flags(all);
    add_options(all);
    add_memory(all);
    add_modes(all);
    add_opens(all);
    add_clones(all);
    const Series control{"fcntl command", "fcntl", SYS_fcntl, {}, 1};
    control.add(all, 0, 40);
    control.add(all, 1024, 1050);
    control.add(all, kHigh, kHigh + 4);
    const Series device{"ioctl request", "ioctl", SYS_ioctl, {}, 1};
    device.add(all, 0x5400, 0x547f);  // terminals
    device.add(all, 0x8900, 0x89ff);  // sockets
    for (const auto other : std::initializer_list<std::uint64_t>{
             FIBMAP, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_FIEMAP,
             FS_IOC_ENABLE_VERITY, BTRFS_IOC_SUBVOL_CREATE, FICLONE, FIDEDUPERANGE, FIFREEZE,
             FITRIM, BLKDISCARD, TUNSETIFF}) {
        device.add(all, other);
    }
    const Series process{"prctl option", "prctl", SYS_prctl, {}, 0};
    process.add(all, 0, 90);
    process.add(all, PR_SET_PTRACER);
    process.add(all, PR_SET_VMA);
    process.add(all, kHigh + PR_SET_SECCOMP);
    return all;
}

std::vector<std::pair<std::string, std::vector<Question>>> sweeps() {
    return {{"numbers", every_number(Entry::x86_64)},
            {"x32", every_number(Entry::x32)},
            {"i386", every_number(Entry::i386)},
            {"arguments", every_argument()}};
}

}  // namespace bulkhead::test
