#include "common/view/user_space.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <set>
#include <string>

#include "common/base/parse.hpp"
#include "common/sandbox/child.hpp"

namespace bulkhead::view {

namespace {

using Ids = std::set<std::uint32_t>;

std::string row(std::uint64_t inside, std::uint64_t outside, std::uint64_t count) {
    if (count == 0) return "";
    return std::to_string(inside) + " " + std::to_string(outside) + " " + std::to_string(count) +
           "\n";
}

// The lines of uid_map or gid_map for IdMap::files. The range ends before 2^32 - 1, which is no
// valid id (user_namespaces(7)).
std::string map_of_files(const Ids& own) {
    std::string rows;
    std::uint64_t next = 0;
    for (const std::uint64_t id : own) {
        rows += row(next, kFileIdShift + next, id - next) + row(id, id, 1);
        next = id + 1;
    }
    return rows + row(next, kFileIdShift + next, kFileIdShift - 1 - next);
}

Result<> put(const std::string& path, const std::string& text) {
    const sys::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return sys::fail_errno(path);
    return within(path, sys::write_all(file, as_bytes(text)));  // a map can be written only once
}

Result<> put_maps(const std::string& process, const sandbox::ProcessIds& job, IdMap map) {
    const auto [uid, gid] = job.user;
    Ids groups(job.groups.begin(), job.groups.end());
    groups.insert(gid);
    const bool files = map == IdMap::files;
    const std::string all = row(0, 0, 0xffffffff);
    TRY(put(process + "/uid_map", files ? map_of_files({uid}) : all));
    return put(process + "/gid_map", files ? map_of_files(groups) : all);
}

}  // namespace

Result<sys::Fd> make_user_namespace(const sandbox::ProcessIds& job, IdMap map) {
    const sandbox::Raised raised(sandbox::kAllCapabilities);
    auto said = TRY(sys::make_pipe());
    auto until = TRY(sys::make_pipe());
    const pid_t parent = ::getpid();
    // With CLONE_FILES the child shares this process's descriptor table, so this process owns what
    // the child opens.
    auto holder = TRY(sandbox::Child::start(CLONE_FILES, -1, [&] {
        std::array<char, 16> self{};
        std::string answer = "-";
        if (::unshare(CLONE_NEWUSER) != 0) {
            answer += std::to_string(errno);
        } else if (::readlink("/proc/self", self.data(), self.size() - 1) > 0) {
            const int space = ::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
            answer = std::to_string(space) + " " + self.data();
        }
        // Again: unshare(2) changes the credentials, which may clear it (prctl(2)). The parent
        // holds the other end of `until` in the same table, so that its death alone would not end
        // read(2).
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(0);
        static_cast<void>(sys::write_all(said.write, as_bytes(answer + "\n")));
        char end = 0;
        [[maybe_unused]] const auto ended = ::read(until.read.get(), &end, 1);
        ::_exit(0);
    }));
    // If the child dies, read(2) would wait for ever, because this process has the write end open
    // too. So poll(2) waits for the child's end as well.
    std::array<pollfd, 2> either{
        pollfd{.fd = said.read.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = holder.pidfd().get(), .events = POLLIN, .revents = 0}};
    ::poll(either.data(), either.size(), -1);
    if (either[0].revents == 0) return fail("user namespace: a child process died");
    std::array<char, 64> buffer{};
    const auto size = ::read(said.read.get(), buffer.data(), buffer.size());
    const auto parts =
        words(std::string_view(buffer.data(), size > 0 ? static_cast<std::size_t>(size) - 1 : 0));
    if (parts.size() != 2) {
        const auto number = parts.empty() ? 0 : parse_number<int>(parts[0].substr(1)).value_or(0);
        return sys::fail_errno("user namespace", number);
    }
    sys::Fd space(TRY(parse_number<int>(parts[0])));
    TRY(put_maps("/proc/" + std::string(parts[1]), job, map));
    return space;
}

Result<> enter_user_namespace(const sys::Fd& space) {
    return sys::check(::setns(space.get(), CLONE_NEWUSER), "enter the user namespace");
}

}  // namespace bulkhead::view
