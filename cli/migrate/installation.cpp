#include "cli/migrate/installation.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>

#include "cli/migrate/installed_unit.hpp"
#include "cli/systemd/service.hpp"
#include "common/base/text.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::cli::migration {

namespace {

using systemd::Command;
using systemd::Service;
using systemd::UnitFiles;

class Reader {
  public:
    Reader(const OldAgent& agent, const std::string& root)
        : agent_(agent), dialect_(*worker::find_dialect(agent.dialect)), tree_(root) {}

    Result<Installation> read(const std::vector<std::string>& more) {
        std::vector<UnitFiles> units;
        for (const auto& path : more) {
            if (path.ends_with(".service")) units.push_back(TRY(systemd::unit_at(tree_, path)));
        }
        if (units.empty()) {
            if (auto unit = TRY(installed_unit(agent_, tree_, result_.notes))) {
                units.push_back(*std::move(unit));
            }
        }
        for (const auto& unit : units) TRY(read_unit(unit));
        for (const auto& path : more) {
            if (!path.ends_with(".service")) TRY(read_named(path));
        }
        TRY(read_settings_file());
        if (result_.read.empty()) return nothing_found();
        // Sources are appended in the old agent's order of precedence; the last one holds.
        const auto settings_first = !agent_.settings_win;
        if (settings_first) append(settings_);
        append(variables_);
        if (!settings_first) append(settings_);
        append(flags_);
        for (const auto& row : dialect_.variables) TRY(check_secret(row));
        return std::move(result_);
    }

  private:
    using Founds = std::vector<Found>;

    void append(Founds& part) { std::ranges::move(part, std::back_inserter(result_.found)); }
    void note(std::string text) { result_.notes.push_back(std::move(text)); }
    void take_notes(std::vector<std::string>& notes) {
        std::ranges::move(notes, std::back_inserter(result_.notes));
    }
    void has_read(const std::string& path) {
        if (std::ranges::find(result_.read, path) == result_.read.end()) {
            result_.read.push_back(path);
        }
    }

    Result<std::optional<std::string>> read_file(const std::string& path) {
        auto text = TRY(tree_.read(path));
        if (text) has_read(path);
        return text;
    }
    Result<std::string> read_required(const std::string& path, const std::string& named_by) {
        auto text = TRY(read_file(path));
        if (text) return *std::move(text);
        // Of what another file names, the caller has typed nothing.
        return fail(named_by + ": names " + path + ", which is not there" +
                        (tree_.is_here() ? "" : " below " + tree_.root()),
                    named_by == "--file" ? Error::Kind::wrong_input : Error::Kind::none);
    }

    // --- the unit

    Result<> read_unit(const UnitFiles& files) {
        auto service = TRY(systemd::read_service(tree_, files));
        has_unit_ = true;
        directory_ = service.directory;
        for (const auto& path : service.read) has_read(path);
        take_notes(service.notes);
        for (const auto& one : service.passed) TRY(refuse_passed(one));
        std::ranges::move(service.environment, std::back_inserter(variables_));
        if (auto command = TRY(agents_command(service.commands))) {
            std::ranges::move(command->assigned, std::back_inserter(variables_));
            TRY(take_flags(*command));
        }
        return {};
    }

    Result<> refuse_passed(const Found& one) const {
        const bool known = std::ranges::any_of(
            dialect_.variables, [&](const auto& row) { return row.variable == one.name; });
        if (!known) return {};
        return fail(one.where + ": PassEnvironment= hands " + one.name +
                    " over from the service manager, and its value is in no file; write it into "
                    "Environment= or an environment file");
    }

    bool has_known_flag(const Command& command) const {
        return std::ranges::any_of(command.words, [this](const std::string& word) {
            const auto flag = flag_of(word);
            return !flag.empty() && (row_of(flag) != nullptr || flag == agent_.settings_flag);
        });
    }

    // Of several commands the one with the agent's options.
    Result<std::optional<Command>> agents_command(const std::vector<Command>& commands) {
        if (commands.size() == 1) return commands[0];
        std::optional<Command> chosen;
        for (const auto& command : commands) {
            if (!has_known_flag(command) && command.assigned.empty()) continue;
            if (chosen) {
                return fail(command.where + ": a second command with options of the agent, after " +
                            chosen->where +
                            "; leave the one that counts, in a copy that --root names");
            }
            chosen = command;
        }
        return chosen;
    }

    // --- other files

    Result<> read_named(const std::string& path) {
        const auto text = TRY(read_required(path, "--file"));
        if (path.ends_with(".yaml") || path.ends_with(".yml")) {
            auto found = TRY(parse_flat_yaml(text, path));
            std::ranges::move(found, std::back_inserter(settings_));
            return {};
        }
        auto found = TRY(parse_variables(text, path));
        std::ranges::move(found, std::back_inserter(variables_));
        return {};
    }

    const worker::DialectVariable* row_of(std::string_view flag) const {
        const auto row =
            std::ranges::find(dialect_.variables, flag, &worker::DialectVariable::flag);
        return row == dialect_.variables.end() ? nullptr : &*row;
    }

    // "-x=1" -> "--x", as programs in Go accept a flag with one dash as well as two; "" for a word
    // that is no flag.
    static std::string flag_of(const std::string& word) {
        if (!word.starts_with('-')) return "";
        auto flag = word.substr(0, word.find('='));
        if (!flag.starts_with("--")) flag.insert(0, "-");
        return flag;
    }

    Result<> take_flags(const Command& command) {
        const auto& [words, where] = std::tie(command.words, command.where);
        for (std::size_t i = 1; i < words.size(); ++i) {
            const auto flag = flag_of(words[i]);
            if (flag.empty()) continue;  // an interpreter's script, or the value of a flag
            const auto equals = words[i].find('=');
            const auto* const row = row_of(flag);
            const bool names_settings = flag == agent_.settings_flag;
            if (row == nullptr && !names_settings) {
                note(where + ": " + quoted(words[i].substr(0, equals), 64) +
                     " is no setting of this agent and was left out");
                continue;
            }
            std::string text = "true";
            if (equals != std::string::npos) {
                text = words[i].substr(equals + 1);
            } else if (row == nullptr || !row->is_switch) {
                if (++i == words.size()) return fail(where + ": " + flag + " lacks its value");
                text = words[i];
            }
            if (names_settings) {
                settings_file_ = text;
                settings_named_by_ = where;
                settings_by_flag_ = true;
            } else {
                flags_.push_back({flag, text, where});
            }
        }
        return {};
    }

    // --- the file that the old agent read itself

    Result<> read_settings_file() {
        for (const auto& one : variables_) {
            if (agent_.settings_variable.empty() || one.name != agent_.settings_variable) continue;
            if (settings_by_flag_) continue;  // the flag has precedence
            settings_file_ = one.text;
            settings_named_by_ = one.where;
        }
        if (settings_file_.empty()) settings_file_ = agent_.settings_file;
        TRY(make_absolute());
        const bool by_unit_only =
            agent_.settings_flag.empty() && agent_.settings_variable.empty() && has_unit_;
        if (by_unit_only) return note_unread();
        auto text = TRY(read_file(settings_file_));
        if (!text && !settings_named_by_.empty()) {
            text = TRY(read_required(settings_file_, settings_named_by_));
        }
        if (!text) return {};
        auto found = TRY(parse_settings(*text));
        // Settings from files that --file names come later, so they hold.
        std::ranges::move(settings_, std::back_inserter(found));
        settings_ = std::move(found);
        return {};
    }

    Result<> make_absolute() {
        if (settings_file_.empty() || settings_file_.starts_with('/')) return {};
        if (directory_.empty()) {
            return fail(settings_named_by_ + ": " + settings_file_ +
                        " is no absolute path, and the directory that the old agent started in is "
                        "not known; write it as one");
        }
        settings_file_ = systemd::clean_path(directory_ + "/" + settings_file_);
        return {};
    }

    // The file is one that systemd reads for the agent. Where the unit does not name it, the old
    // agent got nothing of it.
    Result<> note_unread() {
        const bool was_read = std::ranges::find(result_.read, settings_file_) != result_.read.end();
        if (was_read || settings_file_.empty() || !TRY(tree_.exists(settings_file_))) return {};
        note(settings_file_ +
             ": the unit does not name it, so the old agent got nothing of it, and it was not "
             "read; name it with --file if it counts");
        return {};
    }

    Result<Founds> parse_settings(const std::string& text) {
        if (agent_.settings_are_yaml) return parse_flat_yaml(text, settings_file_);
        const bool by_itself = !agent_.settings_flag.empty() || !agent_.settings_variable.empty();
        if (by_itself) return parse_settings_lines(text, settings_file_);
        return parse_variables(text, settings_file_);
    }

    // No unit names this file, so its reader need not have been systemd: what other readers might
    // take for a variable is refused.
    static Result<Founds> parse_variables(const std::string& text, const std::string& path) {
        auto parsed = TRY(systemd::parse_environment_file(text, path));
        if (!parsed.wrong.empty()) return fail(parsed.wrong);
        return std::move(parsed.variables);
    }

    // A secret that the new agent would refuse at its start, for example with the rest of a file in
    // it because its quotes are open.
    Result<> check_secret(const worker::DialectVariable& row) const {
        if (row.setting != "credential" && row.setting != "install_token") return {};
        const auto all = result_.found | std::views::reverse;
        const auto one = std::ranges::find_if(all, [&row](const Found& found) {
            return !found.text.empty() && (found.name == row.variable || found.name == row.flag);
        });
        if (one == all.end() || worker::check_credential(one->text)) return {};
        return fail(one->where + ": " + one->name +
                    ": holds blanks, line ends or other characters that the new agent cannot send; "
                    "mend its quotes, or take out what is too much");
    }

    Result<Installation> nothing_found() const {
        std::string looked = std::string(agent_.settings_file);
        for (const auto unit : agent_.units) looked += ", " + std::string(unit);
        return fail("no " + std::string(agent_.name) + " is installed below " + tree_.root() +
                    " (looked for " + looked +
                    "); name its files with --file, or its root with "
                    "--root");
    }

    const OldAgent& agent_;
    const worker::DialectRow& dialect_;
    systemd::Tree tree_;
    std::string settings_file_;
    std::string settings_named_by_;
    bool settings_by_flag_ = false;
    bool has_unit_ = false;
    std::string directory_;  // where the old agent started; "" if that is not known
    Founds settings_;
    Founds variables_;
    Founds flags_;
    Installation result_;
};

}  // namespace

Result<std::optional<Secret>> read_host_file(const std::string& root, const std::string& path) {
    auto text = TRY(systemd::Tree(root).read(path));
    if (!text) return std::nullopt;
    return Secret(*std::move(text));
}

Result<Installation> read_installation(const OldAgent& agent, const std::string& root,
                                       const std::vector<std::string>& more) {
    return Reader(agent, root).read(more);
}

}  // namespace bulkhead::cli::migration
