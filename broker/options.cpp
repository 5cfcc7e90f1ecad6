#include "broker/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace bulkhead::broker {

namespace {

struct PathOption {
    std::string_view name;
    std::string Options::*member;
    std::string_view argument;
    std::string_view help;
};
constexpr std::array kPaths{
    PathOption{"--policy", &Options::policy, "DIR", "the operator's policy, root's alone"},
    PathOption{"--vendor-policy", &Options::vendor_policy, "DIR",
               "what that is laid over (default: what came with broker)"},
    PathOption{"--config", &Options::config, "FILE", "agent.yaml, read by the config reader"},
    PathOption{"--state", &Options::state, "DIR", "broker/ and workers/ keep their state in it"},
    PathOption{"--log-dir", &Options::log_dir, "DIR", "audit.log is written here"},
    PathOption{"--log-file", &Options::log_file, "FILE", "the log, instead of standard output"},
    PathOption{"--run-dir", &Options::run_dir, "DIR", "status sockets"},
    PathOption{"--systemctl", &Options::systemctl, "FILE", "asked to reboot where a job may"},
    PathOption{"--worker", &Options::worker, "FILE", "the worker program (default: beside broker)"},
    PathOption{"--worker-user", &Options::worker_user, "USERS",
               "accounts USERS0, USERS1, ..., or UID:GID, UID+1:GID+1, ..."},
    PathOption{"--config-user", &Options::config_user, "USER",
               "reads agent.yaml: name in /etc/passwd, or UID:GID"},
    PathOption{"--upgrade-within", &Options::upgrade_within, "TIME",
               "so long a new version waits for a moment without jobs; then none is fetched"},
    PathOption{"--prepared-views", &Options::prepared_views, "yes|no",
               "make the root directories of jobs ahead, in idle time (default: yes)"},
    PathOption{"--loader", &Options::loader, "FILE",
               "loads eBPF artifacts where artifacts.policy exists (default: beside broker)"},
    PathOption{"--loader-user", &Options::loader_user, "USER",
               "its account: name in /etc/passwd, or UID:GID"},
};

struct Switch {
    std::string_view name;
    Command command;
    bool for_worker;
    std::string_view help;
};
constexpr std::array kSwitches{
    Switch{"--once", Command::once, true, "one pass of every duty, jobs included; then exit"},
    Switch{"--register-only", Command::once, true, "enroll if necessary; then exit"},
    Switch{"--check-in-only", Command::once, true, "one heartbeat without jobs; then exit"},
    Switch{"--force", Command::once, true, "with one of these: report inventory before it is due"},
    Switch{"--migrate-back", Command::migrate_back, false,
           "give the state of all workers back to 0.1; then exit"},
    Switch{"--version", Command::version, false, "print the version"},
    Switch{"--help", Command::help, false, "print this"},
};

// Options that need no root: the broker executes `bulkhead` for them, whose subcommands have the
// same names without the dashes.
constexpr std::array<std::string_view, 6> kTools{"--dry-run",      "--check-policy",
                                                 "--check-config", "--show-confinement",
                                                 "--verify-audit", "--describe-protocol"};

// Overwrites the value of a setting on our command line: it may be a secret, and everybody can read
// /proc/PID/cmdline (proc(5)).
void hide_value(char* word) {
    char* value = *word == '-' ? std::strchr(word, '=') : word;
    while (value != nullptr && *value != 0) *value++ = '*';
}

// The broker honours --log-level and BULKHEAD_LOG_LEVEL too; it does not read agent.yaml. The
// config reader reports an invalid level.
sys::Level level_in(const std::vector<std::string>& words) {
    constexpr std::string_view kName = "--log-level";
    const char* const variable = std::getenv("BULKHEAD_LOG_LEVEL");
    std::string_view text = variable == nullptr ? "" : variable;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == kName && i + 1 < words.size()) text = words[i + 1];
        if (word.starts_with("--log-level=")) text = word.substr(kName.size() + 1);
    }
    return sys::parse_level(text).value_or(sys::Level::info);
}

// The first word of kTools becomes the subcommand; all other words are its arguments.
std::vector<std::string> find_tool(std::span<char* const> arguments) {
    std::vector<std::string> words(arguments.begin(), arguments.end());
    const auto tool = std::ranges::find_first_of(words, kTools);
    if (tool == words.end()) return {};
    tool->erase(0, 2);
    std::rotate(words.begin(), tool, tool + 1);
    return words;
}

}  // namespace

Result<Options> parse_options(std::span<char* const> arguments) {
    Options options;
    options.tool = find_tool(arguments);
    if (!options.tool.empty()) {
        options.command = Command::tool;
        return options;
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view word = arguments[i];
        if (word == "-h") word = "--help";
        if (word == "-V") word = "--version";
        const auto name = word.substr(0, word.find('='));
        const auto* path = std::ranges::find(kPaths, name, &PathOption::name);
        if (path != kPaths.end()) {
            if (name.size() == word.size() && ++i == arguments.size()) {
                return fail(std::string(name) + " takes a " + std::string(path->argument));
            }
            options.*path->member = name.size() == word.size()
                                        ? std::string(arguments[i])
                                        : std::string(word.substr(name.size() + 1));
            if ((options.*path->member).empty()) return fail(std::string(name) + " is empty");
            continue;
        }
        const auto* one = std::ranges::find(kSwitches, word, &Switch::name);
        if (one != kSwitches.end()) options.command = one->command;
        if (one == kSwitches.end()) {
            options.settings.emplace_back(word);
            hide_value(arguments[i]);
        } else if (one->for_worker) {
            options.order.emplace_back(word);
        }
    }
    if (options.prepared_views != "yes" && options.prepared_views != "no") {
        return fail("--prepared-views is yes or no");
    }
    options.log_level = level_in(options.settings);
    return options;
}

std::string help_text() {
    std::string text =
        "usage: bulkhead-broker [options]\n\n"
        "The root half of the Bulkhead agent: runs approved jobs for the confined worker it "
        "starts.\n"
        "Without a command it serves until SIGTERM; SIGHUP reloads the policy and reopens "
        "logs.\n\n";
    const auto row = [&](std::string left, std::string_view help) {
        left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
        text += "  " + left + std::string(help) + "\n";
    };
    for (const auto& one : kSwitches) row(std::string(one.name), one.help);
    for (const auto tool : kTools) {
        row(std::string(tool) + " ...", "as `bulkhead " + std::string(tool.substr(2)) + " ...`");
    }
    text += "\n";
    const Options defaults;
    for (const auto& path : kPaths) {
        const auto& value = defaults.*path.member;
        row(std::string(path.name) + " " + std::string(path.argument),
            std::string(path.help) + (value.empty() ? "" : " [" + value + "]"));
    }
    return text +
           "\nOther options are settings of agent.yaml and go to its reader; `bulkhead settings` "
           "lists them.\nExit status: 0 done, 1 failed, 2 bad usage, configuration or policy, 150 "
           "ended to be\nstarted anew, for the program was replaced.\n";
}

}  // namespace bulkhead::broker
