// Who a job is, and what its capabilities do and do not reach.
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

constexpr uid_t kStranger = 4242;

std::string hex(std::uint64_t value) {
    char text[20];
    std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
    return text;
}

// A file of one's own where every profile may write.
struct OwnFile {
    std::string path = "/tmp/bulkhead-trick-XXXXXX";
    sys::Fd fd{::mkostemp(path.data(), O_CLOEXEC)};
    ~OwnFile() { ::unlink(path.c_str()); }
};

std::string raise_capability(cap_value_t capability) {
    cap_t sets = cap_get_proc();
    cap_set_flag(sets, CAP_PERMITTED, 1, &capability, CAP_SET);
    cap_set_flag(sets, CAP_EFFECTIVE, 1, &capability, CAP_SET);
    const auto said = answer(cap_set_proc(sets));
    cap_free(sets);
    return said;
}

std::string capabilities() {
    const auto seen = sandbox::read_proc_status(::getpid());
    if (!seen) return seen.error().what;
    return hex(seen->effective) + " of " + hex(seen->bounding);
}

// Set to what they are: a change of nothing that needs CAP_NET_ADMIN all the same.
std::string set_interface_flags() {
    const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return "no lo";
    return answer(::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

std::string bind_below_1024() {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(1009);
    return answer(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
}

std::string file_capability() {
    const OwnFile file;
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2;
    data.data[0].permitted = 1U << CAP_CHOWN;
    return answer(::fsetxattr(file.fd.get(), "security.capability", &data, XATTR_CAPS_SZ_2, 0));
}

// As whoever is not root: a file that says "run me as root".
std::string run_set_user_id(const Place& place) {
    constexpr uid_t kGames = 5;
    if (::geteuid() == 0 && ::setresuid(kGames, kGames, kGames) != 0) return answer(-1);
    return output_of({place.at("set-user-id"), "--euid"});
}

}  // namespace

std::vector<Trick> identity_tricks() {
    return {
        {"become-root",
         "uid",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::setresuid(0, 0, 0)); }},
        {"become-stranger",
         "uid",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::setresuid(kStranger, kStranger, kStranger)); }},
        {"take-group-root",
         "uid",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::setresgid(0, 0, 0)); }},
        {"take-more-groups",
         "uid",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) {
             const gid_t group = 0;
             return answer(::setgroups(1, &group));
         }},
        {"who-am-i",
         "uid",
         {"5:60+0", "38:38+2", "5:60+0", "0:0+0", "*"},
         [](const Place&) {
             return std::to_string(::getuid()) + ":" + std::to_string(::getgid()) + "+" +
                    std::to_string(::getgroups(0, nullptr));
         }},
        {"read-roots-file",
         "uid",
         {"EACCES", "EACCES", "ENOENT view", "ok", "ok"},
         [](const Place& place) {
             return answer(::open((place.at("root") + "/secret").c_str(), O_RDONLY));
         }},
        {"run-set-user-id", "no_new_privs", {"5", "38", "5", "5", "0"}, run_set_user_id},
        {"no-new-privs",
         "no_new_privs",
         {"1", "1", "1", "1", "*"},
         [](const Place&) { return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }},

        // effective "of" bounding. maintain: CAP_DAC_OVERRIDE, CAP_FOWNER; admin: see its profile.
        {"capabilities",
         "capabilities",
         {"0 of 0", "0 of 0", "a of a", "4fcacffff of 4fcacffff", "*"},
         [](const Place&) { return capabilities(); }},
        {"raise-sys-admin",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return raise_capability(CAP_SYS_ADMIN); }},
        {"raise-net-admin",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return raise_capability(CAP_NET_ADMIN); }},
        {"raise-chown",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return raise_capability(CAP_CHOWN); }},
        {"unlock-securebits",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "EPERM", "ok"},
         [](const Place&) {
             return answer(::prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0));
         }},
        {"chown",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) {
             const OwnFile file;
             return answer(::fchown(file.fd.get(), kStranger, kStranger));
         }},
        {"set-file-capability",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return file_capability(); }},
        {"chmod-anothers-file",
         "capabilities",
         {"ENOENT view", "ENOENT view", "EPERM seccomp", "ok", "ok"},
         [](const Place& place) { return answer(::chmod(place.at("others").c_str(), 0600)); }},
        // nosuid holds in the job's view only; outside of it the file is what its mode says.
        {"make-anothers-file-set-user-id",
         "capabilities",
         {"ENOENT view", "ENOENT view", "EPERM seccomp", "ok", "ok"},
         [](const Place& place) { return answer(::chmod(place.at("others").c_str(), 04755)); }},
        {"read-anothers-file",
         "capabilities",
         {"ENOENT view", "ENOENT view", "EACCES Landlock", "ok", "ok"},
         [](const Place& place) { return answer(::open(place.at("others").c_str(), O_RDONLY)); }},
        {"remove-anothers-file",
         "capabilities",
         {"ENOENT view", "ENOENT view", "ok", "ok", "ok"},
         [](const Place& place) { return answer(::unlink(place.at("others").c_str())); }},
        {"make-node-in-dev",
         "capabilities",
         {"EROFS view", "EROFS view", "EPERM seccomp", "ok", "ok"},
         [](const Place&) {
             const char* path = "/dev/bulkhead-trick";
             const auto said = answer(::mknod(path, S_IFCHR | 0600, (1U << 8) | 3));
             ::unlink(path);
             return said;
         }},
        {"chroot",
         "seccomp",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::chroot("/")); }},
        {"set-host-name",
         "capabilities",
         {"EPERM seccomp", "EPERM seccomp", "EPERM seccomp", "ok", "ok"},
         [](const Place&) {
             std::array<char, 65> name{};
             ::gethostname(name.data(), name.size());
             return answer(::sethostname(name.data(), std::string(name.data()).size()));
         }},
        {"set-interface-flags",
         "capabilities",
         {"EPERM", "EPERM", "ENOTTY seccomp", "ok", "ok"},
         [](const Place&) { return set_interface_flags(); }},
        {"open-raw-socket",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }},
        {"bind-port-1009",
         "capabilities",
         {"EACCES", "EACCES", "EACCES", "ok", "ok"},
         [](const Place&) { return bind_below_1024(); }},
        {"raise-priority",
         "capabilities",
         {"EACCES", "EACCES", "EACCES", "ok", "ok"},
         [](const Place&) { return answer(::setpriority(PRIO_PROCESS, 0, -5)); }},
        {"real-time-priority",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) {
             const sched_param lowest{1};
             return answer(::sched_setscheduler(0, SCHED_FIFO, &lowest));
         }},
        // SYSLOG_ACTION_SIZE_UNREAD
        {"read-kernel-log",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "ok", "ok"},
         [](const Place&) { return answer(::klogctl(9, nullptr, 0)); }},
        {"raise-hard-limit",
         "capabilities",
         {"EPERM", "EPERM", "EPERM", "EPERM", "*"},
         [](const Place&) {
             const rlimit more{1 << 16, 1 << 16};
             return answer(::setrlimit(RLIMIT_NOFILE, &more));
         }},
    };
}

}  // namespace bulkhead::sandbox_test
