#include "broker/reads/stamp.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "common/crypto/sha256.hpp"

namespace bulkhead::broker {

namespace {

std::string stamp_of(const struct stat& info) {
    std::string stamp;
    for (const auto part :
         {std::uint64_t{info.st_dev}, std::uint64_t{info.st_ino},
          static_cast<std::uint64_t>(info.st_size), static_cast<std::uint64_t>(info.st_mtim.tv_sec),
          static_cast<std::uint64_t>(info.st_mtim.tv_nsec)}) {
        stamp += std::to_string(part) + ":";
    }
    return stamp;
}

}  // namespace

std::string stamp_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? stamp_of(info) : "";
}

std::string stamp_of_tree(const std::string& directory) {
    constexpr std::size_t kMost = 4096;
    std::set<std::string> lines;
    std::error_code failed;
    auto entry = std::filesystem::recursive_directory_iterator(directory, failed);
    for (const std::filesystem::recursive_directory_iterator end;
         !failed && entry != end && lines.size() < kMost; entry.increment(failed)) {
        struct stat info {};
        if (::lstat(entry->path().c_str(), &info) != 0) continue;
        lines.insert(entry->path().string() + " " + stamp_of(info));
    }
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    return crypto::hex(crypto::sha256(as_bytes(all)));
}

}  // namespace bulkhead::broker
