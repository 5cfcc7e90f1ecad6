#include "common/policy/load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/parse.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::uint64_t kMaxTotal = 16_MiB;
constexpr std::size_t kMaxFiles = 1000;
constexpr std::string_view kFolders[] = {"approved", "profiles", "seccomp"};

class Loader {
  public:
    Loader(const std::string& directory, Trust trust) : path_(directory), trust_(trust) {}

    Result<Policy> load() {
        const auto top = TRY(open_top());
        TRY(read_folder(top, ""));
        TRY(within(path_, complete(policy_, names())));
        for (const auto& [file, digest] : digests_) {
            policy_.file_list += crypto::hex(digest) + "  " + file + "\n";
        }
        policy_.digest = crypto::sha256(as_bytes(policy_.file_list));
        if (policy_.host.from_machine_id) TRY(take_machine_id());
        return std::move(policy_);
    }

  private:
    // What is open is what is judged: a name could be swapped between the two.
    Result<> judge(int fd, const std::string& path) const {
        struct stat info {};
        if (::fstat(fd, &info) != 0) return sys::fail_errno("fstat " + path);
        const bool caller = trust_ == Trust::caller;
        if (info.st_uid != 0 && !(caller && info.st_uid == ::geteuid())) {
            return fail(path + ": belongs to user " + std::to_string(info.st_uid) +
                        "; run: chown root " + path);
        }
        if ((info.st_mode & (caller ? S_IWOTH : S_IWGRP | S_IWOTH)) != 0) {
            return fail(path + ": others may write to it; run: chmod go-w " + path);
        }
        return {};
    }

    Result<sys::Dir> open_top() const {
        if (trust_ == Trust::caller) {
            auto top = TRY(sys::Dir::open(path_));
            TRY(judge(top.fd(), path_));
            return top;
        }
        if (!path_.starts_with('/')) return fail(path_ + ": give the policy's absolute path");
        auto dir = TRY(sys::Dir::open("/"));
        TRY(judge(dir.fd(), "/"));
        std::string walked;
        for (const auto part : split(path_, '/')) {
            if (part.empty()) continue;
            walked.append("/").append(part);
            auto below = dir.open_dir(part);
            if (!below) return within("policy " + walked, below.error());
            dir = *std::move(below);
            TRY(judge(dir.fd(), walked));
        }
        return dir;
    }

    Result<> read_folder(const sys::Dir& dir, const std::string& prefix) {
        for (const auto& name : TRY(within(path_, dir.list()))) {
            const auto file = prefix + name;
            if (const auto* kind = kind_of(file)) {
                TRY(read_file(dir, name, file, kind->max_bytes));
            } else if (prefix.empty() && std::find(std::begin(kFolders), std::end(kFolders),
                                                   name) != std::end(kFolders)) {
                const auto folder = TRY(within(path_, dir.open_dir(name)));
                TRY(judge(folder.fd(), path_ + "/" + name));
                TRY(read_folder(folder, name + "/"));
            } else if (!name.ends_with(".md")) {
                policy_.ignored.push_back(file);
            }
        }
        return {};
    }

    Result<> read_file(const sys::Dir& dir, const std::string& name, const std::string& file,
                       std::uint64_t max) {
        const auto fd = TRY(within(path_, dir.open_regular(name, O_RDONLY)));
        TRY(judge(fd.get(), path_ + "/" + file));
        const auto text = TRY(within(path_ + "/" + file, sys::read_to_end(fd, max)));
        total_ += text.size();
        if (total_ > kMaxTotal || digests_.size() == kMaxFiles) {
            return fail(path_ + ": more than 1000 files or 16 MiB");
        }
        digests_[file] = crypto::sha256(as_bytes(text));
        return within(path_, parse_file(policy_, file, text));
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& [file, digest] : digests_) names.push_back(file);
        return names;
    }

    // Hashed, as machine-id(5) asks: the id itself is no name to be told to a network.
    Result<> take_machine_id() {
        const auto etc = TRY(sys::Dir::open("/etc"));
        const auto text = etc.read_file("machine-id", 64).value_or("");
        const auto id = text.substr(0, text.find('\n'));
        if (id.size() == 32 && parse_hex(id)) {
            const auto digest = crypto::sha256(as_bytes("bulkhead-host" + id));
            policy_.host.id = "m-" + crypto::hex(digest).substr(0, 16);
            return {};
        }
        if (trust_ == Trust::caller) return {};
        return fail(path_ + "/host.policy: /etc/machine-id holds no id; write: host-id NAME");
    }

    std::string path_;
    Trust trust_;
    Policy policy_;
    std::map<std::string, crypto::Digest> digests_;
    std::uint64_t total_ = 0;
};

}  // namespace

Result<Policy> load(const std::string& directory, Trust trust) {
    return Loader(directory, trust).load();
}

}  // namespace bulkhead::policy
