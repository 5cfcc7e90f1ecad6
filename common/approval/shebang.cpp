#include "common/approval/shebang.hpp"

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::approval {

namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view last_component(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// Accepts two forms of env(1)'s arguments: NAME, and -S NAME ARGUMENTS, without quotes and escapes.
Result<Asked> look_through_env(std::string_view argument) {
    auto parts = words(argument);
    const bool split = !parts.empty() && parts[0] == "-S";
    if (split) parts.erase(parts.begin());
    if (parts.empty()) return fail("the #! line names no program for env");
    if (parts[0].starts_with('-') || parts[0].contains('=')) {
        return fail("of env the #! line can have: env NAME, or env -S NAME ARGUMENTS");
    }
    const auto plain = [](char c) {
        return c == '\t' || (c >= ' ' && c <= '~' &&
                             std::string_view("\"'\\$#").find(c) == std::string_view::npos);
    };
    if (!std::all_of(argument.begin(), argument.end(), plain)) {
        return fail("env -S is understood with plain words only: no quotes, \\, $ or #");
    }
    if (!split && parts.size() > 1) {
        return fail("env takes all that follows it in the #! line for one name; write: env -S");
    }
    return Asked{parts[0], {parts.begin() + 1, parts.end()}};
}

}  // namespace

Result<std::optional<Shebang>> parse_shebang(std::string_view script) {
    if (!script.starts_with("#!")) return std::nullopt;
    const auto end = script.substr(0, kMaxShebang + 1).find('\n');
    if (end == script.npos) {
        return fail("the #! line does not end within 255 bytes, where the kernel cuts it");
    }
    auto line = script.substr(2, end - 2);
    if (line.contains('\0')) return fail("the #! line holds a NUL byte, where the kernel cuts it");
    const auto first = line.find_first_not_of(kBlanks);
    if (first == line.npos) return fail("the #! line names no interpreter");
    line = line.substr(first, line.find_last_not_of(kBlanks) + 1 - first);
    if (line.ends_with('\r')) return fail("the #! line ends with CR LF, and the CR belongs to it");
    const auto separator = std::min(line.find_first_of(kBlanks), line.size());
    const auto argument = std::min(line.find_first_not_of(kBlanks, separator), line.size());
    return Shebang{line.substr(0, separator), line.substr(argument)};
}

Result<std::optional<Asked>> asked_for(std::string_view script) {
    const auto line = TRY(parse_shebang(script));
    if (!line) return std::nullopt;
    if (!line->interpreter.starts_with('/')) {
        return fail("the #! line names no absolute path");
    }
    if (last_component(line->interpreter) == "env") {
        return TRY(look_through_env(line->argument));
    }
    Asked asked{line->interpreter, {}};
    if (!line->argument.empty()) asked.arguments.emplace_back(line->argument);
    return asked;
}

bool same_program(std::string_view program, std::string_view interpreter) {
    return last_component(program) == last_component(interpreter);
}

}  // namespace bulkhead::approval
