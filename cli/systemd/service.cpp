#include "cli/systemd/service.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/systemd/pending.hpp"

namespace bulkhead::cli::systemd {

namespace {

struct NamedFile {
    std::string path;
    bool optional = false;
    std::string where;
    std::string trouble;
};

// Variables that systemd sets itself, some of them for some units only (systemd.exec(5)).
constexpr std::array<std::string_view, 17> kOwn{
    "HOME",          "USER",          "LOGNAME",      "SHELL",
    "PATH",          "LANG",          "LANGUAGE",     "INVOCATION_ID",
    "MAINPID",       "MANAGERPID",    "TERM",         "JOURNAL_STREAM",
    "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "SYSTEMD_EXEC_PID",
    "LISTEN_FDS"};

// What puts other files in the place of the host's.
constexpr std::array<std::string_view, 6> kViews{"RootDirectory", "RootImage",
                                                 "BindPaths",     "BindReadOnlyPaths",
                                                 "MountImages",   "ExtensionImages"};

bool is_own(std::string_view name) {
    return std::ranges::find(kOwn, name) != kOwn.end() || name.starts_with("LC_") ||
           name.starts_with("LISTEN_") || name.starts_with("XDG_") || name.ends_with("_DIRECTORY");
}

class Reader {
  public:
    Reader(const Tree& tree, const UnitFiles& files)
        : tree_(tree), files_(files), specifiers_(tree, &files) {}

    Result<Service> read() {
        TRY(read_defaults());
        std::vector<std::string> paths{files_.fragment};
        paths.insert(paths.end(), files_.drop_ins.begin(), files_.drop_ins.end());
        for (const auto& path : paths) TRY(read_part(path));
        TRY(finish_environment());
        TRY(finish_commands());
        return std::move(service_);
    }

  private:
    void note(const std::string& where, const std::string& what) {
        service_.notes.push_back(where + ": " + what + ", as systemd did");
    }

    // DefaultEnvironment= of the manager is below everything that a unit says.
    Result<> read_defaults() {
        const Specifiers plain(tree_, nullptr);
        std::vector<std::string> paths{"/etc/systemd/system.conf"};
        std::vector<std::pair<std::string, std::string>> drop_ins;
        for (const std::string base : {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"}) {
            const auto folder = base + "/systemd/system.conf.d";
            for (const auto& name : TRY(tree_.list(folder))) {
                if (!name.ends_with(".conf")) continue;
                if (std::ranges::find(drop_ins, name, &decltype(drop_ins)::value_type::first) ==
                    drop_ins.end()) {
                    drop_ins.emplace_back(name, folder + "/" + name);
                }
            }
        }
        std::ranges::sort(drop_ins);
        for (const auto& [name, path] : drop_ins) paths.push_back(path);
        for (const auto& path : paths) {
            const auto text = TRY(tree_.read(path));
            if (!text) continue;
            const auto lines = TRY(parse_lines(*text, path, kManagerSections));
            for (const auto& line : lines.assignments) {
                if (line.key != "DefaultEnvironment") continue;
                take_variables(line, plain, defaults_, service_.notes);
            }
            if (lines.wrong.empty()) continue;
            note(lines.wrong,
                 "the rest of this file and further files of system.conf were left out");
            break;
        }
        return {};
    }

    Result<> read_part(const std::string& path) {
        const auto text = TRY(tree_.read(path));
        if (!text) {
            return fail(path + ": is not there" +
                        (tree_.is_here() ? "" : " below " + tree_.root()) +
                        "; restore it or take away what leads to it");
        }
        service_.read.push_back(path);
        auto lines = TRY(parse_lines(*text, path));
        std::ranges::move(lines.notes, std::back_inserter(service_.notes));
        for (const auto& line : lines.assignments) {
            if (line.section != "Service") continue;
            const auto taken = take(line);
            if (!taken) return stop_at(path, taken.error().what);
        }
        return lines.wrong.empty() ? Result<>{} : stop_at(path, lines.wrong);
    }

    // systemd keeps what a drop-in says above a line at which it stops reading.
    Result<> stop_at(const std::string& path, const std::string& wrong) {
        if (path == files_.fragment) {
            return fail(wrong +
                        ", so systemd does not load this unit; mend the line or take it out");
        }
        note(wrong, "the rest of this file was left out");
        return {};
    }

    // Errors: see parse_commands().
    Result<> take(const Assignment& line) {
        if (line.key == "Environment") {
            take_variables(line, specifiers_, assigned_, service_.notes);
        }
        if (line.key == "EnvironmentFile") name_file(line);
        if (line.key == "PassEnvironment") {
            take_names(line, specifiers_, Escapes::dropped, passed_, service_.notes);
        }
        if (line.key == "UnsetEnvironment") {
            take_names(line, specifiers_, Escapes::c, unset_, service_.notes);
        }
        if (line.key == "ExecStart") {
            if (line.value.empty()) {
                commands_.clear();
            } else {
                TRY(parse_commands(line, specifiers_, commands_, service_.notes));
            }
        }
        if (std::ranges::find(kViews, line.key) != kViews.end() && !line.value.empty()) {
            service_.notes.push_back(line.where + ": " + line.key +
                                     "= may have shown the old agent other files than those that "
                                     "were read here; compare them");
        }
        if (line.key == "Type") oneshot_ = line.value == "oneshot";
        if (line.key == "WorkingDirectory") take_directory(line);
        if (line.key.starts_with("LoadCredential") || line.key.starts_with("SetCredential")) {
            service_.notes.push_back(line.where + ": " + line.key +
                                     "= gives the old agent a credential, which was not carried "
                                     "over; put it into credential_file if it is one of the "
                                     "backend's");
        }
        return {};
    }

    // The whole value is one path: quotes and blanks in it are part of it.
    void name_file(const Assignment& line) {
        if (line.value.empty()) {
            named_.clear();
            return;
        }
        const auto whole = specifiers_.expand(line.value);
        if (passes_over(line, whole, service_.notes)) return;
        NamedFile file{.path = whole ? *whole : line.value,
                       .optional = line.value.starts_with('-'),
                       .where = line.where,
                       .trouble = whole ? "" : whole.error().what};
        if (file.optional) file.path.erase(0, 1);
        const bool climbs = ("/" + file.path + "/").find("/../") != std::string::npos;
        if (whole && (!file.path.starts_with('/') || climbs)) {
            note(line.where,
                 "EnvironmentFile= names no absolute path without \"..\" and was left out");
            return;
        }
        named_.push_back(std::move(file));
    }

    void take_directory(const Assignment& line) {
        std::string_view value = line.value;
        if (value.starts_with('-')) value.remove_prefix(1);
        const auto whole = specifiers_.expand(value);
        directory_known_ = whole && (whole->empty() || whole->starts_with('/'));
        service_.directory = directory_known_ ? *whole : "";
    }

    // --- what it comes to

    Result<> finish_environment() {
        for (const auto* part : {&defaults_, &assigned_}) {
            for (const auto& one : *part) {
                if (!one.trouble.empty()) return fail(one.variable.where + ": " + one.trouble);
                put(service_.environment, one.variable);
            }
        }
        for (const auto& file : named_) TRY(read_variables(file));
        for (const auto& one : passed_) {
            const auto& name = one.variable.name;
            const auto same = std::ranges::find(service_.environment, name, &Variable::name);
            if (same == service_.environment.end()) service_.passed.push_back(one.variable);
        }
        for (const auto& one : unset_) {
            if (!one.trouble.empty()) return fail(one.variable.where + ": " + one.trouble);
            const auto& text = one.variable.name;  // NAME, or NAME=value for that value alone
            const auto is_it = [&text](const Variable& variable) {
                return text == variable.name || text == variable.name + "=" + variable.text;
            };
            std::erase_if(service_.environment, is_it);
            std::erase_if(service_.passed, is_it);
        }
        if (service_.directory.empty() && directory_known_) service_.directory = "/";
        return {};
    }

    Result<> read_variables(const NamedFile& named) {
        if (!named.trouble.empty()) return fail(named.where + ": " + named.trouble);
        const auto paths = TRY(tree_.glob(named.path));
        if (paths.empty() && !named.optional) {
            return fail(named.where + ": names " + named.path + ", which is not there" +
                        (tree_.is_here() ? "" : " below " + tree_.root()));
        }
        for (const auto& path : paths) {
            auto parsed = parse_named(path);
            // What stops us need not have stopped the service manager.
            const bool ours = !parsed && (parsed.error().code != 0 ||
                                          parsed.error().kind == Error::Kind::too_large);
            if (!parsed && (ours || !named.optional)) return std::unexpected(parsed.error());
            if (!parsed) {
                note(named.where, "nothing of " + path + " was read (" + parsed.error().what + ")");
                continue;
            }
            if (std::ranges::find(service_.read, path) == service_.read.end()) {
                service_.read.push_back(path);
            }
            for (auto& one : parsed->variables) put(service_.environment, std::move(one));
            std::ranges::move(parsed->notes, std::back_inserter(service_.notes));
        }
        return {};
    }

    Result<EnvironmentFile> parse_named(const std::string& path) const {
        const auto text = TRY(tree_.read(path));
        return parse_environment_file(text.value_or(""), path);
    }

    Result<> finish_commands() {
        if (commands_.empty()) {
            service_.notes.push_back(files_.fragment +
                                     ": has no ExecStart=, so systemd does not start it");
        }
        if (commands_.size() > 1 && !oneshot_) {
            return fail(commands_[1].where +
                        ": a second command, so systemd does not start this unit, which is not "
                        "Type=oneshot; empty ExecStart= in front of it");
        }
        for (auto& command : commands_) {
            if (!command.trouble.empty()) return fail(command.where + ": " + command.trouble);
            if (command.expands) {
                bool missed = false;
                const auto value = [&](const std::string& name) {
                    auto text = value_of(name);
                    missed = missed || (text && !*text);
                    return text;
                };
                command.words = TRY(within(command.where, expand_variables(command.words, value)));
                if (missed) note(command.where, "a variable that is not set became nothing");
            }
            TRY(unwrap(command));
            TRY(note_script(command));
        }
        service_.commands = std::move(commands_);
        return {};
    }

    // A script may set variables and read files of its own.
    Result<> note_script(const Command& command) {
        if (!command.program.starts_with('/')) return {};
        const auto text = tree_.read(command.program);
        // A program that is not there, or larger than any script, is none.
        if (!text || !*text) return {};
        const std::string_view whole = **text;
        if (!whole.starts_with("#!")) return {};
        auto line = whole.substr(2, whole.find('\n') - 2);
        while (const auto word = TRY(next_word(line, Escapes::dropped, true))) {
            if (!is_shell(*word)) continue;
            service_.notes.push_back(command.where + ": " + command.program +
                                     " is a shell script; what it sets for the old agent was not "
                                     "read, so look into it");
        }
        return {};
    }

    Result<std::optional<std::string>> value_of(const std::string& name) const {
        const auto found = std::ranges::find(service_.environment, name, &Variable::name);
        if (found != service_.environment.end()) return found->text;
        const bool is_passed =
            std::ranges::find(service_.passed, name, &Variable::name) != service_.passed.end();
        if (!is_passed && !is_own(name)) return std::nullopt;
        return fail("$" + name +
                    " has its value from systemd and from no file; write what is meant in its "
                    "place");
    }

    const Tree& tree_;
    const UnitFiles& files_;
    Specifiers specifiers_;
    std::vector<Pending> defaults_;
    std::vector<Pending> assigned_;
    std::vector<Pending> passed_;
    std::vector<Pending> unset_;
    std::vector<NamedFile> named_;
    std::vector<Command> commands_;
    bool oneshot_ = false;
    bool directory_known_ = true;
    Service service_;
};

}  // namespace

Result<Service> read_service(const Tree& tree, const UnitFiles& files) {
    return Reader(tree, files).read();
}

}  // namespace bulkhead::cli::systemd
