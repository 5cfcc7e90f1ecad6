#include "common/policy/check_profile.hpp"

#include <algorithm>

#include "common/policy/trusted_places.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

// Calls that change files and that Landlock, with rights to delete only, does not restrict on every
// kernel. With CAP_FOWNER all of them would succeed, so a profile with rows "remove" must deny
// them.
constexpr std::string_view kBesideDeleting[] = {
    "chmod",       "fchmod",       "fchmodat",     "fchmodat2",     "chown",     "fchown",
    "lchown",      "fchownat",     "setxattr",     "lsetxattr",     "fsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "link",      "linkat",
    "truncate",    "utime",        "utimes",       "futimesat",     "utimensat"};

constexpr std::size_t kMostNamed = 3;

bool passes(const Action& action) {
    return action.kind == SyscallAction::allow || action.kind == SyscallAction::log;
}

// True for a rule about utimensat(2) with a null path. Such a call changes a file that the job has
// open, and a row "remove" lets it open none.
bool is_of_a_descriptor(const SyscallRule& rule) {
    return rule.call == "utimensat" &&
           std::ranges::any_of(rule.conditions, [](const Condition& condition) {
               const auto is_null = [](const Bits& bits) {
                   return bits.mask == ~std::uint64_t{0} && bits.value == 0;
               };
               return condition.argument == 1 && std::ranges::all_of(condition.any_of, is_null);
           });
}

// True if the list allows the call with at least some arguments.
bool lets_through(const SeccompList& list, std::string_view call) {
    bool refused = false;
    for (const auto& rule : list.rules) {
        if (rule.call != call || is_of_a_descriptor(rule)) continue;
        if (passes(rule.action)) return true;
        refused = refused || rule.conditions.empty();
    }
    return passes(list.fallback) && !refused;
}

bool makes(Access access) { return access == Access::write || access == Access::devices; }

bool is_private(const Profile& profile, const std::string& path) {
    const auto below = [&](const std::string& top) {
        return path == top || path.starts_with(top + "/");
    };
    return path == "/dev/shm" || path == "/run/lock" ||
           (profile.private_tmp && (below("/tmp") || below("/var/tmp")));
}

// "it is trusted by cron, ...", or the trusted places beneath `path` and who trusts them.
std::string trust_in(const std::string& path, const std::vector<const TrustedPlace*>& places) {
    const bool above =
        std::ranges::count(places[0]->path, '/') <= std::ranges::count(path, '/') && path != "/";
    if (above) return "it is trusted by " + std::string(places[0]->who);
    std::string text = "beneath it are trusted";
    for (std::size_t i = 0; i < std::min(places.size(), kMostNamed); ++i) {
        text.append(i == 0 ? " " : "; ").append(places[i]->path).append(" by ");
        text += places[i]->who;
    }
    if (places.size() <= kMostNamed) return text;
    return text + "; and " + std::to_string(places.size() - kMostNamed) + " places more";
}

class ProfileChecker {
  public:
    explicit ProfileChecker(const Profile& profile) : profile_(profile) {}

    std::vector<PolicyRemark> places() {
        for (const auto& rule : profile_.paths) check_row(rule);
        return std::move(remarks_);
    }

    std::vector<PolicyRemark> all(const SeccompList& calls) {
        for (const auto& [wall, source] : profile_.without) {
            warn(source.at(), "its jobs run where " + std::string(wall_in_words(wall)) +
                                  " is lacking, too: " + source.reason);
        }
        check_age();
        if (removes(profile_)) check_calls(calls);
        return places();
    }

  private:
    void warn(std::string where, std::string text) {
        remarks_.push_back({false, std::move(where), std::move(text)});
    }

    // Warns of a profile whose capabilities the wall id-map limits to its rows, and that does not
    // say "require id-map": it may be older than that wall, and its jobs may need more.
    void check_age() {
        const bool knows = std::ranges::any_of(
            profile_.require, [](const auto& line) { return line.wall == kIdMapWall; });
        const bool makes_files = std::ranges::any_of(
            profile_.paths, [](const auto& rule) { return makes(rule.access); });
        if (!maps_ids(profile_) || knows || !makes_files) return;
        warn("profiles/" + profile_.name + ".profile",
             "its capabilities end at its rows now, by a user namespace and ID-mapped mounts: rows "
             "on overlay, NFS, FUSE, or tmpfs before Linux 6.3 are left out, and files that it "
             "makes are its own account's. To delete, take rows \"remove\" as the shipped maintain "
             "has; if this is meant, write: require id-map  # why");
    }

    void check_calls(const SeccompList& calls) {
        std::string open;
        for (const auto call : kBesideDeleting) {
            if (lets_through(calls, call)) open.append(open.empty() ? "" : ", ").append(call);
        }
        if (open.empty()) return;
        const auto row = std::ranges::find(profile_.paths, Access::remove, &PathRule::access);
        remarks_.push_back({false, row->source.at(),
                            "a row \"remove\" lets files be deleted and no more, but seccomp/" +
                                calls.name + ".seccomp lets through " + open +
                                "; deny each there without a condition: errno EPERM CALL  # why"});
    }

    bool makes_everywhere() const {
        return std::ranges::any_of(profile_.paths, [](const auto& rule) {
            return rule.path == "/" && makes(rule.access);
        });
    }

    void check_row(const PathRule& rule) {
        const bool changes = makes(rule.access);
        if ((!changes && rule.access != Access::remove) || is_private(profile_, rule.path)) return;
        const bool is_root = profile_.user == "root";
        if (is_root && makes_everywhere()) return;  // its row "/" already says that it may
        const bool has_powers = is_root || profile_.capabilities != 0;
        auto places = trusted_places(rule.path);
        std::erase_if(places, [&](const TrustedPlace* place) {
            const bool open = place->open == TrustedPlace::Open::to_all && !has_powers;
            return open || (!changes && place->deleting == TrustedPlace::Deleting::harmless);
        });
        if (places.empty()) return;
        warn(rule.source.at(), (changes ? "who may write to " + rule.path + " is root before long: "
                                        : "to delete in " + rule.path + " can be an attack: ") +
                                   trust_in(rule.path, places));
    }

    const Profile& profile_;
    std::vector<PolicyRemark> remarks_;
};

}  // namespace

std::vector<PolicyRemark> check_rows(const Profile& profile, const SeccompList& calls) {
    return ProfileChecker(profile).all(calls);
}

std::vector<PolicyRemark> check_places(const Profile& profile) {
    return ProfileChecker(profile).places();
}

}  // namespace bulkhead::policy
