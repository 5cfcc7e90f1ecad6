// Walls and wide doors of the kernel: name spaces, mounts, new code, keys.
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>

#include "tests/malicious_worker/host_attacks.hpp"

namespace bulkhead::test {

namespace {

template <class... Arguments>
HostAttack killed(const char* name, long number, Arguments... arguments) {
    return {.name = name, .layer = "seccomp", .walls = {"killed"}, .act = [=](const Surroundings&) {
                return ::syscall(number, arguments...);
            }};
}

// Of this program, as the loader has left it: a page of its code, or of what was relocated.
std::uintptr_t page_of(unsigned type, unsigned flags) {
    struct Wanted {
        unsigned type;
        unsigned flags;
        std::uintptr_t page;
    } wanted{type, flags, 0};
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* to) {
            auto& found = *static_cast<Wanted*>(to);
            for (const auto& part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
                if (part.p_type != found.type || (part.p_flags & found.flags) != found.flags) {
                    continue;
                }
                found.page = (object->dlpi_addr + part.p_vaddr) & ~std::uintptr_t{4095};
            }
            return 1;  // the first object is the program
        },
        &wanted);
    return wanted.page;
}

HostAttack sealed(const char* name, long number, std::uintptr_t page, long argument) {
    return {.name = name, .layer = "mseal", .walls = {"EPERM"}, .act = [=](const Surroundings&) {
                return ::syscall(number, page, 4096, argument);
            }};
}

// Linux 6.10 and later.
std::vector<HostAttack> attacks_on_sealed_code() {
    constexpr long kMseal = 462;
    if (::syscall(kMseal, 0, 0, 0) != 0 && errno == ENOSYS) return {};
    const auto code = page_of(PT_LOAD, PF_X);
    const auto relocated = page_of(PT_GNU_RELRO, 0);
    return {sealed("write-own-code", SYS_mprotect, code, PROT_READ | PROT_WRITE),
            sealed("write-own-tables", SYS_mprotect, relocated, PROT_READ | PROT_WRITE),
            sealed("unmap-own-code", SYS_munmap, code, 0)};
}

}  // namespace

std::vector<HostAttack> attacks_on_kernel() {
    std::vector<HostAttack> all{
        // The view
        killed("chroot", SYS_chroot, "."),
        killed("chdir", SYS_chdir, "/"),
        killed("pivot-root", SYS_pivot_root, ".", "."),
        killed("mount", SYS_mount, "none", "/", "tmpfs", 0, nullptr),
        killed("unmount", SYS_umount2, "/", 2),
        killed("open-tree", SYS_open_tree, AT_FDCWD, "/", 1),
        killed("move-mount", SYS_move_mount, 0, "", 0, "", 0),
        killed("fsopen", SYS_fsopen, "tmpfs", 0),
        killed("fspick", SYS_fspick, 0, "/", 0),
        killed("unshare-user", SYS_unshare, CLONE_NEWUSER),
        killed("unshare-mount", SYS_unshare, CLONE_NEWNS),
        killed("setns", SYS_setns, 3, 0),
        killed("name-to-handle", SYS_name_to_handle_at, 0, "", nullptr, nullptr, 0),
        killed("open-by-handle", SYS_open_by_handle_at, 0, nullptr, 0),
        killed("hard-link", SYS_linkat, 0, "a", 0, "b", 0),
        killed("symbolic-link", SYS_symlinkat, "/", 0, "x"),
        killed("read-link", SYS_readlinkat, AT_FDCWD, "/proc/self/exe", nullptr, 0),
        killed("make-a-node", SYS_mknodat, 0, "x", 0020666, 0x103),
        killed("chown", SYS_fchownat, 0, "", 0, 0, 0),
        killed("set-attribute", SYS_setxattr, "/", "user.x", "", 0, 0),
        killed("watch-files", SYS_fanotify_init, 0, 0),
        // New code
        {.name = "map-executable",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                               -1, 0) == MAP_FAILED
                            ? -1L
                            : 0L;
             }},
        {.name = "map-writable-executable",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                            ? -1L
                            : 0L;
             }},
        {.name = "map-memfd-executable",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED,
                               memory("x", kAllSeals, 4096), 0) == MAP_FAILED
                            ? -1L
                            : 0L;
             }},
        {.name = "heap-executable",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 alignas(4096) static char page[4096];
                 return static_cast<long>(::mprotect(page, sizeof page, PROT_READ | PROT_EXEC));
             }},
        killed("key-executable", SYS_pkey_mprotect, 0, 4096, PROT_EXEC, 0),
        killed("personality", SYS_personality, 0x0400000),
        killed("attach-executable", SYS_shmat, 0, nullptr, 0100000),
        killed("upload-library", SYS_uselib, "x"),
        // Its own walls
        {.name = "dumpable-again",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
             }},
        {.name = "tracer-of-itself",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::prctl(PR_SET_PTRACER, -1, 0, 0, 0));
             }},
        {.name = "own-memory-map",
         .layer = "seccomp",
         .walls = {"killed"},
         .act =
             [](const Surroundings&) { return static_cast<long>(::prctl(PR_SET_MM, 0, 0, 0, 0)); }},
        killed("another-filter", SYS_seccomp, 1, 0, nullptr),
        killed("another-ruleset", SYS_landlock_create_ruleset, nullptr, 0, 1),
        killed("higher-limits", SYS_setrlimit, 7, nullptr),
        killed("file-mask", SYS_umask, 0),
        // Wide doors
        killed("bpf", SYS_bpf, 0, nullptr, 0),
        killed("perf", SYS_perf_event_open, nullptr, 0, -1, -1, 0),
        killed("userfaultfd", SYS_userfaultfd, 0),
        killed("io-uring", SYS_io_uring_setup, 1, nullptr),
        killed("io-uring-enter", SYS_io_uring_enter, 0, 0, 0, 0, nullptr),
        killed("keyring", SYS_keyctl, 0, 0, 0, 0, 0),
        killed("add-key", SYS_add_key, "user", "x", "", 0, 0),
        killed("request-key", SYS_request_key, "user", "x", "", 0),
        killed("load-module", SYS_init_module, nullptr, 0, ""),
        killed("load-module-file", SYS_finit_module, 0, "", 0),
        killed("kexec", SYS_kexec_load, 0, 0, nullptr, 0),
        killed("reboot", SYS_reboot, 0xfee1dead, 672274793, 0, nullptr),
        killed("swap", SYS_swapon, "/x", 0),
        killed("kernel-log", SYS_syslog, 3, nullptr, 0),
        killed("set-clock", SYS_clock_settime, 0, nullptr),
        killed("steer-clock", SYS_adjtimex, nullptr),
        killed("host-name", SYS_sethostname, "x", 1),
        killed("ports", SYS_iopl, 3),
        killed("port-range", SYS_ioperm, 0, 1, 1),
        killed("old-code", SYS_modify_ldt, 0, nullptr, 0),
        killed("secret-memory", SYS_memfd_secret, 0),
        killed("shared-memory", SYS_shmget, 0, 4096, 0600),
        killed("message-queue", SYS_msgget, 0, 0600),
        killed("semaphores", SYS_semget, 0, 1, 0600),
        killed("posix-queue", SYS_mq_open, "/x", 0, 0, nullptr),
        killed("timers", SYS_timer_create, 0, nullptr, nullptr),
    };
    for (auto& attack : attacks_on_sealed_code()) all.push_back(std::move(attack));
    return all;
}

}  // namespace bulkhead::test
