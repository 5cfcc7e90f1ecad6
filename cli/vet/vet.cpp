#include "cli/vet/vet.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/vet/confined_child.hpp"
#include "common/approval/signed_script.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

using std::string;
using std::string_view;
using Outcome = Vetting::Outcome;

constexpr std::size_t kMaxRemarks = 50;

// Those whose -n reads a script and does nothing else, by the name shellcheck has for them.
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

// "/proc/self/fd/3: line 2: syntax error" is about line 2.
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

Vetting::Tool check_syntax(string_view script, const Shell& shell) {
    const string path(shell.path);
    const auto ran = run_confined({path, "-n", kScriptPath}, script);
    if (!ran) return {Outcome::skipped, ran.error().what, {}};
    Vetting::Tool tool{Outcome::passed, path + " -n", {}};
    if (ran->exit_code == 0) return tool;
    tool.outcome = Outcome::failed;
    if (ran->exit_code < 0) tool.why += " was killed, or took longer than 10 s";
    for (const auto line : split(ran->output, '\n')) {
        if (!line.empty() && tool.remarks.size() < kMaxRemarks) {
            tool.remarks.push_back(remark_of(line));
        }
    }
    return tool;
}

// One finding, if it has the shape that version 1 of the format promises.
void take_comment(const nlohmann::json& comment, Vetting::Tool& tool) {
    const auto line = comment.find("line");
    const auto text = comment.find("message");
    const auto level = comment.find("level");
    const auto code = comment.find("code");
    for (const auto& member : {line, text, level, code}) {
        if (member == comment.end()) return;
    }
    if (!line->is_number_unsigned() || !text->is_string() || !level->is_string()) return;
    if (!code->is_number_unsigned() || tool.remarks.size() == kMaxRemarks) return;
    tool.remarks.push_back({line->get<unsigned>(), level->get<string>() + " SC" + code->dump() +
                                                       ": " + text->get<string>()});
}

Vetting::Tool ask_shellcheck(string_view script, const Shell& shell) {
    const auto found = std::find_if(kShellcheck.begin(), kShellcheck.end(),
                                    [](const char* path) { return ::access(path, X_OK) == 0; });
    if (found == kShellcheck.end()) return {Outcome::skipped, "shellcheck is not installed", {}};
    const auto ran = run_confined(
        {*found, "--norc", "-f", "json1", "-s", string(shell.dialect), kScriptPath}, script);
    if (!ran) return {Outcome::skipped, ran.error().what, {}};
    const auto document = nlohmann::json::parse(ran->output, nullptr, false);
    if (ran->exit_code < 0 || !document.is_object() || !document.contains("comments")) {
        return {Outcome::skipped, "shellcheck gave no answer that could be read", {}};
    }
    Vetting::Tool tool{Outcome::passed, "shellcheck", {}};
    for (const auto& comment : document["comments"]) {
        if (comment.is_object()) take_comment(comment, tool);
    }
    if (tool.remarks.empty()) return tool;
    tool.outcome = Outcome::failed;
    tool.why = "shellcheck, " + std::to_string(tool.remarks.size()) + " remarks";
    return tool;
}

}  // namespace

std::vector<Remark> find_oddities(string_view script, string_view interpreter) {
    std::vector<Remark> odd;
    if (script.starts_with("\xef\xbb\xbf")) {
        odd.push_back({1, "begins with a byte order mark, which a shell takes for a command"});
    }
    const auto nul = script.find('\0');
    const auto line_at = [&](std::size_t at) {
        return static_cast<unsigned>(
                   std::count(script.begin(), script.begin() + std::ptrdiff_t(at), '\n')) +
               1;
    };
    if (nul != script.npos) odd.push_back({line_at(nul), "holds a NUL byte; is this a program?"});
    const auto cr = script.find("\r\n");
    if (cr != script.npos) {
        odd.push_back({line_at(cr), "ends with CR LF; a shell takes the CR for part of the word"});
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
    const auto first = script.substr(0, script.find('\n'));
    if (first.starts_with("#!")) {
        const auto parts = words(first.substr(2));
        if (parts.size() > 1 || (!parts.empty() && parts[0] != interpreter)) {
            odd.push_back({1, "the #! line is not obeyed: the job runs as " + string(interpreter) +
                                  " SCRIPT"});
        }
    }
    return odd;
}

Vetting vet(string_view script, const string& interpreter) {
    Vetting vetting;
    vetting.oddities = find_oddities(script, interpreter);
    const auto* shell = shell_of(interpreter);
    if (shell == nullptr) {
        const auto why = interpreter.empty() ? string("nothing says what would run it")
                                             : interpreter + " is no shell that is known here";
        vetting.syntax.why = vetting.shellcheck.why = why;
        return vetting;
    }
    vetting.syntax = check_syntax(script, *shell);
    vetting.shellcheck = ask_shellcheck(script, *shell);
    return vetting;
}

}  // namespace bulkhead::cli
