// `bulkhead migrate`: makes the configuration that replaces an installation of another agent. It
// prints it, or writes it into a directory that the operator names; it installs nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/migrate/compose.hpp"
#include "common/sys/fd.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{
    Option{"--from", Option::Takes::once}, Option{"--root", Option::Takes::once},
    Option{"--file", Option::Takes::often}, Option{"--write", Option::Takes::once}};

std::string joined(const std::vector<std::string>& lines, std::string_view before) {
    std::string text;
    for (const auto& line : lines) text += std::string(before) + line + "\n";
    return text;
}

std::string section(std::string_view title, const std::string& text) {
    return text.empty() ? "" : "\n# --- " + std::string(title) + "\n" + text;
}

// Lines to add to a file of the vendor's policy.
struct Added {
    std::string_view file;
    std::vector<std::string> migration::Plan::*lines;
};
constexpr Added kAdded[] = {{"profiles/worker.profile", &migration::Plan::landlock},
                            {"reads.policy", &migration::Plan::reads},
                            {"credentials.policy", &migration::Plan::credentials}};

std::string target(std::string_view file) {
    return "/etc/bulkhead/policy/" + std::string(file) + ".d/migrated.lines";
}
std::string written(std::string_view file) {
    return std::string(file.substr(file.rfind('/') + 1)) + ".lines";
}

// Shell commands that install the files with owner and mode.
std::string install_lines(const migration::Plan& plan, const std::string& from) {
    const auto install = [&from](std::string_view owner, std::string_view group,
                                 std::string_view mode, const std::string& name,
                                 const std::string& target) {
        return "install -D -o " + std::string(owner) + " -g " + std::string(group) + " -m " +
               std::string(mode) + " " + shell_word(from + "/" + name) + " " + target + "\n";
    };
    auto text = install("root", "bulkhead", "640", "agent.yaml", "/etc/bulkhead/agent.yaml");
    bool state = false;
    for (const auto& file : plan.secrets) {
        const auto colon = file.owner.find(':');
        if (!state && file.name.starts_with("state/")) {
            // At its start the agent gives this directory to the account of its worker.
            text += "install -d -o root -g root -m 700 /var/lib/bulkhead/worker/credentials\n";
            state = true;
        }
        text += install(file.owner.substr(0, colon), file.owner.substr(colon + 1), file.mode,
                        file.name, file.target);
    }
    for (const auto& [file, lines] : kAdded) {
        if ((plan.*lines).empty()) continue;
        text += install("root", "root", "644", written(file), target(file));
    }
    return text;
}

std::string told(const migration::Plan& plan, const migration::Installation& installation,
                 const std::string& directory) {
    auto text =
        joined(installation.read, "# read ") + section("/etc/bulkhead/agent.yaml", plan.agent_yaml);
    for (const auto& [file, lines] : kAdded) {
        text += section(target(file), joined(plan.*lines, ""));
    }
    std::string secrets;
    for (const auto& file : plan.secrets) {
        secrets += "# " + file.origin + "\n#   goes to " + file.target + "  (" + file.owner +
                   ", mode " + file.mode + ")\n";
    }
    if (!secrets.empty() && directory.empty()) {
        secrets += "# Secrets are not printed; --write DIR puts them into files.\n";
    }
    text += section("secrets and state", secrets);
    text += section("what is different", joined(plan.notes, "# "));
    if (!directory.empty()) text += section("install", install_lines(plan, directory));
    return text;
}

// Writes a new file with mode 0600 and calls fsync(2). An existing file is not overwritten:
// somebody may have edited it.
Result<> write_new(const std::string& path, const std::string& content) {
    sys::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST) {
        return fail(path + ": exists already and stays as it is; give --write an empty directory");
    }
    if (!file) return sys::fail_errno(path);
    TRY(within(path, sys::write_all(file, as_bytes(content))));
    if (::fsync(file.get()) != 0) return sys::fail_errno(path);
    return {};
}

Result<> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return sys::fail_errno(path);
}

Result<> write_all(const migration::Plan& plan, const std::string& directory) {
    TRY(make_directory(directory));
    TRY(write_new(directory + "/agent.yaml", plan.agent_yaml));
    for (const auto& [file, lines] : kAdded) {
        if ((plan.*lines).empty()) continue;
        TRY(write_new(directory + "/" + written(file), joined(plan.*lines, "")));
    }
    for (const auto& file : plan.secrets) {
        for (auto slash = file.name.find('/'); slash != file.name.npos;
             slash = file.name.find('/', slash + 1)) {
            TRY(make_directory(directory + "/" + file.name.substr(0, slash)));
        }
        TRY(write_new(directory + "/" + file.name, file.content.reveal()));
    }
    return {};
}

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

std::string old_agents(std::string_view separator) {
    std::string names;
    for (const auto& one : migration::old_agents()) {
        names += (names.empty() ? "" : std::string(separator)) + std::string(one.name);
    }
    return names;
}

}  // namespace

std::string names_of_old_agents() { return old_agents("|"); }

Result<int> migrate(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("unexpected " + options.operands()[0]);
    const auto* const agent = migration::find_old_agent(options.value("--from"));
    if (agent == nullptr) return wrong("--from takes the agent to replace: " + old_agents(", "));
    if (worker::find_dialect(agent->dialect) == nullptr) {
        return fail("this version does not speak " + std::string(agent->dialect));
    }
    const auto root = without_slash(options.value("--root", "/"));
    const auto directory = without_slash(options.value("--write"));
    const auto installation =
        TRY(migration::read_installation(*agent, root, options.values("--file")));
    const auto plan = TRY(migration::compose(*agent, installation, root));
    if (!directory.empty()) TRY(write_all(plan, directory));
    TRY(print(told(plan, installation, directory)));
    return kDone;
}

}  // namespace bulkhead::cli
