#include "worker/state/leftovers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMostSentences = 20;
constexpr std::size_t kLongestName = 100;

bool same(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Result<struct stat> look_at(const sys::Dir& dir) {
    struct stat info {};
    TRY(sys::check(::fstat(dir.fd(), &info), "fstat"));
    return info;
}

// Opens a directory, after chmod(2) if its mode forbids it: all files of the state directory belong
// to this user.
Result<sys::Dir> open_ours(const sys::Dir& parent, const std::string& name) {
    auto dir = parent.open_dir(name);
    if (!dir && dir.error().code == EACCES) {
        TRY(sys::check(::fchmodat(parent.fd(), name.c_str(), 0700, 0), "chmod " + name));
        dir = parent.open_dir(name);
    }
    if (dir && (TRY(look_at(*dir)).st_mode & S_IRWXU) != S_IRWXU) {
        TRY(sys::check(::fchmod(dir->fd(), 0700), "chmod " + name));
    }
    return dir;
}

bool gone(const sys::Dir& dir, const std::string& name) {
    return ::unlinkat(dir.fd(), name.c_str(), 0) == 0 ||
           ::unlinkat(dir.fd(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
}

// A path of nested directories of which only the innermost is open: one descriptor for each level
// could exceed RLIMIT_NOFILE.
class Descent {
  public:
    static Result<Descent> begin(const sys::Dir& parent, std::string name) {
        Descent descent(sys::Dir::from(TRY(parent.duplicate())), TRY(look_at(parent)));
        TRY(descent.down(std::move(name)));
        return descent;
    }

    bool inside() const { return !levels_.empty(); }
    // Entries of the innermost directory that could not be removed at once.
    std::vector<std::string>& rest() { return levels_.back().rest; }

    Result<> down(std::string name) {
        auto inner = TRY(open_ours(here_, name));
        std::vector<std::string> rest;
        for (auto& entry : TRY(inner.list())) {
            if (!gone(inner, entry)) rest.push_back(std::move(entry));
        }
        const auto place = TRY(look_at(inner));
        levels_.push_back({std::move(name), std::exchange(place_, place), std::move(rest)});
        here_ = std::move(inner);
        return {};
    }

    // Removes the innermost directory, which is empty now.
    Result<> up() {
        sys::Fd above(::openat(here_.fd(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!above) return sys::fail_errno("open ..");
        here_ = sys::Dir::from(std::move(above));
        place_ = levels_.back().above;
        if (!same(place_, TRY(look_at(here_)))) return fail("moved meanwhile");
        const auto name = std::move(levels_.back().name);
        levels_.pop_back();
        if (!gone(here_, name)) return sys::fail_errno("remove " + name);
        return {};
    }

  private:
    struct Level {
        std::string name;
        struct stat above;
        std::vector<std::string> rest;
    };

    Descent(sys::Dir top, const struct stat& place) : here_(std::move(top)), place_(place) {}
    sys::Dir here_;
    struct stat place_;
    std::vector<Level> levels_;
};

}  // namespace

void Removed::add(std::string_view name, std::string_view why) {
    if (++count_ > kMostSentences) return;
    first_.push_back(quoted(name, kLongestName) + ": " + std::string(why) + ", removed");
}

std::vector<std::string> Removed::sentences() const {
    auto all = first_;
    if (count_ > kMostSentences) {
        all.push_back("and " + std::to_string(count_ - kMostSentences) + " more, removed");
    }
    return all;
}

Result<> remove_any(const sys::Dir& parent, std::string_view name) {
    const std::string path(name);
    if (gone(parent, path)) return {};
    auto descent = TRY(within(quoted(name, kLongestName), Descent::begin(parent, path)));
    while (descent.inside()) {
        auto& rest = descent.rest();
        if (rest.empty()) {
            TRY(descent.up());
            continue;
        }
        auto next = std::move(rest.back());
        rest.pop_back();
        TRY(descent.down(std::move(next)));
    }
    return {};
}

Result<sys::Dir> own_dir(const sys::Dir& parent, std::string_view name, Removed& removed) {
    const std::string path(name);
    struct stat info {};
    const bool there = ::fstatat(parent.fd(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && S_ISDIR(info.st_mode)) return open_ours(parent, path);
    if (there) {
        TRY(remove_any(parent, name));
        removed.add(name, "not a directory");
    }
    return parent.make_dir(name, 0700);
}

Result<> keep_files(const sys::Dir& dir, const Wanted& wanted, std::uint64_t max, std::size_t most,
                    Removed& removed) {
    const auto names = TRY(dir.list());
    const bool crowded = names.size() > most;
    std::size_t kept = 0;
    for (const auto& name : names) {
        struct stat info {};
        if (::fstatat(dir.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        const char* why = nullptr;
        if (!S_ISREG(info.st_mode)) {
            why = "not a regular file";
        } else if (static_cast<std::uint64_t>(info.st_size) > max) {
            why = "too large";
        } else if (crowded && (!wanted(name) || kept == most)) {
            why = "among too many";
        }
        if (why == nullptr) {
            ++kept;
            constexpr mode_t kOurs = S_IRUSR | S_IWUSR;
            const bool shut = (info.st_mode & kOurs) != kOurs;
            if (shut) TRY(sys::check(::fchmodat(dir.fd(), name.c_str(), kOurs, 0), "chmod"));
            continue;
        }
        TRY(remove_any(dir, name));
        removed.add(name, why);
    }
    return {};
}

Result<> keep_names(const sys::Dir& dir, const Wanted& wanted, Removed& removed) {
    for (const auto& name : TRY(dir.list())) {
        if (wanted(name)) continue;
        TRY(remove_any(dir, name));
        removed.add(name, "none of ours");
    }
    return {};
}

}  // namespace bulkhead::worker
