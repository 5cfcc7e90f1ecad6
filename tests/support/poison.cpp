#include "tests/support/poison.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace bulkhead::test {

namespace {

constexpr int kDeep = 3'000;
constexpr int kMany = 30'000;
constexpr uid_t kNobody = 65534;

void must(bool done, const char* what) {
    if (done) return;
    ::perror(what);
    std::abort();
}

sys::Dir make(const sys::Dir& dir, const std::string& name) {
    auto made = dir.make_dir(name, 0700);
    must(made.has_value(), name.c_str());
    return *std::move(made);
}

void file(const sys::Dir& dir, const std::string& name, mode_t mode = 0600) {
    const sys::Fd made(::openat(dir.fd(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, mode));
    must(static_cast<bool>(made), name.c_str());
}

void socket_at(const sys::Dir& dir, const std::string& name) {
    const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = "/proc/self/fd/" + std::to_string(dir.fd()) + "/" + name;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    must(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
}

void shut(const sys::Dir& dir, const std::string& name, mode_t mode) {
    {
        const auto outer = make(dir, name);
        const auto inner = make(outer, "inner");
        file(inner, "file", 0);
        must(::fchmod(inner.fd(), mode) == 0, "chmod");
        must(::fchmod(outer.fd(), mode) == 0, "chmod");
    }
}

}  // namespace

std::vector<Poison> all_poison() {
    using Name = const std::string&;
    return {
        {"File", [](const sys::Dir& dir, Name name) { file(dir, name); }},
        {"UnreadableFile", [](const sys::Dir& dir, Name name) { file(dir, name, 0); }},
        {"Directory", [](const sys::Dir& dir, Name name) { file(make(dir, name), "x"); }},
        {"Fifo", [](const sys::Dir& dir,
                    Name name) { must(::mkfifoat(dir.fd(), name.c_str(), 0600) == 0, "mkfifo"); }},
        {"Socket", socket_at},
        {"BrokenLink",
         [](const sys::Dir& dir, Name name) {
             must(::symlinkat("nowhere", dir.fd(), name.c_str()) == 0, "symlink");
         }},
        {"LinkToRoot",
         [](const sys::Dir& dir, Name name) {
             must(::symlinkat("/", dir.fd(), name.c_str()) == 0, "symlink");
         }},
        {"LinkToItself",
         [](const sys::Dir& dir, Name name) {
             must(::symlinkat(name.c_str(), dir.fd(), name.c_str()) == 0, "symlink");
         }},
        {"SparseFile",
         [](const sys::Dir& dir, Name name) {
             file(dir, name);
             const sys::Fd made(::openat(dir.fd(), name.c_str(), O_WRONLY | O_CLOEXEC));
             must(::ftruncate(made.get(), off_t{1} << 40) == 0, "truncate");
         }},
        {"DeepTree",
         [](const sys::Dir& dir, Name name) {
             auto here = make(dir, name);
             for (int i = 0; i < kDeep; ++i) here = make(here, "d");
             file(here, "bottom");
         },
         true},
        {"WideTree",
         [](const sys::Dir& dir, Name name) {
             const auto here = make(dir, name);
             for (int i = 0; i < kMany; ++i) file(here, std::to_string(i));
         },
         true},
        {"TreeOfFullDirectories",
         [](const sys::Dir& dir, Name name) {
             const auto here = make(dir, name);
             for (int i = 0; i < 2'000; ++i) make(make(here, std::to_string(i)), "x");
         },
         true},
        {"OddNames",
         [](const sys::Dir& dir, Name name) {
             const auto here = make(dir, name);
             for (const char* odd : {"-rf", " ", "a\nb", "\xff\xfe", "\x1b[2J", "*", "..."}) {
                 file(make(here, odd), odd);
             }
             file(here, std::string(255, 'x'));
         }},
        {"DirectoryWithoutMode", [](const sys::Dir& dir, Name name) { shut(dir, name, 0); }},
        {"DirectoryToListOnly", [](const sys::Dir& dir, Name name) { shut(dir, name, 0400); }},
        {"DirectoryToEnterOnly", [](const sys::Dir& dir, Name name) { shut(dir, name, 0100); }},
        {"DirectoryReadOnly", [](const sys::Dir& dir, Name name) { shut(dir, name, 0500); }},
    };
}

std::string as_worker(const std::string& place, const std::function<Result<>()>& act) {
    auto pipe = sys::make_pipe().value();
    const bool root = ::geteuid() == 0;
    if (root) must(::chown(place.c_str(), kNobody, kNobody) == 0, "chown");
    const pid_t child = ::fork();
    must(child >= 0, "fork");
    if (child == 0) {
        const rlimit few{.rlim_cur = 256, .rlim_max = 256};
        must(::setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
        if (root) {
            must(::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
                     ::setresuid(kNobody, kNobody, kNobody) == 0,
                 "setresuid");
        }
        const auto done = act();
        if (!done) static_cast<void>(sys::write_all(pipe.write, as_bytes(done.error().what)));
        ::_exit(done ? 0 : 1);
    }
    pipe.write.reset();
    auto said = sys::read_to_end(pipe.read, 1 << 16).value_or("unreadable");
    int status = 0;
    must(::waitpid(child, &status, 0) == child, "waitpid");
    if (root) must(::chown(place.c_str(), 0, 0) == 0, "chown");
    return said.empty() && status != 0 ? "ended with " + std::to_string(status) : said;
}

}  // namespace bulkhead::test
