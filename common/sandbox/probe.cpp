#include "common/sandbox/probe.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/parse.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::sandbox {

namespace {

using policy::Access;

constexpr std::uint64_t kFuse = 0x65735546;  // FUSE_SUPER_MAGIC (statfs(2)); in no kernel header
constexpr unsigned kTmpfsSince[] = {6, 3};   // the Linux version whose tmpfs has ID-mapped mounts

bool is_private(const policy::Profile& profile, std::string_view path) {
    return path == "/dev/shm" || path == "/run/lock" ||
           (profile.private_tmp && (path == "/tmp" || path == "/var/tmp"));
}

bool user_namespaces_are_off() {
    const auto settings = sys::Dir::open("/proc/sys/user");
    const auto most = settings ? settings->read_file("max_user_namespaces", 64) : fail("");
    return most && *most == "0\n";
}

class Prober {
  public:
    Prober(const policy::Profile& profile, const std::vector<std::string>& missing)
        : profile_(profile), missing_(missing) {}

    Probe run() {
        for (const auto& wall : policy::obligatory_walls(profile_)) {
            if (std::ranges::count(missing_, wall) == 0) continue;
            unusable("needs " + std::string(policy::wall_in_words(wall)) +
                     ", and this host lacks " + wall);
        }
        if (policy::maps_ids(profile_) && user_namespaces_are_off()) {
            unusable("needs user namespaces, and user.max_user_namespaces is 0");
        }
        account();
        for (const auto& rule : profile_.paths) {
            if (!is_private(profile_, rule.path)) row(rule);
        }
        if (mapped_rows_ == 0 && left_out_ > 0) {
            unusable("no row to write or remove is left: none can be mounted with mapped ids");
        }
        return std::move(probe_);
    }

  private:
    void unusable(const std::string& why) {
        probe_.unusable.append(probe_.unusable.empty() ? "" : "; ").append(why);
    }

    void account() {
        const auto require = [&](const auto& found, const std::string& what) {
            if (!found) unusable("there is no " + what + "; see systemd-sysusers(8) or useradd(8)");
        };
        require(find_user(profile_.user), "user " + profile_.user);
        require(find_group(profile_.group), "group " + profile_.group);
        for (const auto& group : profile_.groups) require(find_group(group), "group " + group);
    }

    void row(const policy::PathRule& rule) {
        const auto at = rule.source.place() + ": " + rule.path + ": ";
        struct stat info {};
        if (::stat(rule.path.c_str(), &info) != 0) {
            const int code = errno;
            if (code != ENOENT && code != ENOTDIR) {
                probe_.remarks.push_back(at + std::strerror(code));
            } else if (!rule.if_present) {
                unusable(at + "is not there; make it, or write: if-present");
            }
            return;
        }
        if (rule.access == Access::devices && S_ISREG(info.st_mode)) {
            unusable(at +
                     "is a regular file, and \"devices\" is for nodes and directories of "
                     "them; write: write " +
                     rule.path);
        }
        if (rule.access == Access::remove && !S_ISDIR(info.st_mode)) {
            unusable(at + "is no directory, and \"remove\" deletes what is beneath one");
        }
        const bool changes = rule.access != Access::read && rule.access != Access::execute;
        if (changes && policy::maps_ids(profile_)) map_ids(rule, at);
    }

    void map_ids(const policy::PathRule& rule, const std::string& at) {
        struct statfs there {};
        utsname kernel{};
        if (::statfs(rule.path.c_str(), &there) != 0 || ::uname(&kernel) != 0) return;
        if (maps_ids_of(static_cast<std::uint64_t>(there.f_type), kernel.release)) {
            ++mapped_rows_;
            return;
        }
        ++left_out_;
        probe_.remarks.push_back(at +
                                 "left out: its file system cannot be mounted with mapped ids");
    }

    const policy::Profile& profile_;
    const std::vector<std::string>& missing_;
    Probe probe_;
    int mapped_rows_ = 0;
    int left_out_ = 0;
};

}  // namespace

bool maps_ids_of(std::uint64_t file_system, std::string_view kernel) {
    switch (file_system) {
        case OVERLAYFS_SUPER_MAGIC:
        case NFS_SUPER_MAGIC:
        case kFuse:
            return false;
        case TMPFS_MAGIC:
            break;
        default:
            return true;
    }
    const auto parts = split(kernel, '.');
    const auto number = [&](std::size_t index) {
        const auto text = index < parts.size() ? parts[index] : std::string_view();
        return parse_number<unsigned>(text.substr(0, text.find_first_not_of("0123456789")))
            .value_or(0);
    };
    return std::pair(number(0), number(1)) >= std::pair(kTmpfsSince[0], kTmpfsSince[1]);
}

Probe probe_profile(const policy::Profile& profile, const std::vector<std::string>& missing) {
    return Prober(profile, missing).run();
}

}  // namespace bulkhead::sandbox
