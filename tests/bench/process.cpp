#include "tests/bench/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unordered_map>

#include "tests/support/files.hpp"

namespace bulkhead::bench {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPresent = 1ULL << 63;
constexpr std::uint64_t kOfAFile = 1ULL << 61;  // or shared
constexpr std::uint64_t kFrame = (1ULL << 55) - 1;

std::string proc(pid_t pid, const std::string& file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

// "Key:   123 kB" or "key:\t123"; 0 when there is no such line.
std::uint64_t number_after(const std::string& text, const std::string& key) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(key + ":")) return std::stoull(line.substr(key.size() + 1));
    }
    return 0;
}

// A frame of memory, as some processes map it.
struct Frame {
    std::uint64_t mapped = 0;  // how often
    bool written = false;      // a private page that is not, or no longer, a file's
    bool of_libc = false;      // of the C library or its loader, which every program maps
};
using Frames = std::unordered_map<std::uint64_t, Frame>;

// "BEGIN-END MODE OFFSET DEVICE INODE   PATH"
bool is_of_libc(const std::string& line) {
    const auto slash = line.rfind('/');
    if (slash == line.npos) return false;
    const auto name = std::string_view(line).substr(slash + 1);
    return name.starts_with("libc.so.") || name.starts_with("ld-linux");
}

Frames frames_of(std::span<const pid_t> pids) {
    Frames frames;
    for (const auto pid : pids) {
        const int pagemap = ::open(proc(pid, "pagemap").c_str(), O_RDONLY | O_CLOEXEC);
        std::istringstream maps(test::content_of(proc(pid, "maps")));
        for (std::string line; std::getline(maps, line);) {
            if (line.find("[v") != line.npos) continue;  // vdso and the like: the kernel's own
            const bool of_libc = is_of_libc(line);
            std::size_t dash = 0;
            const auto begin = std::stoull(line, &dash, 16);
            const auto end = std::stoull(line.substr(dash + 1), nullptr, 16);
            std::vector<std::uint64_t> entries((end - begin) / kPage);
            const auto got = ::pread(pagemap, entries.data(), entries.size() * 8,
                                     static_cast<off_t>(begin / kPage * 8));
            entries.resize(got > 0 ? static_cast<std::size_t>(got) / 8 : 0);
            for (const auto entry : entries) {
                if ((entry & kPresent) == 0) continue;
                auto& frame = frames[entry & kFrame];
                ++frame.mapped;
                frame.of_libc = of_libc;
                frame.written = (entry & kOfAFile) == 0;
            }
        }
        ::close(pagemap);
    }
    return frames;
}

}  // namespace

Memory memory_of(pid_t pid) {
    const auto text = test::content_of(proc(pid, "smaps_rollup"));
    return {.rss = number_after(text, "Rss") * 1024,
            .pss = number_after(text, "Pss") * 1024,
            .private_dirty = number_after(text, "Private_Dirty") * 1024,
            .private_clean = number_after(text, "Private_Clean") * 1024};
}

std::uint64_t resident_together(std::span<const pid_t> pids) {
    return frames_of(pids).size() * kPage;
}

namespace {

// The share of `ours` in what they map, where `ignored(frame)` says how many of all mappings of it
// do not count.
template <class Ignored>
std::uint64_t share_of(const Frames& ours, Ignored ignored) {
    const int counts = ::open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
    double pages = 0;
    for (const auto& [number, frame] : ours) {
        std::uint64_t everybody = 0;
        const auto at = static_cast<off_t>(number * sizeof everybody);
        if (::pread(counts, &everybody, sizeof everybody, at) != sizeof everybody) continue;
        const auto counted = everybody - std::min(everybody, ignored(number, frame, everybody));
        pages += static_cast<double>(frame.mapped) /
                 static_cast<double>(std::max(frame.mapped, counted));
    }
    ::close(counts);
    return static_cast<std::uint64_t>(pages * static_cast<double>(kPage));
}

}  // namespace

std::uint64_t share_without(std::span<const pid_t> pids, std::span<const pid_t> without) {
    const auto others = frames_of(without);
    return share_of(frames_of(pids), [&](std::uint64_t number, const Frame&, std::uint64_t) {
        const auto found = others.find(number);
        return found == others.end() ? 0 : found->second.mapped;
    });
}

std::uint64_t share_alone(std::span<const pid_t> pids) {
    return share_of(frames_of(pids), [](std::uint64_t, const Frame& frame, std::uint64_t all) {
        return frame.of_libc ? 0 : all;
    });
}

std::uint64_t written_together(std::span<const pid_t> pids) {
    const auto frames = frames_of(pids);
    return kPage * static_cast<std::uint64_t>(std::ranges::count_if(
                       frames, [](const auto& one) { return one.second.written; }));
}

std::size_t libraries_of(pid_t pid) {
    std::set<std::string> files;
    std::istringstream maps(test::content_of(proc(pid, "maps")));
    for (std::string line; std::getline(maps, line);) {
        const auto slash = line.find('/');
        if (slash != line.npos && line.find(" r-xp ") != line.npos)
            files.insert(line.substr(slash));
    }
    return files.empty() ? 0 : files.size() - 1;
}

Effort effort_of(pid_t pid) {
    Effort effort;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(proc(pid, "task"), gone)) {
        std::istringstream schedstat(test::content_of(task.path() / "schedstat"));
        double nanoseconds = 0;
        schedstat >> nanoseconds;
        effort.cpu_us += nanoseconds / 1000;
        effort.wakeups += static_cast<double>(
            number_after(test::content_of(task.path() / "status"), "voluntary_ctxt_switches"));
    }
    return effort;
}

std::uint64_t peak_of(pid_t pid) {
    return number_after(test::content_of(proc(pid, "status")), "VmHWM") * 1024;
}

void forget_peak(pid_t pid) { std::ofstream(proc(pid, "clear_refs")) << "5"; }

std::vector<pid_t> children_of(pid_t pid) {
    std::istringstream list(
        test::content_of(proc(pid, "task/" + std::to_string(pid) + "/children")));
    std::vector<pid_t> children;
    for (pid_t child = 0; list >> child;) children.push_back(child);
    return children;
}

}  // namespace bulkhead::bench
