#include "cli/systemd/exec.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::cli::systemd {

namespace {

bool is_blank(char c) { return kBlanks.find(c) != kBlanks.npos; }

// Takes `mark`, a word of its own, from the front.
bool take_mark(std::string_view& text, std::string_view mark) {
    if (!text.starts_with(mark)) return false;
    const auto rest = text.substr(mark.size());
    if (!rest.empty() && !is_blank(rest[0])) return false;
    text = rest.substr(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    return true;
}

struct Prefixes {
    bool may_fail = false;       // -
    bool names_itself = false;   // @
    bool keeps_dollars = false;  // :
    int rights = 0;              // + ! !!
};

// Each prefix counts once; the second one of its kind begins the program's name.
Prefixes take_prefixes(std::string& word) {
    Prefixes found;
    std::size_t i = 0;
    bool full = false;
    for (; i < word.size(); ++i) {
        if (word[i] == '-' && !found.may_fail) {
            found.may_fail = true;
        } else if (word[i] == '@' && !found.names_itself) {
            found.names_itself = true;
        } else if (word[i] == ':' && !found.keeps_dollars) {
            found.keeps_dollars = true;
        } else if (word[i] == '+' && !full && found.rights == 0) {
            full = true;
        } else if (word[i] == '!' && !full && found.rights < 2) {
            ++found.rights;
        } else {
            break;
        }
    }
    word.erase(0, i);
    return found;
}

bool is_program(std::string_view path) {
    if (path.empty() || !is_safe(path) || path.find('$') != path.npos) return false;
    return path[0] == '/' || (path.find('/') == path.npos && path != "." && path != "..");
}

class Parser {
  public:
    Parser(const Assignment& line, const Specifiers& specifiers, std::vector<Command>& commands,
           std::vector<std::string>& notes)
        : line_(line), specifiers_(specifiers), commands_(commands), notes_(notes) {}

    Result<> parse() {
        std::string_view rest = line_.value;
        bool more = true;
        while (more) {
            more = false;
            auto first = next_word(rest, Escapes::c_or_kept);
            if (!first) {
                notes_.push_back(line_.where + ": ExecStart=: " + first.error().what +
                                 "; it was left out, as systemd did");
                return {};
            }
            if (!*first) return {};
            if (**first == ";") {
                more = true;
                continue;
            }
            more = TRY(take_command(**std::move(first), rest));
        }
        return {};
    }

  private:
    // Whether another command follows in the same line.
    Result<bool> take_command(std::string first, std::string_view& rest) {
        const auto prefixes = take_prefixes(first);
        Command command{.program = first,
                        .words = {},
                        .where = line_.where,
                        .assigned = {},
                        .expands = !prefixes.keeps_dollars,
                        .trouble = ""};
        command.program = expanded(first, command);
        if (invalid_) return refused(prefixes, "holds a specifier that systemd 252 does not know");
        if (command.trouble.empty() && !is_program(command.program)) {
            return refused(prefixes, "names no program");
        }
        if (!prefixes.names_itself) command.words.push_back(command.program);
        bool more = false;
        while (!rest.empty()) {
            if (take_mark(rest, ";")) {
                more = true;
                break;
            }
            if (take_mark(rest, "\\;")) {
                command.words.emplace_back(";");
                continue;
            }
            auto word = next_word(rest, Escapes::c_or_kept);
            if (!word) return refused(prefixes, word.error().what);
            if (!*word) break;
            command.words.push_back(expanded(**word, command));
        }
        if (invalid_) return refused(prefixes, "holds a specifier that systemd 252 does not know");
        if (command.words.empty() || command.words[0].empty()) {
            return refused(prefixes, "has an empty word where the program's name belongs");
        }
        command.program = clean_path(command.program);
        commands_.push_back(std::move(command));
        return more;
    }

    std::string expanded(const std::string& word, Command& command) {
        auto whole = specifiers_.expand(word);
        if (whole) return *std::move(whole);
        if (is_invalid(whole.error())) invalid_ = true;
        if (command.trouble.empty()) command.trouble = whole.error().what;
        return word;
    }

    // systemd passes over a wrong line that begins with "-".
    Result<bool> refused(const Prefixes& prefixes, const std::string& why) {
        invalid_ = false;
        if (!prefixes.may_fail) {
            return fail(line_.where + ": ExecStart=: " + why);
        }
        notes_.push_back(line_.where + ": ExecStart=: " + why +
                         "; it was left out, as systemd did");
        return false;
    }

    const Assignment& line_;
    const Specifiers& specifiers_;
    std::vector<Command>& commands_;
    std::vector<std::string>& notes_;
    bool invalid_ = false;  // a word of the command has a specifier that is none
};

// ${NAME} anywhere in the word; $$ is a dollar sign; any other dollar sign stays.
Result<std::string> in_braces(std::string_view word, const Lookup& lookup) {
    std::string whole;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '$' || i + 1 == word.size()) {
            whole += word[i];
        } else if (word[i + 1] == '$') {
            whole += word[i++];
        } else if (word[i + 1] == '{') {
            // A colon makes it no variable: ${A:-x} is not for units.
            const auto end = word.find_first_of("}:", i);
            const bool closed = end != word.npos && word[end] == '}';
            if (closed) {
                const std::string name(word.substr(i + 2, end - i - 2));
                whole += TRY(lookup(name)).value_or("");
            } else {
                whole += word.substr(i, end == word.npos ? end : end + 1 - i);
            }
            if (end == word.npos) break;
            i = end;
        } else {
            whole += word[i++];
            whole += word[i];
        }
    }
    return whole;
}

constexpr std::array<std::string_view, 7> kShells{"sh",  "bash", "dash",   "ash",
                                                  "ksh", "zsh",  "busybox"};
constexpr std::array<std::string_view, 19> kStarters{
    "nice",    "ionice",  "chrt",        "taskset", "nohup", "setsid",  "sudo",
    "su",      "runuser", "setpriv",     "chroot",  "flock", "timeout", "stdbuf",
    "unshare", "nsenter", "systemd-run", "docker",  "podman"};

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<> parse_commands(const Assignment& line, const Specifiers& specifiers,
                        std::vector<Command>& commands, std::vector<std::string>& notes) {
    return Parser(line, specifiers, commands, notes).parse();
}

Result<std::vector<std::string>> expand_variables(const std::vector<std::string>& words,
                                                  const Lookup& lookup) {
    std::vector<std::string> all;
    for (const auto& word : words) {
        const bool whole =
            word.starts_with('$') && !word.starts_with("${") && !word.starts_with("$$");
        if (!whole) {
            all.push_back(TRY(in_braces(word, lookup)));
            continue;
        }
        const auto value = TRY(lookup(word.substr(1)));
        if (!value) continue;
        std::string_view rest = *value;
        while (const auto part = TRY(next_word(rest, Escapes::dropped, true))) all.push_back(*part);
    }
    return all;
}

bool is_shell(std::string_view program) {
    return std::ranges::find(kShells, base_name(program)) != kShells.end();
}

Result<> unwrap(Command& command) {
    while (base_name(command.program) == "env" && command.words.size() > 1) {
        command.words.erase(command.words.begin());
        while (!command.words.empty()) {
            const auto word = command.words.front();
            const auto equals = word.find('=');
            if (word.starts_with('-')) {
                return fail(command.where + ": options of env, such as " + word.substr(0, 2) +
                            ", are not read; write the program after ExecStart= and the variables "
                            "into Environment=, in a drop-in or in a copy that --root names");
            }
            if (equals == word.npos) break;
            command.assigned.push_back(
                {word.substr(0, equals), word.substr(equals + 1), command.where});
            command.words.erase(command.words.begin());
        }
        command.program = command.words.empty() ? "" : command.words.front();
    }
    const auto name = base_name(command.program);
    const bool starts = std::ranges::find(kStarters, name) != kStarters.end();
    if (!starts && !is_shell(name)) return {};
    return fail(command.where + ": " + std::string(name) +
                " starts the agent, and what it gives to it is not read; write the agent itself "
                "after an empty ExecStart=, in a drop-in or in a copy that --root names");
}

}  // namespace bulkhead::cli::systemd
