// `bulkhead migrate`: makes the configuration that replaces an installation of another agent. It
// prints it, or writes it into a directory that the operator names; it installs nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/migrate/ask_backend.hpp"
#include "cli/migrate/compose.hpp"
#include "common/sys/walk.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kNothingLearnt = 3;  // exit status of --check

constexpr std::array kOptions{Option{"--from", Option::Takes::once},
                              Option{"--root", Option::Takes::once},
                              Option{"--file", Option::Takes::often},
                              Option{"--write", Option::Takes::once}, Option{"--check"}};

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
    std::set<std::string> made;
    for (const auto& file : plan.secrets) {
        const auto colon = file.owner.find(':');
        const auto directory = file.target.substr(0, file.target.rfind('/'));
        // At its start the agent gives these directories to the account of its worker.
        if (file.name.starts_with("state/") && made.insert(directory).second) {
            text += "install -d -o root -g root -m 700 " + directory + "\n";
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
Result<> write_new(const sys::Dir& dir, const std::string& name, std::string_view content) {
    const auto file = dir.open_at(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file && file.error().code == EEXIST) {
        return fail("exists already and stays as it is; give --write an empty directory");
    }
    if (!file) return std::unexpected(file.error());
    TRY(sys::write_all(*file, as_bytes(content)));
    if (::fsync(file->get()) != 0) return sys::fail_errno("fsync");
    return {};
}

// Writes `name`, which may have directories in front of it. Nothing on the way is a symlink.
Result<> write_below(const sys::Dir& dir, const std::string& name, std::string_view content) {
    const auto slash = name.find('/');
    if (slash == name.npos) return write_new(dir, name, content);
    const auto below = TRY(dir.make_dir(name.substr(0, slash), 0700));
    return write_below(below, name.substr(slash + 1), content);
}

// What lies there is installed later, by root, so nobody else may change anything on the way.
Result<sys::Place> place_of(const std::string& path) {
    if (::geteuid() == 0) return sys::walk_to_place(path, sys::Sticky::taken);
    const fs::path whole(path);
    return sys::Place{TRY(sys::Dir::open(whole.parent_path())), whole.filename()};
}

// A new directory, or an empty one of the caller's alone.
Result<sys::Dir> make_directory(const std::string& path) {
    const auto place = TRY(place_of(path));
    const bool is_new = ::mkdirat(place.dir.fd(), place.name.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return sys::fail_errno(path);
    auto dir = TRY(within(path, place.dir.open_dir(place.name)));
    struct stat info {};
    if (::fstat(dir.fd(), &info) != 0) return sys::fail_errno(path);
    if (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
        return fail(path + ": others may use this directory; name one that is not there yet");
    }
    const auto names = TRY(within(path, dir.list()));
    if (!is_new && !names.empty()) {
        return fail(path + "/" + names.front() +
                    ": exists already and stays as it is; give --write an empty directory");
    }
    return dir;
}

Result<> write_all(const migration::Plan& plan, const std::string& directory) {
    const auto dir = TRY(make_directory(directory));
    const auto put = [&](const std::string& name, std::string_view content) {
        return within(directory + "/" + name, write_below(dir, name, content));
    };
    TRY(put("agent.yaml", plan.agent_yaml));
    for (const auto& [file, lines] : kAdded) {
        if (!(plan.*lines).empty()) TRY(put(written(file), joined(plan.*lines, "")));
    }
    for (const auto& file : plan.secrets) TRY(put(file.name, file.content.reveal()));
    return {};
}

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

// Asks the backend who this host is to it, and says so.
Result<int> check_standing(const migration::Plan& plan, const std::string& root) {
    using enum worker::Standing::Kind;
    const auto standing = migration::ask_backend(plan, root);
    if (!standing) {
        TRY(print("nothing was learnt: " + standing.error().what + "\n"));
        return kNothingLearnt;
    }
    TRY(print(standing->text + "\n"));
    if (standing->kind == silent) return kNothingLearnt;
    return standing->kind == known ? kDone : kNo;
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
    auto directory = without_slash(options.value("--write"));
    if (!directory.empty()) directory = fs::absolute(directory).lexically_normal();
    const auto installation =
        TRY(migration::read_installation(*agent, root, options.values("--file")));
    const auto plan = TRY(migration::compose(*agent, installation, root));
    if (!directory.empty()) TRY(write_all(plan, directory));
    const bool check = options.has("--check");
    if (!check || !directory.empty()) TRY(print_done(told(plan, installation, directory)));
    return check ? check_standing(plan, root) : kDone;
}

}  // namespace bulkhead::cli
