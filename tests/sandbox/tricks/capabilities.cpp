// What the capabilities of a job do and do not reach.
#include <arpa/inet.h>
#include <fcntl.h>
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
}  // namespace

std::vector<Trick> capability_tricks() {
    return {
        // effective "of" bounding. maintain: CAP_DAC_OVERRIDE, CAP_FOWNER; admin: see its profile.
        {.name = "capabilities",
         .layer = "capabilities",
         .answers = {.inspect = "0 of 0",
                     .diagnose = "0 of 0",
                     .maintain = "a of a",
                     .admin = "4fcacffff of 4fcacffff",
                     .bare = "*"},
         .play = [](const Place&) { return capabilities(); }},
        {.name = "raise-sys-admin",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return raise_capability(CAP_SYS_ADMIN); }},
        {.name = "raise-net-admin",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return raise_capability(CAP_NET_ADMIN); }},
        {.name = "raise-chown",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return raise_capability(CAP_CHOWN); }},
        {.name = "unlock-securebits",
         .layer = "capabilities",
         .answers = {.inspect = "EPERM",
                     .diagnose = "EPERM",
                     .maintain = "EPERM",
                     .admin = "EPERM",
                     .bare = "ok"},
         .play =
             [](const Place&) {
                 return answer(::prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0));
             }},
        {.name = "chown",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play =
             [](const Place&) {
                 const OwnFile file;
                 return answer(::fchown(file.fd.get(), kStranger, kStranger));
             }},
        {.name = "set-file-capability",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return file_capability(); }},
        {.name = "chmod-anothers-file",
         .layer = "capabilities",
         .answers = {.inspect = "ENOENT view",
                     .diagnose = "ENOENT view",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return answer(::chmod(place.at("others").c_str(), 0600)); }},
        // nosuid holds in the job's view only; outside of it the file is what its mode says.
        {.name = "make-anothers-file-set-user-id",
         .layer = "capabilities",
         .answers = {.inspect = "ENOENT view",
                     .diagnose = "ENOENT view",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return answer(::chmod(place.at("others").c_str(), 04755)); }},
        {.name = "read-anothers-file",
         .layer = "capabilities",
         .answers = {.inspect = "ENOENT view",
                     .diagnose = "ENOENT view",
                     .maintain = "EACCES Landlock",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return answer(::open(place.at("others").c_str(), O_RDONLY));
             }},
        {.name = "remove-anothers-file",
         .layer = "capabilities",
         .answers = {.inspect = "ENOENT view",
                     .diagnose = "ENOENT view",
                     .maintain = "ok",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return answer(::unlink(place.at("others").c_str())); }},
        {.name = "make-node-in-dev",
         .layer = "capabilities",
         .answers = {.inspect = "EROFS view",
                     .diagnose = "EROFS view",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place&) {
                 const char* path = "/dev/bulkhead-trick";
                 const auto said = answer(::mknod(path, S_IFCHR | 0600, (1U << 8) | 3));
                 ::unlink(path);
                 return said;
             }},
        {.name = "chroot",
         .layer = "seccomp",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::chroot("/")); }},
        {.name = "set-host-name",
         .layer = "capabilities",
         .answers = only_admin("EPERM seccomp"),
         .play =
             [](const Place&) {
                 std::array<char, 65> name{};
                 ::gethostname(name.data(), name.size());
                 return answer(::sethostname(name.data(), std::string(name.data()).size()));
             }},
        {.name = "set-interface-flags",
         .layer = "capabilities",
         .answers = {.inspect = "EPERM",
                     .diagnose = "EPERM",
                     .maintain = "ENOTTY seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return set_interface_flags(); }},
        {.name = "open-raw-socket",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }},
        {.name = "bind-port-1009",
         .layer = "capabilities",
         .answers = only_admin("EACCES"),
         .play = [](const Place&) { return bind_below_1024(); }},
        {.name = "raise-priority",
         .layer = "capabilities",
         .answers = only_admin("EACCES"),
         .play = [](const Place&) { return answer(::setpriority(PRIO_PROCESS, 0, -5)); }},
        {.name = "real-time-priority",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play =
             [](const Place&) {
                 const sched_param lowest{1};
                 return answer(::sched_setscheduler(0, SCHED_FIFO, &lowest));
             }},
        // SYSLOG_ACTION_SIZE_UNREAD
        {.name = "read-kernel-log",
         .layer = "capabilities",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::klogctl(9, nullptr, 0)); }},
        {.name = "raise-hard-limit",
         .layer = "capabilities",
         .answers = {.inspect = "EPERM",
                     .diagnose = "EPERM",
                     .maintain = "EPERM",
                     .admin = "EPERM",
                     .bare = "*"},
         .play =
             [](const Place&) {
                 const rlimit more{1 << 16, 1 << 16};
                 return answer(::setrlimit(RLIMIT_NOFILE, &more));
             }},
    };
}

}  // namespace bulkhead::sandbox_test
