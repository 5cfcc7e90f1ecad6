#include "tests/malicious_worker/names.hpp"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <cstdlib>
#include <memory>

#include "common/sandbox/seccomp.hpp"

namespace bulkhead::test {

namespace {

struct Constant {
    std::string_view call;
    std::uint64_t value;
    std::string_view name;
};

// clang-format off
#define NAMED(call, name) {call, static_cast<std::uint64_t>(name), #name}
constexpr Constant kConstants[] = {
    NAMED("family", AF_UNSPEC), NAMED("family", AF_UNIX), NAMED("family", AF_INET),
    NAMED("family", AF_INET6), NAMED("family", AF_NETLINK), NAMED("family", AF_PACKET),
    NAMED("family", AF_ALG), NAMED("family", AF_VSOCK), NAMED("family", AF_XDP),
    NAMED("family", AF_BLUETOOTH), NAMED("family", AF_CAN), NAMED("family", AF_KEY),
    NAMED("family", AF_RDS), NAMED("family", AF_TIPC),
    NAMED("type", SOCK_STREAM), NAMED("type", SOCK_DGRAM), NAMED("type", SOCK_RAW),
    NAMED("type", SOCK_RDM), NAMED("type", SOCK_SEQPACKET), NAMED("type", SOCK_DCCP),
    NAMED("type", SOCK_PACKET),
    NAMED("protocol", IPPROTO_ICMP), NAMED("protocol", IPPROTO_TCP), NAMED("protocol", IPPROTO_UDP),
    NAMED("protocol", IPPROTO_ICMPV6), NAMED("protocol", IPPROTO_SCTP),
    NAMED("protocol", IPPROTO_UDPLITE), NAMED("protocol", IPPROTO_RAW),
    NAMED("protocol", IPPROTO_MPTCP),
    NAMED("netlink", NETLINK_ROUTE), NAMED("netlink", NETLINK_SOCK_DIAG), NAMED("netlink", NETLINK_XFRM),
    NAMED("netlink", NETLINK_AUDIT), NAMED("netlink", NETLINK_NETFILTER),
    NAMED("netlink", NETLINK_KOBJECT_UEVENT), NAMED("netlink", NETLINK_GENERIC),
    NAMED("netlink", NETLINK_RDMA), NAMED("netlink", NETLINK_CRYPTO),
    NAMED("send", MSG_OOB), NAMED("send", MSG_DONTWAIT), NAMED("send", MSG_NOSIGNAL),
    NAMED("send", MSG_ZEROCOPY), NAMED("send", MSG_FASTOPEN),
    NAMED("clone", CLONE_VM), NAMED("clone", CLONE_FS), NAMED("clone", CLONE_FILES),
    NAMED("clone", CLONE_SIGHAND), NAMED("clone", CLONE_PIDFD), NAMED("clone", CLONE_PTRACE),
    NAMED("clone", CLONE_VFORK), NAMED("clone", CLONE_PARENT), NAMED("clone", CLONE_THREAD),
    NAMED("clone", CLONE_NEWNS), NAMED("clone", CLONE_NEWCGROUP), NAMED("clone", CLONE_NEWUTS),
    NAMED("clone", CLONE_NEWIPC), NAMED("clone", CLONE_NEWUSER), NAMED("clone", CLONE_NEWPID),
    NAMED("clone", CLONE_NEWNET), NAMED("clone", CLONE_IO), NAMED("clone", CLONE_UNTRACED),
    NAMED("prot", PROT_READ), NAMED("prot", PROT_WRITE), NAMED("prot", PROT_EXEC),
    NAMED("mode", S_ISUID), NAMED("mode", S_ISGID), NAMED("mode", S_ISVTX),
    NAMED("mode", S_IFREG), NAMED("mode", S_IFIFO), NAMED("mode", S_IFCHR), NAMED("mode", S_IFBLK),
    NAMED("mode", S_IFSOCK), NAMED("open", O_WRONLY), NAMED("open", O_RDWR), NAMED("open", O_ACCMODE),
    NAMED("persona", PER_LINUX32), NAMED("persona", UNAME26), NAMED("persona", ADDR_NO_RANDOMIZE),
    NAMED("persona", READ_IMPLIES_EXEC),
    NAMED("madvise", MADV_DONTNEED), NAMED("madvise", MADV_FREE), NAMED("madvise", MADV_HUGEPAGE),
    NAMED("madvise", MADV_MERGEABLE), NAMED("madvise", MADV_HWPOISON),
    NAMED("fcntl", F_DUPFD), NAMED("fcntl", F_GETFD), NAMED("fcntl", F_SETFD),
    NAMED("fcntl", F_GETFL), NAMED("fcntl", F_SETFL), NAMED("fcntl", F_GETLK),
    NAMED("fcntl", F_SETLK), NAMED("fcntl", F_SETLKW), NAMED("fcntl", F_SETOWN),
    NAMED("fcntl", F_GETOWN), NAMED("fcntl", F_SETSIG), NAMED("fcntl", F_SETOWN_EX),
    NAMED("fcntl", F_SETLEASE), NAMED("fcntl", F_NOTIFY), NAMED("fcntl", F_DUPFD_CLOEXEC),
    NAMED("fcntl", F_SETPIPE_SZ), NAMED("fcntl", F_GETPIPE_SZ), NAMED("fcntl", F_ADD_SEALS),
    NAMED("fcntl", F_GET_SEALS), NAMED("fcntl", F_SET_RW_HINT), NAMED("fcntl", F_SET_FILE_RW_HINT),
    NAMED("ioctl", TCGETS), NAMED("ioctl", TIOCSTI), NAMED("ioctl", TIOCLINUX),
    NAMED("ioctl", FIONREAD), NAMED("ioctl", FIONBIO), NAMED("ioctl", FIOASYNC),
    NAMED("ioctl", TIOCSETD), NAMED("ioctl", TIOCGWINSZ), NAMED("ioctl", FIOCLEX),
    NAMED("ioctl", FIONCLEX), NAMED("ioctl", SIOCGIFBR), NAMED("ioctl", SIOCBRADDBR),
    NAMED("ioctl", SIOCGIFVLAN), NAMED("ioctl", SIOCSIFVLAN), NAMED("ioctl", FIBMAP),
    NAMED("ioctl", FICLONE), NAMED("ioctl", FS_IOC_GETFLAGS), NAMED("ioctl", FS_IOC_SETFLAGS),
    NAMED("ioctl", FS_IOC_FSSETXATTR), NAMED("ioctl", FS_IOC_FIEMAP),
    NAMED("ioctl", FS_IOC_ENABLE_VERITY), NAMED("ioctl", BTRFS_IOC_SUBVOL_CREATE),
    NAMED("ioctl", TIOCSCTTY), NAMED("ioctl", SIOCGIFCONF), NAMED("ioctl", SIOCSIFFLAGS),
    NAMED("prctl", PR_SET_PDEATHSIG), NAMED("prctl", PR_SET_DUMPABLE),
    NAMED("prctl", PR_GET_DUMPABLE), NAMED("prctl", PR_SET_KEEPCAPS), NAMED("prctl", PR_SET_NAME),
    NAMED("prctl", PR_GET_SECCOMP), NAMED("prctl", PR_SET_SECCOMP),
    NAMED("prctl", PR_CAPBSET_READ), NAMED("prctl", PR_CAPBSET_DROP),
    NAMED("prctl", PR_SET_SECUREBITS), NAMED("prctl", PR_SET_MM),
    NAMED("prctl", PR_SET_CHILD_SUBREAPER), NAMED("prctl", PR_SET_NO_NEW_PRIVS),
    NAMED("prctl", PR_GET_NO_NEW_PRIVS), NAMED("prctl", PR_CAP_AMBIENT),
    NAMED("prctl", PR_SET_SPECULATION_CTRL), NAMED("prctl", PR_SET_SYSCALL_USER_DISPATCH),
    NAMED("prctl", PR_SET_PTRACER), NAMED("prctl", PR_SET_VMA)};
// clang-format on
#undef NAMED

}  // namespace

// Of libseccomp, and of the calls that are younger than it.
std::string call_name(std::uint32_t number) {
    const std::unique_ptr<char, void (*)(void*)> known(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number)), std::free);
    if (known) return known.get();
    for (const char* young :
         {"map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount",
          "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat",
          "getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr",
          "file_setattr"}) {
        if (sandbox::syscall_number(young) == static_cast<int>(number)) return young;
    }
    return "";
}

std::string value_name(std::string_view of, std::uint64_t value) {
    for (const auto& one : kConstants) {
        if (one.call == of && one.value == value) return std::string(one.name);
    }
    return "";
}

}  // namespace bulkhead::test
