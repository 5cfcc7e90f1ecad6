#include "broker/records/evidence.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::records {

namespace {

constexpr std::uint64_t kLargestFile = 16_MiB;  // of a policy, and its list of files

}  // namespace

Result<Evidence> Evidence::open(const sys::Dir& dir) {
    Evidence store(TRY(dir.make_dir(kFolder, 0700)), TRY(dir.open_dir(".")));
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
    const auto kept = [&]() -> Result<> {
        for (const auto& [file, text] : policy.texts) TRY(keep(text));
        TRY(keep(policy.file_list));
        return within("evidence", name_last(policy));
    }();
    // One before it may have let a worker do more than this one does.
    if (!kept) static_cast<void>(state_.remove_file(kLastPolicy));
    if (kept) policy_ = policy.digest;
    return kept;
}

Result<> Evidence::name_last(const policy::Policy& policy) const {
    const auto line = crypto::hex(policy.digest) + "\n";
    if (state_.read_file(kLastPolicy, line.size()).value_or("") == line) return {};
    return state_.write_atomic(kLastPolicy, line, 0600);
}

Result<std::string> Evidence::read(std::string_view digest) const {
    const auto text = dir_.read_file(digest, kLargestFile);
    if (!text) return fail("evidence: " + text.error().what);
    if (crypto::hex(crypto::sha256(as_bytes(*text))) == digest) return *text;
    return fail("evidence " + std::string(digest) + ": is not what was kept");
}

Result<policy::Files> Evidence::last_policy() const {
    constexpr std::size_t kDigits = 2 * sizeof(crypto::Digest);
    const auto name = TRY(state_.read_file(kLastPolicy, kDigits + 1)).substr(0, kDigits);
    policy::Files files;
    files.directory = "the last policy in force, " + name.substr(0, 12);
    const auto list = TRY(read(name));
    for (const auto line : split(list, '\n')) {
        if (line.size() < kDigits + 3) continue;  // what follows the last line
        files.texts.emplace(line.substr(kDigits + 2), TRY(read(line.substr(0, kDigits))));
    }
    return files;
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
