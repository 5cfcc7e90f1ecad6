// Parses profiles/*.profile: the account, limits and rights of a job or of a process of the agent.
// Each key must come exactly once unless its form says otherwise, so nothing has a hidden default.
#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "common/policy/connect.hpp"
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

// A line that is "none", or has one word or more.
Form list(std::string_view usage, std::function<Result<>(Line&)> take_one) {
    return {Times::once, usage, [take_one = std::move(take_one)](Line& line) -> Result<> {
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

// A line of one word or more, which may come several times.
Form each(std::string_view usage, std::function<Result<>(Line&)> take_one) {
    return {Times::any, usage, [take_one = std::move(take_one)](Line& line) -> Result<> {
                do {
                    TRY(take_one(line));
                } while (line.more());
                return {};
            }};
}

Result<std::uint64_t> take_size_or_none(Line& line) {
    if (line.accept("none")) return 0;
    return line.size();
}

// A line that may be missing: the key is newer than policies that hosts have.
Form at_most_once(std::string_view usage, std::function<Result<>(Line&)> take) {
    return {Times::at_most_once, usage, std::move(take)};
}

Form path(Access access, std::string_view usage, std::vector<PathRule>& paths) {
    return {Times::any, usage, [access, &paths](Line& line) -> Result<> {
                paths.push_back(TRY(take_path_rule(access, line)));
                return {};
            }};
}

// The processes whose profiles may have a line of a form; a mask.
enum Whose : unsigned {
    kJob = 1,
    kBroker = 2,
    kWorker = 4,
    kReader = 8,
    kVet = 16,
    kLoader = 32,
    kUpgrade = 64,
};

constexpr struct {
    std::string_view name;
    Whose whose;
} kParts[] = {{"broker", kBroker}, {"worker", kWorker}, {"config-reader", kReader},
              {"vet", kVet},       {"loader", kLoader}, {"upgrade-check", kUpgrade}};

Whose whose(std::string_view name) {
    const auto* part = std::ranges::find(kParts, name, [](const auto& row) { return row.name; });
    return part == std::end(kParts) ? kJob : part->whose;
}

}  // namespace

bool is_part(std::string_view profile) { return whose(profile) != kJob; }

Result<PathRule> take_path_rule(Access access, Line& line) {
    PathRule rule{.access = access, .path = TRY(line.path()), .source = line.source()};
    rule.source.column = line.column();
    rule.if_present = line.accept("if-present");
    return rule;
}

Result<Profile> parse_profile(const std::string& name, const std::string& file, const Text& text) {
    Profile p;
    p.name = name;
    const bool of_job = whose(name) == kJob;
    p.private_tmp = of_job;
    const auto take_users_line = [&](Line& line) {
        p.user_source = line.source();
        return take_user(line);
    };
    const auto take_group = [&](Line& line) -> Result<> {
        p.groups.push_back(TRY(take_user(line)));
        return {};
    };
    const auto add_to = [](std::uint64_t& capabilities) {
        return [&capabilities](Line& line) -> Result<> {
            capabilities |= TRY(take_capability(line));
            return {};
        };
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
    constexpr unsigned kConfined = kJob | kWorker | kReader | kVet | kLoader | kUpgrade;
    constexpr unsigned kServing = kWorker | kReader | kLoader | kUpgrade;
    struct OfSome {
        unsigned whose;
        Form form;
    };
    const std::vector<OfSome> all{
        {kJob, set("user NAME", p.user, take_users_line)},
        {kJob, set("group NAME", p.group, take_user)},
        {kJob, list("groups none|NAME...", take_group)},
        {kJob, list("capabilities none|CAP_NAME...", add_to(p.capabilities))},
        {kBroker | kLoader | kUpgrade, each("capabilities CAP_NAME...", add_to(p.capabilities))},
        {kBroker, each("capabilities-if-present CAP_NAME...", add_to(p.wished))},
        {kBroker, each("in-force CAP_NAME...", add_to(p.in_force))},
        {kJob, set("network none|host", p.network,
                   [](Line& l) {
                       return l.one_of({"none", "host"});
                   })},
        {kJob, list("namespaces none|mount|ipc|uts|pid...", take_namespace)},
        {kConfined, path(Access::read, "read PATH [if-present]", p.paths)},
        {kJob | kVet | kUpgrade, path(Access::execute, "execute PATH [if-present]", p.paths)},
        {kJob, path(Access::remove, "remove PATH [if-present]", p.paths)},
        {kJob | kWorker, path(Access::write, "write PATH [if-present]", p.paths)},
        {kJob, path(Access::devices, "devices PATH [if-present]", p.paths)},
        {kJob, at_most_once("files host",
                            [&p](Line& line) -> Result<> {
                                TRY(line.one_of({"host"}));
                                p.host_files = true;
                                return {};
                            })},
        {kWorker,
         {Times::any, "connect any|ADDRESS[/PREFIX] PORT",
          std::bind_front(take_connect, std::ref(p.connects))}},
        {kWorker,
         {Times::any, "tcp-connect PORT", std::bind_front(take_port, std::ref(p.connects))}},
        {kJob, walls("require WALL", p.require)},
        {kJob, walls("without WALL", p.without)},
        {kJob, at_most_once("at-once NUMBER",
                            [&p](Line& line) -> Result<> {
                                p.limits.at_once = TRY(line.number(1, 16));
                                return {};
                            })},
        {kJob,
         {Times::once, "private-tmp yes [SIZE]|no",
          [&](Line& line) -> Result<> {
              p.private_tmp = TRY(line.one_of({"no", "yes"})) == 1;
              if (p.private_tmp && line.more()) p.private_tmp_size = TRY(line.size());
              tmp_size = line.source();
              tmp_size.column = line.column();
              return {};
          }}},
        {kJob | kServing, set("memory SIZE", p.limits.memory, std::mem_fn(&Line::size))},
        {kJob | kServing, number("pids NUMBER", p.limits.pids, 1, 1'000'000)},
        {kJob | kServing, number("cpu-percent NUMBER", p.limits.cpu_percent, 1, 100'000)},
        {kJob | kWorker, set("file-size SIZE", p.limits.file_size, std::mem_fn(&Line::size))},
        {kVet | kUpgrade, set("file-size none|SIZE", p.limits.file_size, take_size_or_none)},
        {kServing | kVet,
         set("locked-memory none|SIZE", p.limits.locked_memory, take_size_or_none)},
        {kWorker, set("state SIZE", p.limits.state, std::mem_fn(&Line::size))},
        {kConfined | kBroker, number("open-files NUMBER", p.limits.open_files, 16, 1'000'000)},
        {kConfined | kBroker, set("umask OCTAL", p.umask, take_umask)},
        {kJob, number("nice NUMBER", p.nice, 0, 19)},
        {kJob | kVet, set("timeout DURATION", p.max_timeout, std::mem_fn(&Line::seconds))},
        {kServing, set("greeting DURATION", p.greeting, std::mem_fn(&Line::seconds))},
        {kJob, set("output SIZE", p.max_output, std::mem_fn(&Line::size))},
        {kConfined | kBroker, set("seccomp LIST", p.seccomp, take_seccomp)},
    };
    std::vector<Form> forms;
    for (const auto& [of, form] : all) {
        if ((of & whose(name)) != 0) forms.push_back(form);
    }
    TRY(parse_lines(file, text, forms));
    if (p.private_tmp_size > p.limits.memory) {
        return fail(tmp_size.place() +
                    ": larger than the profile's memory, of which it is taken; " +
                    "give it less, or more to \"memory\"");
    }
    p.ports = ports_of(p.connects);
    p.namespaces.net = of_job && p.network == Network::none;
    return p;
}

}  // namespace bulkhead::policy
