#include "broker/records/worker_states.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::records {

namespace {

using sandbox::User;
using sys::Dir;

constexpr std::string_view kShared = "worker";  // 0.1's
constexpr std::string_view kWorkers = "workers";
constexpr std::array<std::string_view, 7> kFolders{
    "artifacts", "credentials", "enrolments", "inventory", "samples", "refusals", "spool"};
constexpr std::array<std::string_view, 3> kCredentials{".credential", ".key", ".uuid"};
constexpr std::array<std::string_view, 4> kOfAJob{"checkpoint", "meta", "stderr", "stdout"};
constexpr std::size_t kMostNames = 4'096;  // of one directory
constexpr std::size_t kMostTold = 4;       // of one directory

// Errors of open(2) and rename(2) that tell of something unexpected in the place of a file or
// directory, put there by a worker. Any other error is a failure of the host: do not start.
bool is_odd(const Error& error) {
    constexpr std::array kOdd{ENOENT, ELOOP, ENOTDIR, EISDIR, EEXIST, ENXIO};
    return std::ranges::count(kOdd, error.code) > 0;
}

template <class T>
Result<std::optional<T>> unless_odd(Result<T> result) {
    if (result) return std::optional<T>(*std::move(result));
    if (is_odd(result.error())) return std::nullopt;
    return std::unexpected(std::move(result).error());
}

// Changes owner and mode by descriptor, also an O_PATH one. The file is root's in between, because
// chmod(2) of root's own files needs no capability besides CAP_CHOWN.
Result<> give(const sys::Fd& fd, const User& to, mode_t mode) {
    TRY(sys::check(::fchownat(fd.get(), "", 0, 0, AT_EMPTY_PATH), "chown"));
    const auto itself = "/proc/self/fd/" + std::to_string(fd.get());
    TRY(sys::check(::chmod(itself.c_str(), mode), "chmod"));
    if (to.uid == 0) return {};
    return sys::check(::fchownat(fd.get(), "", to.uid, to.gid, AT_EMPTY_PATH), "chown");
}

Result<sys::Fd> find(const Dir& dir, std::string_view name, int flags) {
    return dir.open_at(name, O_PATH | O_NOFOLLOW | flags);
}

// Makes the directory root's, so that nobody else changes it meanwhile.
Result<Dir> take(const Dir& parent, std::string_view name) {
    TRY(give(TRY(find(parent, name, O_DIRECTORY)), {}, 0700));
    return parent.open_dir(name);
}

Result<Dir> make(const Dir& parent, std::string_view name) {
    const std::string path(name);
    if (::mkdirat(parent.fd(), path.c_str(), 0700) != 0 && errno != EEXIST) {
        return sys::fail_errno("create directory " + path);
    }
    return take(parent, name);
}

Result<> remove_if_empty(const Dir& parent, std::string_view name) {
    const std::string path(name);
    if (::unlinkat(parent.fd(), path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOTEMPTY ||
        errno == EEXIST || errno == ENOENT || errno == ENOTDIR) {
        return {};
    }
    return sys::fail_errno("remove " + path);
}

// At most `most` names, in no order: a worker may have made millions.
Result<std::vector<std::string>> some_names(const Dir& dir, std::size_t most) {
    auto own = TRY(dir.open_at(".", O_RDONLY | O_DIRECTORY));
    DIR* stream = ::fdopendir(own.get());
    if (stream == nullptr) return sys::fail_errno("list directory");
    static_cast<void>(own.release());
    std::vector<std::string> names;
    while (names.size() < most) {
        const dirent* const entry = ::readdir(stream);
        if (entry == nullptr) break;
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(stream);
    return names;
}

// Whether there is an entry of that name, of any kind.
bool is_there(const Dir& dir, std::string_view name) {
    const auto fd = find(dir, name, O_DIRECTORY);
    return fd || fd.error().code != ENOENT;
}

// A regular file that has no other name, from one of root's directories to another. False: it is
// none, or absent, or stands there already, and stays.
Result<bool> move_file(const Dir& from, const Dir& to, const std::string& name, const User& user) {
    const auto fd = TRY(unless_odd(find(from, name, 0)));
    struct stat info {};
    if (!fd) return false;
    if (::fstat(fd->get(), &info) != 0) return sys::fail_errno("fstat " + name);
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1) return false;
    // One that stands there stays, and so does whose each of the two is.
    if (is_there(to, name)) return false;
    TRY(give(*fd, user, 0600));
    const int moved = ::renameat2(from.fd(), name.c_str(), to.fd(), name.c_str(), RENAME_NOREPLACE);
    if (moved == 0) return true;
    const auto failed = sys::fail_errno("move " + name).error();
    if (is_odd(failed)) return false;
    return std::unexpected(failed);
}

// The worker wrote the file that is read here: if it lies, its own files go to another backend.
Result<bool> is_refusal_of(const Dir& refusals, const std::string& name,
                           const std::string& backend) {
    const auto found = TRY(unless_odd(find(refusals, name, 0)));
    struct stat info {};
    if (!found || ::fstat(found->get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    if (info.st_nlink != 1) return false;  // a hard link: the other name may be in any directory
    TRY(give(*found, {}, 0600));
    const auto file = TRY(unless_odd(refusals.open_regular(name, O_RDONLY)));
    const auto text = file ? sys::read_to_end(*file, 16_KiB) : fail("gone");
    TRY(give(*found, {info.st_uid, info.st_gid}, 0600));
    return text && text->starts_with("{\"backend\":\"" + backend + "\",");
}

// One backend's files, between a directory that holds several backends' and one that need not.
class Mover {
  public:
    Mover(const Dir& from, const Dir& to, const Heir& heir, const User& user)
        : from_(from), to_(to), heir_(heir), user_(user) {}

    Result<> move_all() {
        std::vector<std::string> files;
        for (const auto ending : kCredentials) files.push_back(heir_.backend + std::string(ending));
        TRY(move_folder(from_, to_, "credentials", files));
        TRY(move_folder(from_, to_, "inventory", {heir_.backend + ".state"}));
        TRY(move_folder(from_, to_, "samples", {heir_.backend + ".cpu"}));
        TRY(move_folder(from_, to_, "enrolments", {heir_.backend + ".enrolment"}));
        TRY(move_artifacts());
        TRY(move_refusals());
        return move_spool();
    }

  private:
    // `files` of both directories' `folder`; what is absent or odd on either side stays.
    Result<> move_folder(const Dir& from, const Dir& to, const std::string& folder,
                         const std::vector<std::string>& files) {
        const auto source = TRY(unless_odd(take(from, folder)));
        if (!source) return {};
        const auto target = TRY(unless_odd(make(to, folder)));
        if (!target) return {};
        for (const auto& file : files) TRY(move_file(*source, *target, file, user_));
        return target->sync();
    }

    // What became of artifacts that were offered. 0.1 has none, so all are of one backend.
    Result<> move_artifacts() {
        const auto source = TRY(unless_odd(take(from_, "artifacts")));
        if (!source) return {};
        return move_folder(from_, to_, "artifacts", TRY(some_names(*source, kMostNames)));
    }

    Result<> move_refusals() {
        const auto source = TRY(unless_odd(take(from_, "refusals")));
        if (!source) return {};
        std::vector<std::string> files;
        for (const auto& name : TRY(some_names(*source, kMostNames))) {
            if (TRY(is_refusal_of(*source, name, heir_.backend))) files.push_back(name);
        }
        return move_folder(from_, to_, "refusals", files);
    }

    Result<> move_spool() {
        const auto source = TRY(unless_odd(take(from_, "spool")));
        if (!source) return {};
        const auto target = TRY(unless_odd(make(to_, "spool")));
        if (!target) return {};
        for (const auto job : heir_.jobs) {
            const auto name = std::to_string(job.value);
            TRY(move_folder(*source, *target, name, {kOfAJob.begin(), kOfAJob.end()}));
            TRY(remove_if_empty(*source, name));
        }
        return target->sync();
    }

    const Dir& from_;
    const Dir& to_;
    const Heir& heir_;
    const User& user_;
};

Result<> hand_over_one(const Dir& parent, std::string_view name, const User& user) {
    const auto fd = TRY(unless_odd(find(parent, name, O_DIRECTORY)));
    return fd ? give(*fd, user, 0700) : Result<>();
}

// The directories that root took or made; the topmost last, whose owner says that all is done.
Result<> hand_over(const Dir& parent, std::string_view name, const User& user,
                   std::span<const JobNumber> jobs) {
    const auto own = TRY(take(parent, name));
    if (const auto spool = TRY(unless_odd(take(own, "spool")))) {
        for (const auto job : jobs) TRY(hand_over_one(*spool, std::to_string(job.value), user));
    }
    for (const auto folder : kFolders) TRY(hand_over_one(own, folder, user));
    TRY(own.sync());
    return hand_over_one(parent, name, user);
}

// Removes directories that are empty now; returns a line about the others.
Result<> clear(const Dir& parent, const std::string& name, const std::string& path,
               std::vector<std::string>& left) {
    const auto own = TRY(unless_odd(take(parent, name)));
    if (!own) return {};
    std::vector<std::string> names;
    for (const auto folder : kFolders) {
        TRY(remove_if_empty(*own, folder));
        const auto rest = TRY(unless_odd(own->open_dir(folder)));
        if (!rest) {
            if (is_there(*own, folder)) names.emplace_back(folder);
            continue;
        }
        for (const auto& one : TRY(some_names(*rest, kMostTold))) {
            names.push_back(std::string(folder) + "/" + one);
        }
    }
    for (const auto& one : TRY(some_names(*own, kMostTold + std::size(kFolders)))) {
        if (std::ranges::count(kFolders, one) == 0) names.push_back(one);
    }
    TRY(remove_if_empty(parent, name));
    if (names.empty()) return {};
    std::string text = path +
                       " keeps what is of no backend that is configured, or not as it was "
                       "written, such as";
    for (const auto& one : names) text += " " + quoted(one);
    left.push_back(text + "; look at it, and remove the directory");
    return {};
}

// Whose it is, or what is wrong with it. Root's: somebody was about to hand it over.
Result<bool> is_handed_over(const Dir& workers, const Heir& heir) {
    const auto fd = find(workers, heir.backend, O_DIRECTORY);
    if (!fd && fd.error().code == ENOENT) return false;
    if (!fd) return std::unexpected(fd.error());
    struct stat info {};
    if (::fstat(fd->get(), &info) != 0) return sys::fail_errno("fstat");
    if (info.st_uid == 0 || info.st_uid == heir.user.uid) return info.st_uid != 0;
    return fail("workers/" + heir.backend + " belongs to user " + std::to_string(info.st_uid) +
                ", and its worker's account is " + std::to_string(heir.user.uid) +
                "; chown it with all it holds, or move it away");
}

}  // namespace

Result<std::vector<std::string>> prepare_worker_states(const Dir& state,
                                                       std::span<const Heir> heirs) {
    const auto workers = TRY(state.make_dir(kWorkers, 0700));
    const bool shared = is_there(state, kShared);
    for (const auto& heir : heirs) {
        if (TRY(is_handed_over(workers, heir)) && !shared) continue;
        const auto where = "state of backend " + heir.backend;
        const auto own = TRY(within(where, make(workers, heir.backend)));
        if (shared) {
            const auto from = TRY(take(state, kShared));
            TRY(within(where, Mover(from, own, heir, heir.user).move_all()));
        }
        TRY(within(where, hand_over(workers, heir.backend, heir.user, heir.jobs)));
    }
    TRY(workers.sync());
    std::vector<std::string> left;
    if (shared) TRY(clear(state, std::string(kShared), std::string(kShared), left));
    return left;
}

Result<std::vector<std::string>> give_back_states(const Dir& state, std::span<const Heir> heirs,
                                                  const User& account) {
    // A migration that was interrupted is finished first, so that the way back starts from one
    // state.
    TRY(prepare_worker_states(state, heirs));
    const auto shared = TRY(make(state, kShared));
    const auto workers = TRY(state.make_dir(kWorkers, 0700));
    std::vector<std::string> left;
    std::vector<JobNumber> jobs;
    for (const auto& heir : heirs) {
        jobs.insert(jobs.end(), heir.jobs.begin(), heir.jobs.end());
        if (!is_there(workers, heir.backend)) continue;
        const auto own = TRY(take(workers, heir.backend));
        TRY(within("state of backend " + heir.backend,
                   Mover(own, shared, heir, account).move_all()));
        TRY(clear(workers, heir.backend, "workers/" + heir.backend, left));
    }
    for (const auto& name : TRY(some_names(workers, kMostTold + heirs.size()))) {
        if (std::ranges::count(heirs, name, &Heir::backend) > 0) continue;
        left.push_back("workers/" + quoted(name) +
                       " stays where it is: no line of broker/slots says whose it is");
    }
    TRY(hand_over(state, kShared, account, jobs));
    return left;
}

}  // namespace bulkhead::records
