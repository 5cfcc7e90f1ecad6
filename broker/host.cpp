#include "broker/host.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "common/sys/walk.hpp"
#include "common/view/user_space.hpp"

namespace bulkhead::broker {

namespace {

using policy::Wall;

Result<sys::Dir> own_directory(const std::string& path, mode_t mode, const sandbox::User& owner) {
    const auto place = TRY(within("create directory " + path, sys::walk_to_place(path)));
    const int above = place.dir.fd();
    if (::mkdirat(above, place.name.c_str(), mode) == 0) {
        if (::fchownat(above, place.name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0)
            return sys::fail_errno("chown " + path);
    } else if (errno != EEXIST) {
        return sys::fail_errno("create directory " + path);
    }
    auto found = place.dir.open_dir(place.name);
    if (!found && found.error().code == ELOOP) found = sys::walk_to_dir(path);
    auto dir = TRY(within(path, std::move(found)));
    struct stat info {};
    if (::fstat(dir.fd(), &info) != 0) return sys::fail_errno(path);
    if (info.st_uid != owner.uid || (info.st_mode & 022) != 0) {
        return fail(path + ": must belong to user " + std::to_string(owner.uid) +
                    " and not be writable by group or others; run: chown " +
                    std::to_string(owner.uid) + " " + path + " && chmod go-w " + path);
    }
    return dir;
}

// The group that may connect to the status sockets, besides root. No worker's account is in it.
constexpr std::string_view kOperators = "bulkhead";

Result<sys::Fd> listen_at(const std::string& path, gid_t group) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(path + ": too long for a socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return sys::fail_errno("socket");
    ::unlink(path.c_str());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(socket.get(), generic, sizeof address) != 0) return sys::fail_errno("bind " + path);
    if (::chown(path.c_str(), 0, group) != 0 || ::chmod(path.c_str(), 0660) != 0) {
        return sys::fail_errno("permissions of " + path);
    }
    if (::listen(socket.get(), 4) != 0) return sys::fail_errno("listen " + path);
    return socket;
}

// The directory of this program's file (proc(5), /proc/self/exe), whatever argv[0] says.
std::string own_folder() {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/self/exe", failed).parent_path().string();
}

bool is_file(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

Result<Directories> prepare_directories(const Options& options) {
    const sandbox::User root{};
    TRY(within("--state", own_directory(options.state, 0755, root)));
    auto broker_state = TRY(own_directory(options.state + "/broker", 0700, root));
    TRY(own_directory(options.state + "/broker/requests", 0700, root));
    auto worker_states = TRY(own_directory(options.state + "/workers", 0700, root));
    TRY(own_directory(options.state + "/scripts", 0711, root));
    auto logs = TRY(within("--log-dir", own_directory(options.log_dir, 0750, root)));
    TRY(within("--run-dir", own_directory(options.run_dir, 0755, root)));
    TRY(own_directory(options.run_dir + "/reboot", 0700, root));
    TRY(own_directory(options.run_dir + "/status", 0755, root));
    return Directories{std::move(broker_state), std::move(worker_states), std::move(logs)};
}

Result<> remove_files_in(const std::string& directory) {
    const auto dir = TRY(sys::Dir::open(directory));
    for (const auto& name : TRY(dir.list())) TRY(dir.remove_file(name));
    return {};
}

Result<HomePlaces> make_home(const Options& options, const std::string& backend,
                             const sandbox::User& user) {
    auto state = TRY(own_directory(options.state + "/workers/" + backend, 0700, user));
    const auto group = sandbox::find_group(kOperators).value_or(user.gid);
    auto status = TRY(listen_at(options.run_dir + "/status/" + backend + ".sock", group));
    return HomePlaces{std::move(state), std::move(status)};
}

Result<sys::Fd> open_config(const std::string& path) {
    const auto found = sys::walk(path, "/");
    if (!found && found.error().code == ENOENT && path == Options{}.config) {
        sys::Fd none(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (none) return none;
    }
    if (!found && found.error().code == ENOENT) return fail(path + " does not exist", ENOENT);
    if (!found) return within("configuration", found.error());
    TRY(within("configuration", sys::require_roots_file(*found, path)));
    return sys::reopen(*found, O_RDONLY | O_NONBLOCK);
}

std::uint64_t loader_capabilities(const policy::Policy& policy) {
    return policy.artifacts ? policy.part("loader").capabilities : 0;
}

Result<std::uint64_t> ceiling_of(const policy::Policy& policy, std::uint64_t reachable) {
    const auto require = [&](std::uint64_t wanted, const std::string& who) -> Result<> {
        // adjtimex(2), by which root asks about the clock, would set it for whoever has SYS_TIME.
        const auto lacking = wanted & (~reachable | sandbox::capability(CAP_SYS_TIME));
        if (lacking == 0) return {};
        return fail(who + ": needs " + policy::capability_names(lacking) +
                    ", which this broker does not have, or has given up: restart it; see also "
                    "CapabilityBoundingSet= of its unit");
    };
    const auto& own = policy.part("broker");
    TRY(require(own.capabilities | own.in_force, own.source.file));
    auto ceiling = own.capabilities | own.in_force | (own.wished & reachable);
    for (const auto& [name, profile] : policy.profiles) {
        TRY(require(profile.capabilities, profile.source.file));
        ceiling |= profile.capabilities;
    }
    // What the unit does not give makes the loader unusable, and nothing else.
    return ceiling | (loader_capabilities(policy) & reachable);
}

policy::WallSet not_raised_here() {
    if (view::make_user_namespace({.user = {1, 1}, .groups = {}}, view::IdMap::files)) return {};
    return {policy::Wall::id_map};
}

Result<sandbox::Standing> harden_self() {
    sandbox::Standing standing;
    TRY(standing.add({Wall::not_dumpable}, sandbox::refuse_dumps()));
    ::signal(SIGPIPE, SIG_IGN);  // writing to a log whose reader is gone fails with EPIPE instead
    if (::chdir("/") != 0) return sys::fail_errno("chdir /");
    ::umask(S_IWGRP | S_IWOTH);  // until limit_self(): directories are made with their modes
    return standing;
}

Result<> limit_self(const policy::Profile& own) {
    // Only the soft limit, because a profile may give its jobs more. (RLIMIT_NPROC does not hold
    // root, setrlimit(2).)
    rlimit files{};
    TRY(sys::check(::getrlimit(RLIMIT_NOFILE, &files), "getrlimit"));
    TRY(sandbox::set_limit(RLIMIT_NOFILE, std::min<rlim_t>(own.limits.open_files, files.rlim_max),
                           files.rlim_max));
    ::umask(own.umask);
    return {};
}

std::string default_worker_path() {
    const auto folder = own_folder();
    const auto beside = folder + "/worker";
    return is_file(beside) ? beside : folder + "/../worker/worker";
}

std::string default_loader_path() {
    const auto folder = own_folder();
    const auto beside = folder + "/bulkhead-loader";
    const auto built = folder + "/../loader/bulkhead-loader";
    return is_file(beside) || !is_file(built) ? beside : built;
}

std::string tool_path() {
    const auto folder = own_folder();
    const auto installed = folder + "/../../bin/bulkhead";
    return is_file(installed) ? installed : folder + "/../cli/bulkhead";
}

}  // namespace bulkhead::broker
