#include "cli/vet/vet.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/vet/confined_child.hpp"
#include "cli/vet/expansions.hpp"
#include "common/approval/shebang.hpp"
#include "common/approval/signed_script.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

using admission::CheckOutcome;
using std::string;
using std::string_view;

constexpr std::size_t kMaxRemarks = 50;

// Shells whose option -n parses a script without running it, and shellcheck's names for them.
struct Shell {
    string_view path;
    string_view dialect;
};
constexpr std::array kShells{
    Shell{"/bin/bash", "bash"}, Shell{"/usr/bin/bash", "bash"}, Shell{"/bin/sh", "sh"},
    Shell{"/usr/bin/sh", "sh"}, Shell{"/bin/dash", "dash"},     Shell{"/usr/bin/dash", "dash"},
};

constexpr std::array kShellcheck{"/usr/bin/shellcheck", "/usr/local/bin/shellcheck"};

const Shell* shell_of(string_view interpreter) {
    const auto* found = std::find_if(kShells.begin(), kShells.end(),
                                     [&](const Shell& one) { return one.path == interpreter; });
    return found == kShells.end() ? nullptr : found;
}

// Finds the line number in a shell's message: "/proc/self/fd/3: line 2: syntax error" is of line 2.
Remark remark_of(string_view line) {
    Remark remark;
    if (line.starts_with(kScriptPath)) line.remove_prefix(string_view(kScriptPath).size());
    while (line.starts_with(':') || line.starts_with(' ')) line.remove_prefix(1);
    const auto number = line.substr(line.starts_with("line ") ? 5 : 0);
    const auto colon = number.find(':');
    const auto value = parse_number<unsigned>(number.substr(0, colon));
    if (value && colon != number.npos) {
        remark.line = *value;
        line = trimmed(number.substr(colon + 1));
    }
    remark.text = line;
    return remark;
}

string unknown_shell(const string& interpreter) {
    return interpreter.empty() ? "nothing says what would run it"
                               : interpreter + " is no shell that is known here";
}

Vetting::Tool run_syntax_check(std::vector<string> words, string_view script) {
    string name;
    for (const auto& word : words) name += (name.empty() ? "" : " ") + word;
    words.emplace_back(kScriptPath);
    const auto ran = run_confined(words, script);
    if (!ran) return {CheckOutcome::skipped, ran.error().what, {}};
    if (ran->exit_code < 0) {
        return {CheckOutcome::skipped, name + " was killed, or took longer than 10 s", {}};
    }
    Vetting::Tool tool{CheckOutcome::passed, name, {}};
    if (ran->exit_code == 0) return tool;
    tool.outcome = CheckOutcome::failed;
    for (const auto line : split(ran->output, '\n')) {
        if (line.empty() || tool.remarks.size() == kMaxRemarks) continue;
        tool.remarks.push_back(remark_of(line));
        tool.remarks.back().fault = true;
    }
    if (tool.remarks.empty()) tool.remarks.push_back({0, "does not parse", true});
    return tool;
}

using Params = std::vector<approval::ParamRule>;

// True if the message is about the variable of a parameter: "JOB_P_days is referenced but ...".
bool is_about(string_view message, const Params& declared) {
    return std::ranges::any_of(declared, [&](const auto& rule) {
        return message.starts_with(string(kParamPrefix) + rule.name + " ");
    });
}

// Adds one comment of shellcheck's output, if it has the form of `shellcheck --format=json1`.
void take_comment(const nlohmann::json& comment, const Params& declared, Vetting::Tool& tool) {
    const auto line = comment.find("line");
    const auto text = comment.find("message");
    const auto level = comment.find("level");
    const auto code = comment.find("code");
    for (const auto& member : {line, text, level, code}) {
        if (member == comment.end()) return;
    }
    if (!line->is_number_unsigned() || !text->is_string() || !level->is_string()) return;
    if (!code->is_number_unsigned() || tool.remarks.size() == kMaxRemarks) return;
    // Of variables that the script does not assign.
    if (*code == 2154 && is_about(text->get<string>(), declared)) return;
    Remark remark{.line = line->get<unsigned>(),
                  .text = level->get<string>() + " SC" + code->dump() + ": " + text->get<string>(),
                  .level = level->get<string>(),
                  .code = "SC" + code->dump()};
    const auto column = comment.find("column");
    if (column != comment.end() && column->is_number_unsigned()) {
        remark.column = column->get<unsigned>();
    }
    tool.remarks.push_back(std::move(remark));
}

Vetting::Tool ask_shellcheck(string_view script, const Shell& shell, const Params& declared) {
    const auto found = std::find_if(kShellcheck.begin(), kShellcheck.end(),
                                    [](const char* path) { return ::access(path, X_OK) == 0; });
    if (found == kShellcheck.end())
        return {CheckOutcome::skipped, "shellcheck is not installed", {}};
    const auto ran = run_confined(
        {*found, "--norc", "-f", "json1", "-s", string(shell.dialect), kScriptPath}, script);
    if (!ran) return {CheckOutcome::skipped, ran.error().what, {}};
    const auto document = nlohmann::json::parse(ran->output, nullptr, false);
    if (ran->exit_code < 0 || !document.is_object() || !document.contains("comments")) {
        return {CheckOutcome::skipped, "shellcheck gave no answer that could be read", {}};
    }
    Vetting::Tool tool{CheckOutcome::passed, "shellcheck", {}};
    for (const auto& comment : document["comments"]) {
        if (comment.is_object()) take_comment(comment, declared, tool);
    }
    if (tool.remarks.empty()) return tool;
    tool.outcome = CheckOutcome::failed;
    tool.why = "shellcheck, " + std::to_string(tool.remarks.size()) + " remarks";
    return tool;
}

// Says what is wrong with the #! line, if something is.
std::optional<string> judge_shebang(string_view script, string_view interpreter, bool shell) {
    const auto asked = approval::asked_for(script);
    if (!asked) return asked.error().what;
    if (!*asked) return std::nullopt;
    const auto& [program, arguments] = **asked;
    if (!interpreter.empty() && !approval::same_program(program, interpreter)) {
        return "the #! line names " + string(program) + ", but the job is run by " +
               string(interpreter) + "; make them the same";
    }
    const bool blank = !arguments.empty() && arguments[0].find_first_of(" \t") != string::npos;
    if (shell && blank) {
        return "the shell gets \"" + arguments[0] +
               "\" of the #! line as one argument and refuses it; write one word, such as -eu";
    }
    return std::nullopt;
}

}  // namespace

// Shells take CR for a part of a word and NUL for its end, while other interpreters may accept
// them.
bool is_shell(string_view interpreter) {
    constexpr std::array<string_view, 9> kNames{"",    "ash",  "bash", "busybox", "dash",
                                                "ksh", "mksh", "sh",   "zsh"};
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](string_view name) { return approval::same_program(name, interpreter); });
}

std::vector<Remark> find_oddities(string_view script, string_view interpreter) {
    std::vector<Remark> odd;
    const bool shell = is_shell(interpreter);
    if (script.starts_with("\xef\xbb\xbf")) {
        odd.push_back(
            {1,
             "begins with a byte order mark, which a shell takes for a command; take it off: "
             "dos2unix FILE",
             shell});
    }
    const auto nul = script.find('\0');
    const auto line_at = [&](std::size_t at) {
        return static_cast<unsigned>(
                   std::count(script.begin(), script.begin() + std::ptrdiff_t(at), '\n')) +
               1;
    };
    if (nul != script.npos) {
        odd.push_back({line_at(nul),
                       "holds a NUL byte, which a shell drops or stops at; is this a program? Data "
                       "can be carried as base64",
                       shell});
    }
    const auto cr = script.find("\r\n");
    if (cr != script.npos) {
        odd.push_back({line_at(cr),
                       "ends with CR LF; a shell takes the CR for part of the word: dos2unix FILE",
                       shell});
    }
    if (!script.empty() && !script.ends_with('\n')) {
        odd.push_back({line_at(script.size()), "has no line end; it cannot be sealed like this"});
    }
    const auto marker = script.find(approval::kTailMarker);
    if (marker != script.npos && marker > 0 && script[marker - 1] != '\n') {
        odd.push_back(
            {line_at(marker),
             "holds the approval marker, but not at its beginning, so it is no approval"});
    }
    // If the #! line ends with CR LF, that has been reported above.
    const auto shebang = judge_shebang(script, interpreter, shell);
    const bool named = shell && cr < script.find('\n');
    if (shebang && !named) odd.push_back({1, *shebang, true});
    return odd;
}

Vetting::Tool check_syntax(string_view script, const string& interpreter) {
    const auto* shell = shell_of(interpreter);
    if (shell == nullptr) return {CheckOutcome::skipped, unknown_shell(interpreter), {}};
    if (::access(interpreter.c_str(), X_OK) != 0) {
        return {CheckOutcome::skipped, interpreter + " is not installed on this machine", {}};
    }
    auto tool = run_syntax_check({interpreter, "-n"}, script);
    // `bash -n` does not run the script's `shopt -s extglob`, without which scripts that use such
    // patterns do not parse.
    if (tool.outcome == CheckOutcome::failed && shell->dialect == "bash" &&
        script.contains("extglob")) {
        auto other = run_syntax_check({interpreter, "-O", "extglob", "-n"}, script);
        if (other.outcome == CheckOutcome::passed) return other;
    }
    return tool;
}

Vetting vet(string_view script, const string& interpreter, const Params& declared) {
    Vetting vetting;
    vetting.oddities = find_oddities(script, interpreter);
    const auto* shell = shell_of(interpreter);
    vetting.syntax = check_syntax(script, interpreter);
    if (shell == nullptr) {
        vetting.shellcheck.why = unknown_shell(interpreter);
        return vetting;
    }
    vetting.shellcheck = ask_shellcheck(script, *shell, declared);
    return vetting;
}

std::vector<Remark> faults_of(const Vetting& vetting) {
    std::vector<Remark> faults;
    for (const auto* remarks : {&vetting.oddities, &vetting.syntax.remarks}) {
        std::copy_if(remarks->begin(), remarks->end(), std::back_inserter(faults),
                     [](const Remark& remark) { return remark.fault; });
    }
    return faults;
}

}  // namespace bulkhead::cli
