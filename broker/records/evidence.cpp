#include "broker/records/evidence.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace bulkhead::records {

Result<Evidence> Evidence::open(const sys::Dir& dir) {
    Evidence store(TRY(dir.make_dir(kFolder, 0700)));
    TRY(dir.sync());
    for (const auto& name : TRY(store.dir_.list())) {
        // A crash left it while it was written.
        if (name.ends_with(".new")) TRY(store.dir_.remove_file(name));
    }
    for (const auto& file : TRY(store.list())) {
        store.bytes_ += file.bytes;
        ++store.files_;
    }
    return store;
}

Result<> Evidence::keep(std::string_view content) {
    const auto name = crypto::hex(crypto::sha256(as_bytes(content)));
    // The time of change is that of the last use.
    if (::utimensat(dir_.fd(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return {};
    if (errno != ENOENT) return sys::fail_errno("evidence " + name);
    TRY(within("evidence", dir_.write_atomic(name, content, 0400)));
    bytes_ += content.size();
    ++files_;
    return {};
}

Result<> Evidence::keep(const policy::Policy& policy) {
    if (policy.digest == policy_) return {};
    for (const auto& [file, text] : policy.texts) TRY(keep(text));
    TRY(keep(policy.file_list));
    policy_ = policy.digest;
    return {};
}

Result<std::vector<Evidence::File>> Evidence::list() const {
    std::vector<File> files;
    for (auto& name : TRY(dir_.list())) {
        struct stat info {};
        if (::fstatat(dir_.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            return sys::fail_errno("evidence " + name);
        }
        files.push_back({UnixTime(std::chrono::seconds(info.st_mtim.tv_sec)), std::move(name),
                         static_cast<std::uint64_t>(info.st_size)});
    }
    return files;
}

Result<> Evidence::prune(UnixTime now, const policy::Policy& policy) {
    const auto beyond = [this] { return bytes_ > kMostBytes || files_ > kMostFiles; };
    if (!beyond() && now < looked_ + kLookEvery) return {};
    looked_ = now;
    auto files = TRY(list());
    std::ranges::sort(files, {}, &File::used);
    std::size_t aged = 0;
    for (const auto& file : files) {
        if (policy.file_list.contains(file.name) || file.name == crypto::hex(policy.digest))
            continue;
        const bool old = file.used < now - kLongest && aged < kMostForAge;
        if (!beyond() && !old) break;
        if (!beyond()) ++aged;
        if (!dir_.remove_file(file.name)) continue;  // a directory, say: not of this store
        bytes_ -= std::min(bytes_, file.bytes);
        files_ -= std::min<std::size_t>(files_, 1);
    }
    policy_ = {};
    return keep(policy);
}

}  // namespace bulkhead::records
