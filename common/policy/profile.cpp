// profiles/*.profile: what a job gets. Every key stands exactly once; nothing has a default.
#include <charconv>

#include "common/policy/constants.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kUserChars = "abcdefghijklmnopqrstuvwxyz0123456789_-";

bool is_user_name(std::string_view text) {
    return text.size() <= 32 && text.find_first_not_of(kUserChars) == text.npos && text[0] != '-' &&
           !(text[0] >= '0' && text[0] <= '9');
}

constexpr std::string_view kUserForm = "a name of [a-z0-9_-], not a number";

// "none", or words, each given to `take`.
Result<> take_list(Line& line, std::string_view what, auto take) {
    if (line.accept("none")) return {};
    do {
        TRY(take(TRY(line.word("none or " + std::string(what)))));
    } while (line.more());
    return {};
}

Result<> take_groups(Profile& profile, Line& line) {
    return take_list(line, "groups", [&](std::string_view word) -> Result<> {
        if (!is_user_name(word)) return line.wrong("expected " + std::string(kUserForm));
        profile.groups.emplace_back(word);
        return {};
    });
}

Result<> take_capabilities(Profile& profile, Line& line) {
    return take_list(line, "capabilities", [&](std::string_view word) -> Result<> {
        const auto bit = parse_capability(word);
        if (!bit) return line.wrong(bit.error().what);
        profile.capabilities |= *bit;
        return {};
    });
}

Result<> take_namespaces(Profile& profile, Line& line) {
    static constexpr bool Namespaces::*kFlags[] = {&Namespaces::mount, &Namespaces::ipc,
                                                   &Namespaces::uts, &Namespaces::pid};
    if (line.accept("none")) return {};
    do {
        const auto index = TRY(line.one_of({"mount", "ipc", "uts", "pid"}));
        profile.namespaces.*kFlags[index] = true;
    } while (line.more());
    return {};
}

Result<> take_network(Profile& profile, Line& line) {
    profile.namespaces.net = TRY(line.one_of({"host", "none"})) == 1;
    profile.network = profile.namespaces.net ? Network::none : Network::host;
    return {};
}

Result<> take_umask(Profile& profile, Line& line) {
    const auto text = TRY(line.word("an octal number"));
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, profile.umask, 8);
    if (error == std::errc{} && stop == end && profile.umask <= 0777) return {};
    return line.wrong("expected an octal number from 0 to 0777");
}

template <Access A>
Result<> take_path(Profile& profile, Line& line) {
    profile.paths.push_back(TRY(parse_path_rule(A, line)));
    return {};
}

#define TAKE(expression)                           \
    [](Profile& profile, Line& line) -> Result<> { \
        expression;                                \
        return {};                                 \
    }

constexpr Form<Profile> kForms[] = {
    {"user", true, "user NAME", TAKE(profile.user = TRY(line.matching(is_user_name, kUserForm)))},
    {"group", true, "group NAME",
     TAKE(profile.group = TRY(line.matching(is_user_name, kUserForm)))},
    {"groups", true, "groups none|NAME...", take_groups},
    {"capabilities", true, "capabilities none|CAP_NAME...", take_capabilities},
    {"network", true, "network none|host", take_network},
    {"namespaces", true, "namespaces none|mount|ipc|uts|pid...", take_namespaces},
    {"read", false, "read PATH [if-present]", take_path<Access::read>},
    {"execute", false, "execute PATH [if-present]", take_path<Access::execute>},
    {"write", false, "write PATH [if-present]", take_path<Access::write>},
    {"devices", false, "devices PATH [if-present]", take_path<Access::devices>},
    {"private-tmp", true, "private-tmp yes|no",
     TAKE(profile.private_tmp = TRY(line.one_of({"no", "yes"})) == 1)},
    {"memory", true, "memory SIZE", TAKE(profile.limits.memory = TRY(line.size()))},
    {"pids", true, "pids NUMBER",
     TAKE(profile.limits.pids = TRY(line.number<std::uint32_t>("a number", 1, 1'000'000)))},
    {"cpu-percent", true, "cpu-percent NUMBER",
     TAKE(profile.limits.cpu_percent = TRY(line.number<std::uint32_t>("per cent", 1, 100'000)))},
    {"file-size", true, "file-size SIZE", TAKE(profile.limits.file_size = TRY(line.size()))},
    {"open-files", true, "open-files NUMBER",
     TAKE(profile.limits.open_files = TRY(line.number<std::uint32_t>("a number", 16, 1'000'000)))},
    {"umask", true, "umask OCTAL", take_umask},
    {"nice", true, "nice NUMBER", TAKE(profile.nice = TRY(line.number<int>("a priority", 0, 19)))},
    {"timeout", true, "timeout DURATION", TAKE(profile.max_timeout = TRY(line.seconds()))},
    {"output", true, "output SIZE", TAKE(profile.max_output = TRY(line.size()))},
    {"seccomp", true, "seccomp LIST",
     TAKE(profile.seccomp = TRY(line.matching(approval::is_profile_name, "a list's name"));
          profile.source = line.source())},
};
#undef TAKE

}  // namespace

Result<Profile> parse_profile(const std::string& file, std::string_view text) {
    Profile profile;
    TRY(parse_lines(file, text, profile, kForms));
    return profile;
}

}  // namespace bulkhead::policy
