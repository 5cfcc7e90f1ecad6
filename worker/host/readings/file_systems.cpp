#include "worker/host/readings/file_systems.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

// The kernel writes a space, tab, newline or backslash in /proc/PID/mountinfo as \ and three octal
// digits (proc(5)).
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text.substr(i + 1, 3);
        unsigned byte = 0;
        const auto end = std::from_chars(digits.begin(), digits.end(), byte, 8).ptr;
        const bool octal = text[i] == '\\' && digits.size() == 3 && end == digits.end();
        plain += octal ? static_cast<char>(byte) : text[i];
        if (octal) i += 3;
    }
    return plain;
}

Result<Disk> parse_row(const std::vector<std::string_view>& fields) {
    if (fields.size() != 8) return fail("file systems: not a row");
    std::array<std::uint64_t, 6> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = TRY(parse_number<std::uint64_t>(fields[i + 2]));
    }
    struct statvfs figures {};
    figures.f_frsize = numbers[0];
    figures.f_blocks = numbers[1];
    figures.f_bfree = numbers[2];
    figures.f_bavail = numbers[3];
    figures.f_files = numbers[4];
    figures.f_ffree = numbers[5];
    return disk_of(unescaped(fields[1]), figures);
}

}  // namespace

Result<FileSystems> parse_file_systems(std::string_view rows, const NameFilter& mounts) {
    std::map<std::string_view, Disk> shortest;       // by device
    std::map<std::string, std::string_view> unseen;  // devices by place
    for (const auto row : split(rows, '\n')) {
        if (row.empty()) continue;  // what follows the last newline
        const auto fields = words(row);
        if (fields.size() >= 2 && !mounts.keeps(unescaped(fields[1]))) continue;
        if (fields.size() == 2) {
            unseen.emplace(unescaped(fields[1]), fields[0]);
            continue;
        }
        auto disk = TRY(parse_row(fields));
        auto& kept = shortest.try_emplace(fields[0], disk).first->second;
        if (disk.path.size() < kept.path.size()) kept = std::move(disk);
    }
    FileSystems all;
    for (const auto& [place, device] : unseen) {
        if (!shortest.contains(device)) all.unseen.push_back(place);
    }
    for (auto& [device, disk] : shortest) all.disks.push_back(std::move(disk));
    std::ranges::sort(all.disks, {}, &Disk::path);
    return all;
}

}  // namespace bulkhead::worker
