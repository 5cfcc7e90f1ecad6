#include "worker/host/system/platform.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kFileMax = 64_KiB;
constexpr std::string_view kDigitsAndDots = "0123456789.";

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != '\n') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

std::string first_line(std::string_view text) {
    return std::string(trimmed(text.substr(0, text.find('\n'))));
}

// Returns the digits and dots after the first `word`; before them one other character may stand
// ("release v9"). "" if `word` is missing.
std::string version_after(std::string_view text, std::string_view word) {
    const auto at = text.find(word);
    if (at == std::string_view::npos) return {};
    const auto rest = text.substr(at + word.size());
    if (rest.empty() || std::string_view(" \t.(").contains(rest.front())) return {};
    return std::string(rest.substr(0, rest.find_first_not_of(kDigitsAndDots, 1)));
}

// The value of a line such as DISTRIB_ID=Ubuntu, without double quotes; "" if there is none.
std::string lsb_value(std::string_view lsb, std::string_view key) {
    for (const auto line : split(lsb, '\n')) {
        if (!line.starts_with(key) || !line.substr(key.size()).starts_with('=')) continue;
        auto value = trimmed(line.substr(key.size() + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        return std::string(value);
    }
    return {};
}

using Reader = Platform (*)(const std::string& text, std::string_view lsb);

std::string red_hat_version(const std::string& text) {
    const auto line = lower(text);
    return line.contains("rawhide") ? "rawhide" : version_after(line, "release ");
}

Platform oracle(const std::string& text, std::string_view) {
    return {"oracle", red_hat_version(text)};
}

Platform slackware(const std::string& text, std::string_view) {
    const auto line = lower(text);
    return {"slackware", line.starts_with("slackware ") ? line.substr(10) : line};
}

Platform debian(const std::string& text, std::string_view lsb) {
    const auto id = lsb_value(lsb, "DISTRIB_ID");
    if (id == "Ubuntu") return {"ubuntu", lsb_value(lsb, "DISTRIB_RELEASE")};
    if (id == "LinuxMint") return {"linuxmint", lsb_value(lsb, "DISTRIB_RELEASE")};
    return {"debian", first_line(text)};
}

Platform red_hat(const std::string& text, std::string_view) {
    const auto line = lower(text);
    const auto name = line.contains("red hat") ? "redhat" : line.substr(0, line.find(' '));
    return {name, red_hat_version(text)};
}

Platform gentoo(const std::string& text, std::string_view) {
    return {"gentoo", red_hat_version(text)};
}

Platform suse(const std::string& text, std::string_view) {
    auto version = version_after(text, "VERSION = ");
    const auto patch = version_after(text, "PATCHLEVEL = ");
    if (!patch.empty()) version += "." + patch;
    return {lower(text).contains("opensuse") ? "opensuse" : "suse", version};
}

Platform arch(const std::string&, std::string_view lsb) {
    return {"arch", lsb_value(lsb, "DISTRIB_RELEASE")};
}

Platform alpine(const std::string& text, std::string_view) { return {"alpine", first_line(text)}; }

struct Row {
    std::string_view file;
    Reader read;
};

constexpr std::array kRows = {
    Row{"etc/oracle-release", oracle},       Row{"etc/enterprise-release", oracle},
    Row{"etc/slackware-version", slackware}, Row{"etc/debian_version", debian},
    Row{"etc/neokylin-release", red_hat},    Row{"etc/redhat-release", red_hat},
    Row{"etc/system-release", red_hat},      Row{"etc/gentoo-release", gentoo},
    Row{"etc/SuSE-release", suse},           Row{"etc/arch-release", arch},
    Row{"etc/alpine-release", alpine},
};

}  // namespace

std::string read_release_file(const sys::Dir& root, std::string_view path) {
    const std::string name(path);
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const sys::Fd fd(
        static_cast<int>(::syscall(SYS_openat2, root.fd(), name.c_str(), &how, sizeof how)));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
    const auto text = sys::read_to_end(fd, kFileMax);
    return text && is_utf8(*text) ? *text : std::string{};
}

Platform read_platform(const sys::Dir& root, const OsRelease& os_release) {
    const auto lsb = read_release_file(root, "etc/lsb-release");
    for (const auto& [file, read] : kRows) {
        const auto text = read_release_file(root, file);
        if (!text.empty()) return read(text, lsb);
    }
    return {os_release.id, os_release.version_id};
}

}  // namespace bulkhead::worker
