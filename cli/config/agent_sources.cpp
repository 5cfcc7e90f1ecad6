#include "cli/config/agent_sources.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "cli/base/policy_copy.hpp"
#include "cli/systemd/service.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

namespace {

constexpr const char* kUsual = "/etc/bulkhead/agent.yaml";
constexpr std::string_view kNoUnit = "none";
constexpr std::string_view kShipped = BULKHEAD_DOC "/agent.yaml";

// Options of the broker that take a value, and those that take none; all others are settings
// (bulkhead-broker --help).
constexpr std::array<std::string_view, 15> kValued{
    "--policy",    "--vendor-policy", "--config",      "--state",          "--log-dir",
    "--log-file",  "--run-dir",       "--worker",      "--worker-user",    "--config-user",
    "--systemctl", "--loader",        "--loader-user", "--upgrade-within", "--prepared-views"};
constexpr std::array<std::string_view, 4> kSwitches{"--once", "--register-only", "--check-in-only",
                                                    "--force"};

Result<std::string> read_config_file(const std::string& path) {
    const sys::Fd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!found && errno == ENOENT) {
        return wrong(path + " does not exist; the one that was shipped is " +
                     std::string(kShipped));
    }
    struct stat info {};
    if (!found || ::fstat(found.get(), &info) != 0)
        return or_wrong<std::string>(sys::fail_errno(path));
    if (!S_ISREG(info.st_mode)) {
        const auto* what = S_ISDIR(info.st_mode)    ? "a directory"
                           : S_ISFIFO(info.st_mode) ? "a FIFO"
                           : S_ISSOCK(info.st_mode) ? "a socket"
                                                    : "a device";
        return wrong(path + ": is " + what + ", and a regular file belongs there");
    }
    const sys::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file && errno == EACCES) {
        return wrong(path + ": this user may not read it; run the command as root");
    }
    if (!file) return or_wrong<std::string>(sys::fail_errno(path));
    return or_wrong(within(path, sys::read_from_start(file, 1_MiB)));
}

void take_words(const std::vector<std::string>& words, AgentSources& into, std::string& config) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto& word = words[i];
        const auto name = word.substr(0, word.find('='));
        if (std::ranges::count(kSwitches, word) > 0) continue;
        if (std::ranges::count(kValued, name) == 0) {
            into.sources.arguments.push_back(word);
            continue;
        }
        const bool together = name.size() != word.size();
        if (!together && i + 1 == words.size()) continue;  // the broker says so
        const auto value = together ? word.substr(name.size() + 1) : words[++i];
        if (name == "--config") config = value;
        if (name == "--policy") into.policy = value;
    }
}

Result<> read_unit(const std::string& name, bool must_be, AgentSources& into, std::string& config) {
    const systemd::Tree tree("/");
    const auto files = TRY(systemd::find_unit(tree, name));
    if (!files && must_be) return wrong("there is no unit " + bulkhead::quoted(name));
    if (!files || files->masked) return {};
    const auto service = TRY(systemd::read_service(tree, *files));
    into.unit = files->fragment;
    into.notes = service.notes;
    auto& environment = into.sources.environment;
    for (const auto& one : service.environment) environment[one.name] = one.text;
    for (const auto& command : service.commands) {
        for (const auto& one : command.assigned) environment[one.name] = one.text;
        take_words(command.words, into, config);
    }
    for (const auto& one : service.passed) {
        into.notes.push_back(one.where + ": PassEnvironment= hands " + one.name +
                             " over from the service manager, and its value is in no file");
    }
    environment.emplace("CREDENTIALS_DIRECTORY", "/run/credentials/" + files->name.full);
    return {};
}

void take_own_environment(worker::ConfigSources& sources) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals == text.npos) continue;
        sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
}

}  // namespace

Result<AgentSources> agent_sources(const Options& options) {
    AgentSources all{.policy = kPolicyDirectory};
    std::string config = kUsual;
    const auto unit = options.value(kUnit.name, "bulkhead.service");
    if (unit != kNoUnit) TRY(or_wrong(read_unit(unit, options.has(kUnit.name), all, config)));
    if (all.unit.empty()) take_own_environment(all.sources);
    all.policy = options.value(kPolicyOption.name, all.policy);
    std::error_code failed;
    const auto given = TRY(options.one_or("file", config));
    all.file = std::filesystem::absolute(given, failed).lexically_normal().string();
    if (failed) all.file = given;
    all.is_agents = all.file == config;
    all.sources.file_name = all.file;
    all.sources.file = TRY(read_config_file(all.file));
    return all;
}

}  // namespace bulkhead::cli
