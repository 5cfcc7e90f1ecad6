#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"
#include "worker/backend/judge.hpp"
#include "worker/system/os_release.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxBytes = 64_KiB;

// Of a file whose absence is no error: "".
Result<std::string> read_if_present(const std::string& path, bool secret) {
    if (path.empty()) return "";
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd && errno == ENOENT) return "";
    if (!fd) return sys::fail_errno(path);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return sys::fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": not a regular file");
    if (secret && (info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return fail(path + ": everybody can read this secret; chmod o= it");
    }
    return within(path, sys::read_to_end(fd, kMaxBytes));
}

std::string pretty_name(std::string_view os_release) {
    return os_release.empty() ? "" : parse_os_release(os_release).pretty_name;
}

}  // namespace

std::string env_value(std::string_view text, std::string_view key) {
    std::string found;
    for (const auto raw : split(text, '\n')) {
        auto line = trimmed(raw);
        if (line.starts_with("export ")) line = trimmed(line.substr(7));
        if (!line.starts_with(key) || !line.substr(key.size()).starts_with('=')) continue;
        auto value = trimmed(line.substr(key.size() + 1));
        if (value.ends_with('\r')) value.remove_suffix(1);
        const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                            (value.front() == '"' || value.front() == '\'');
        found = quoted ? value.substr(1, value.size() - 2) : value;
    }
    return found;
}

Result<std::string> load_ravenxcope_files(DialectOptions& options, Secret& credential) {
    if (options["sensor_id"].empty()) {
        return fail("options.sensor_id is missing; set it in the file or with SENSOR_ID");
    }
    auto kept = read_if_present(options["config_file"], true);
    // Of root's alone, as the original agent leaves it: then systemd reads it, as EnvironmentFile=.
    if (!kept && !credential.empty()) kept = "";
    if (!kept) {
        return fail("config_file: " + kept.error().what +
                    "; let the group bulkhead read it, or set config_file to \"\" and give the "
                    "sensor token as credential");
    }
    std::string origin;
    Secret token(env_value(*kept, "SENSOR_TOKEN"));
    if (!token.empty()) {
        TRY(within(options["config_file"] + ": SENSOR_TOKEN", check_credential(token.reveal())));
        credential = std::move(token);
        origin = options["config_file"] + ", SENSOR_TOKEN";
    }
    auto& hostname = options["hostname"];
    if (hostname.empty()) {
        const auto text = TRY(read_if_present(options["host_hostname_file"], false));
        hostname = trimmed(std::string_view(text).substr(0, text.find('\n')));
        if (!hostname.empty()) TRY(within("host_hostname_file", check_agent_id(hostname)));
    }
    auto& os_info = options["os_info"];
    if (os_info.empty()) {
        os_info = pretty_name(TRY(read_if_present(options["host_os_release_file"], false)));
    }
    return origin;
}

}  // namespace bulkhead::worker
