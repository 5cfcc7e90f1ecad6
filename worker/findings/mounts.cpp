#include "worker/findings/mounts.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMostMounts = 256;

// Images: full from the day they were made.
constexpr std::array<std::string_view, 5> kImages{"squashfs", "iso9660", "udf", "erofs", "cramfs"};

bool holds_data(std::string_view mount_point, std::string_view type, std::string_view source) {
    if (std::ranges::find(kImages, type) != kImages.end() || type.starts_with("fuse."))
        return false;
    return mount_point == "/" || source.starts_with("/dev/") || type == "zfs";
}

bool has_option(std::string_view options, std::string_view option) {
    const auto all = split(options, ',');
    return std::ranges::find(all, option) != all.end();
}

// Blanks, tabs, line feeds and backslashes stand there as \ and three octal digits.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text.substr(i + 1, 3);
        const bool octal = text[i] == '\\' && digits.size() == 3 &&
                           digits.find_first_not_of("01234567") == digits.npos;
        if (octal) {
            plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 +
                                       (digits[2] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

}  // namespace

// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
std::vector<std::string> parse_mounts(std::string_view mountinfo) {
    std::map<std::string_view, std::string> shortest;  // by device
    for (const auto line : split(mountinfo, '\n')) {
        const auto fields = words(line);
        const auto dash = std::ranges::find(fields, "-");
        if (dash - fields.begin() < 6 || fields.end() - dash < 4) continue;
        if (!holds_data(fields[4], dash[1], dash[2]) || has_option(dash[3], "ro")) continue;
        auto path = unescaped(fields[4]);
        const auto [at, added] = shortest.try_emplace(fields[2], path);
        if (!added && path.size() < at->second.size()) at->second = std::move(path);
    }
    std::vector<std::string> paths;
    for (auto& [device, path] : shortest) {
        if (paths.size() < kMostMounts) paths.push_back(std::move(path));
    }
    std::ranges::sort(paths);
    return paths;
}

}  // namespace bulkhead::worker
