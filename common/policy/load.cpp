#include "common/policy/load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/strong.hpp"
#include "common/policy/parse.hpp"
#include "common/sys/walk.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::uint64_t kMaxTotal = 16_MiB;
constexpr std::size_t kMaxFiles = 1000;
constexpr std::string_view kFolders[] = {"approved", "profiles", "seccomp"};

class Reader {
  public:
    Reader(const std::string& directory, Trust trust) : path_(directory), trust_(trust) {
        files_.directory = directory;
        files_.trust = trust;
    }

    Result<Files> read() {
        const auto top = TRY(open_top());
        TRY(read_folder(top, ""));
        return std::move(files_);
    }

  private:
    // Checks owner and mode of the open descriptor, and not of the path, which could be replaced
    // between check and open.
    Result<> judge(int fd, const std::string& path) const {
        if (trust_ == Trust::unjudged) return {};
        struct stat info {};
        if (::fstat(fd, &info) != 0) return sys::fail_errno("fstat " + path);
        // The broker has no CAP_DAC_OVERRIDE, which a caller who is root has.
        const mode_t needed = S_ISDIR(info.st_mode) ? S_IRUSR | S_IXUSR : S_IRUSR;
        if (trust_ == Trust::root && info.st_uid == 0 && (info.st_mode & needed) != needed) {
            return fail(path + ": its mode keeps it from root; run: chmod u+rX " + path);
        }
        const bool caller = trust_ != Trust::root;
        const bool is_callers = caller && info.st_uid == ::geteuid();
        if (info.st_uid != 0 && !is_callers && trust_ != Trust::anybody) {
            return fail(path + ": belongs to user " + std::to_string(info.st_uid) +
                        "; run: chown root " + path);
        }
        if ((info.st_mode & (caller ? S_IWOTH : S_IWGRP | S_IWOTH)) != 0) {
            const bool shared = (info.st_mode & S_ISVTX) != 0;  // /tmp: made for others
            return fail(path + ": others may write to it; " +
                        (shared ? "choose another place" : "run: chmod go-w " + path));
        }
        return {};
    }

    Result<sys::Dir> open_top() const {
        auto top = TRY(trust_ == Trust::root ? sys::walk_to_dir(path_, sys::Links::refused)
                                             : sys::Dir::open(path_));
        TRY(judge(top.fd(), path_));
        return top;
    }

    Result<> read_folder(const sys::Dir& dir, const std::string& prefix) {
        for (const auto& name : TRY(within(path_, dir.list()))) {
            const auto file = prefix + name;
            if (const auto* kind = kind_of(file)) {
                note(file, read_file(dir, name, file, kind->max_bytes));
            } else if (name.ends_with(".d") && kind_of(file.substr(0, file.size() - 2))) {
                note(file, read_added(dir, name, file));
            } else if (prefix.empty() && std::find(std::begin(kFolders), std::end(kFolders),
                                                   name) != std::end(kFolders)) {
                note(file, read_below(dir, name));
            } else if (!name.ends_with(".md")) {
                files_.ignored.push_back(file);
            }
        }
        return {};
    }

    Result<> read_below(const sys::Dir& dir, const std::string& name) {
        return read_folder(TRY(open_folder(dir, name, name)), name + "/");
    }

    void note(const std::string& file, const Result<>& done) {
        if (!done) files_.faults.emplace(file, done.error());
    }

    // Reads the files NAME.lines of a directory FILE.d.
    Result<> read_added(const sys::Dir& dir, const std::string& name, const std::string& folder) {
        const auto& kind = *kind_of(folder.substr(0, folder.size() - 2));
        if (kind.lines == Lines::are_its_own) {
            return fail(path_ + "/" + folder +
                        ": to a file of this form no lines can be added; write them into it");
        }
        const auto below = TRY(open_folder(dir, name, folder));
        for (const auto& one : TRY(within(path_, below.list()))) {
            const auto file = folder + "/" + one;
            if (!one.ends_with(".lines")) {
                if (!one.ends_with(".md")) files_.ignored.push_back(file);
                continue;
            }
            if (!approval::is_label(one)) {
                return fail(path_ + "/" + file + ": rename it to [A-Za-z0-9._-] and .lines");
            }
            note(file, read_file(below, one, file, kind.max_bytes));
        }
        return {};
    }

    Result<sys::Dir> open_folder(const sys::Dir& dir, const std::string& name,
                                 const std::string& path) const {
        auto folder = TRY(within(path_, dir.open_dir(name)));
        TRY(judge(folder.fd(), path_ + "/" + path));
        return folder;
    }

    Result<> read_file(const sys::Dir& dir, const std::string& name, const std::string& file,
                       std::uint64_t max) {
        const auto folder =
            (path_ + "/" + file).substr(0, path_.size() + file.size() - name.size());
        const auto fd = TRY(within(folder, dir.open_regular(name, O_RDONLY)));
        TRY(judge(fd.get(), path_ + "/" + file));
        auto text = TRY(within(path_ + "/" + file, sys::read_to_end(fd, max)));
        total_ += text.size();
        if (total_ > kMaxTotal || files_.texts.size() == kMaxFiles) {
            return fail(path_ + ": more than 1000 files or 16 MiB");
        }
        files_.texts[file] = std::move(text);
        return {};
    }

    std::string path_;
    Trust trust_;
    Files files_;
    std::uint64_t total_ = 0;
};

}  // namespace

Result<Files> read_what_can_be(const std::string& directory, Trust trust) {
    return Reader(directory, trust).read();
}

Result<Files> read(const std::string& directory, Trust trust) {
    auto files = TRY(read_what_can_be(directory, trust));
    if (files.faults.empty()) return files;
    return std::unexpected(files.faults.begin()->second);
}

Result<Policy> load(const std::string& directory, Trust trust) {
    return merge({}, TRY(read(directory, trust)));
}

}  // namespace bulkhead::policy
