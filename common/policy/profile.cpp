// profiles/*.profile: what a job gets. Every key stands exactly once; nothing has a default.
#include <charconv>

#include "common/policy/constants.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/parse.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

using Times = Form::Times;

bool is_user_name(std::string_view text) {
    constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz_";
    constexpr std::string_view kRest = "abcdefghijklmnopqrstuvwxyz_0123456789-";
    return text.size() <= 32 && kFirst.contains(text[0]) &&
           text.find_first_not_of(kRest) == text.npos;
}

Result<std::string> take_user(Line& line) {
    return line.matching(is_user_name, "a name of [a-z0-9_-], not a number");
}

Result<unsigned> take_umask(Line& line) {
    const auto text = TRY(line.word("an octal number"));
    const auto* end = text.data() + text.size();
    unsigned mask = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, mask, 8);
    if (error == std::errc{} && stop == end && mask <= 0777) return mask;
    return line.wrong("expected an octal number from 0 to 0777");
}

Result<std::uint64_t> take_capability(Line& line) {
    const auto bit = parse_capability(TRY(line.word("none or capabilities")));
    if (!bit) return line.wrong(bit.error().what);
    return *bit;
}

template <class T, class Take>
Form set(std::string_view usage, T& target, Take take) {
    return {Times::once, usage, [&target, take](Line& line) -> Result<> {
                target = static_cast<T>(TRY(take(line)));
                return {};
            }};
}

Form number(std::string_view usage, auto& target, std::uint32_t least, std::uint32_t most) {
    return set(usage, target, [=](Line& line) { return line.number(least, most); });
}

// "none", or words to the end of the line.
Form list(std::string_view usage, std::function<Result<>(Line&)> take_one) {
    return {Times::once, usage, [take_one](Line& line) -> Result<> {
                if (line.accept("none")) return {};
                do {
                    TRY(take_one(line));
                } while (line.more());
                return {};
            }};
}

Form walls(std::string_view usage, std::vector<WallLine>& lines) {
    return {Times::any, usage, [&lines](Line& line) -> Result<> {
                const auto wall = TRY(line.matching(is_wall, "a wall: " + wall_names()));
                lines.push_back({wall, line.source()});
                return {};
            }};
}

// May be left out: it came after the first policies that hosts load.
Form at_most_once(std::string_view usage, std::function<Result<>(Line&)> take) {
    return {Times::at_most_once, usage, std::move(take)};
}

Form path(Access access, std::string_view usage, std::vector<PathRule>& paths) {
    return {Times::any, usage, [access, &paths](Line& line) -> Result<> {
                paths.push_back(TRY(take_path_rule(access, line)));
                return {};
            }};
}

}  // namespace

Result<PathRule> take_path_rule(Access access, Line& line) {
    PathRule rule{.access = access, .path = TRY(line.path()), .source = line.source()};
    rule.source.column = line.column();
    rule.if_present = line.accept("if-present");
    return rule;
}

Result<Profile> parse_profile(const std::string& file, std::string_view text) {
    Profile p;
    const auto take_group = [&](Line& line) -> Result<> {
        p.groups.push_back(TRY(take_user(line)));
        return {};
    };
    const auto add_capability = [&](Line& line) -> Result<> {
        p.capabilities |= TRY(take_capability(line));
        return {};
    };
    const auto take_namespace = [&](Line& line) -> Result<> {
        auto& all = p.namespaces;
        bool* const flags[] = {&all.mount, &all.ipc, &all.uts, &all.pid};
        *flags[TRY(line.one_of({"mount", "ipc", "uts", "pid"}))] = true;
        return {};
    };
    const auto take_seccomp = [&](Line& line) {
        p.source = line.source();
        return line.matching(approval::is_profile_name, "a list's name");
    };
    Source tmp_size;
    const std::vector<Form> forms{
        set("user NAME", p.user, take_user),
        set("group NAME", p.group, take_user),
        list("groups none|NAME...", take_group),
        list("capabilities none|CAP_NAME...", add_capability),
        set("network none|host", p.network,
            [](Line& l) {
                return l.one_of({"none", "host"});
            }),
        list("namespaces none|mount|ipc|uts|pid...", take_namespace),
        path(Access::read, "read PATH [if-present]", p.paths),
        path(Access::execute, "execute PATH [if-present]", p.paths),
        path(Access::remove, "remove PATH [if-present]", p.paths),
        path(Access::write, "write PATH [if-present]", p.paths),
        path(Access::devices, "devices PATH [if-present]", p.paths),
        at_most_once("files host",
                     [&p](Line& line) -> Result<> {
                         TRY(line.one_of({"host"}));
                         p.host_files = true;
                         return {};
                     }),
        walls("require WALL", p.require),
        walls("without WALL", p.without),
        at_most_once("at-once NUMBER",
                     [&p](Line& line) -> Result<> {
                         p.limits.at_once = TRY(line.number(1, 16));
                         return {};
                     }),
        {Times::once, "private-tmp yes [SIZE]|no",
         [&](Line& line) -> Result<> {
             p.private_tmp = TRY(line.one_of({"no", "yes"})) == 1;
             if (p.private_tmp && line.more()) p.private_tmp_size = TRY(line.size());
             tmp_size = line.source();
             tmp_size.column = line.column();
             return {};
         }},
        set("memory SIZE", p.limits.memory, std::mem_fn(&Line::size)),
        number("pids NUMBER", p.limits.pids, 1, 1'000'000),
        number("cpu-percent NUMBER", p.limits.cpu_percent, 1, 100'000),
        set("file-size SIZE", p.limits.file_size, std::mem_fn(&Line::size)),
        number("open-files NUMBER", p.limits.open_files, 16, 1'000'000),
        set("umask OCTAL", p.umask, take_umask),
        number("nice NUMBER", p.nice, 0, 19),
        set("timeout DURATION", p.max_timeout, std::mem_fn(&Line::seconds)),
        set("output SIZE", p.max_output, std::mem_fn(&Line::size)),
        set("seccomp LIST", p.seccomp, take_seccomp),
    };
    TRY(parse_lines(file, text, forms));
    if (p.private_tmp_size > p.limits.memory) {
        return fail(tmp_size.place() +
                    ": larger than the profile's memory, of which it is taken; " +
                    "give it less, or more to \"memory\"");
    }
    p.namespaces.net = p.network == Network::none;
    return p;
}

}  // namespace bulkhead::policy
