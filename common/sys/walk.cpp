#include "common/sys/walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::sys {

namespace {

constexpr int kMostLinks = 8;  // in one path

// What has been opened on the way, from / to where the walk stands, and its names.
struct Step {
    Fd fd;
    std::string path;
};

// The steps of a path, the next one last.
void push_steps(std::vector<std::string>& steps, std::string_view path) {
    const auto parts = split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!part->empty() && *part != ".") steps.emplace_back(*part);
    }
}

// Whether a command that gives `path` to root alone takes it from nobody: it is what was asked for,
// or a directory of this agent's, with nothing but root's above it.
bool is_for_us(const std::string& path, bool asked_for) {
    return asked_for || (path + "/").contains("/bulkhead/");
}

Result<> require_roots(const struct stat& info, const std::string& path, Sticky sticky,
                       bool asked_for) {
    const bool shared = (info.st_mode & S_ISVTX) != 0;
    if (is_roots_alone(info)) return {};
    constexpr std::string_view kElsewhere = "; choose a place where only root may";
    const auto advice = [&](const char* command) {
        return is_for_us(path, asked_for) ? "; run: " + (command + path) : std::string(kElsewhere);
    };
    // Other programs need a device with the mode that it has.
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode) && !S_ISLNK(info.st_mode)) {
        return fail(path + ": is a device, FIFO or socket, and a regular file belongs there",
                    EPERM);
    }
    if (info.st_uid == 0 && shared && sticky == Sticky::taken) return {};
    if (info.st_uid != 0) {
        const auto owner = path + ": belongs to user " + std::to_string(info.st_uid);
        return fail(S_ISLNK(info.st_mode) ? owner + " and is a symlink; remove it"
                                          : owner + advice("chown root "),
                    EPERM);
    }
    const auto open = path + ": others may write to it";
    return fail(open + (shared ? std::string(kElsewhere) : advice("chmod go-w ")), EPERM);
}

Result<std::string> target_of(const Step& link) {
    std::array<char, 512> text{};
    const auto size = ::readlinkat(link.fd.get(), "", text.data(), text.size());
    if (size <= 0 || size == std::ssize(text)) {
        return fail(link.path + ": is a symlink that cannot be read", ELOOP);
    }
    return std::string(text.data(), static_cast<std::size_t>(size));
}

// What the path leads to is what was asked for, or the directory above that.
enum class End { asked_for, above };

Result<Fd> walk_to(std::string_view path, std::string_view links_within, Sticky sticky, End end) {
    if (!path.starts_with('/')) return fail(std::string(path) + ": give an absolute path", EINVAL);
    std::vector<std::string> steps;
    push_steps(steps, path);
    std::vector<Step> below;
    const auto from_top = [&] {
        below.clear();
        below.push_back({Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), ""});
    };
    from_top();
    // Symlinks count, and lead up again, only from this depth on.
    const bool everywhere = links_within == "/";
    const auto floor = links_within.empty() ? SIZE_MAX : split(links_within, '/').size();
    int links = 0;
    std::string link;  // the last one that was followed
    for (;;) {
        struct stat info {};
        const auto& here = below.back();
        if (::fstat(here.fd.get(), &info) != 0) return fail_errno("fstat " + here.path);
        const bool asked_for = end == End::asked_for && steps.empty();
        const auto roots =
            require_roots(info, here.path.empty() ? "/" : here.path, sticky, asked_for);
        if (!roots && !link.empty()) return within("behind the symlink " + link, roots.error());
        TRY(roots);
        if (S_ISLNK(info.st_mode)) {
            const auto where = here.path;
            const auto target = TRY(target_of(here));
            link = where;
            below.pop_back();
            const bool absolute = target.starts_with('/');
            if ((absolute || below.size() < floor) && !everywhere) {
                return fail(where + ": a symlink is in the path, and none is followed here", ELOOP);
            }
            if (++links > kMostLinks) return fail(where + ": too many symlinks", ELOOP);
            if (absolute) from_top();
            push_steps(steps, target);
        }
        if (steps.empty()) return std::move(below.back().fd);
        const auto step = std::move(steps.back());
        steps.pop_back();
        if (step == "..") {
            if (below.size() <= floor && !everywhere) {
                return fail(below.back().path + "/..: leads out", ELOOP);
            }
            if (below.size() > 1) below.pop_back();
            continue;
        }
        auto next = below.back().path + "/" + step;
        Fd fd(::openat(below.back().fd.get(), step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) return fail_errno(next);
        below.push_back({std::move(fd), std::move(next)});
    }
}

Result<Dir> open_walked(std::string_view path, std::string_view links_within, Sticky sticky,
                        End end) {
    const auto found = Dir::from(TRY(walk_to(path, links_within, sticky, end)));
    return within(path, found.open_dir("."));
}

}  // namespace

Result<Fd> walk(std::string_view path, std::string_view links_within, Sticky sticky) {
    return walk_to(path, links_within, sticky, End::asked_for);
}

Result<Dir> walk_to_dir(std::string_view path, Links links) {
    return open_walked(path, links == Links::refused ? "" : "/", Sticky::refused, End::asked_for);
}

Result<Place> walk_to_place(std::string_view path, Sticky sticky) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const auto slash = path.rfind('/');
    if (slash == path.npos || slash + 1 == path.size()) {
        return fail(std::string(path) + ": give an absolute path", EINVAL);
    }
    return Place{
        TRY(open_walked(slash == 0 ? "/" : path.substr(0, slash), "/", sticky, End::above)),
        std::string(path.substr(slash + 1))};
}

Result<Fd> reopen(const Fd& found, int flags) {
    const auto itself = "/proc/self/fd/" + std::to_string(found.get());
    Fd fd(::open(itself.c_str(), flags | O_CLOEXEC));
    if (!fd) return fail_errno(itself);
    return fd;
}

}  // namespace bulkhead::sys
