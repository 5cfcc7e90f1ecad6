#include "worker/config/sources.hpp"

#include <algorithm>
#include <ranges>

#include "common/base/text.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/other_agents.hpp"
#include "worker/config/suggest.hpp"
#include "worker/config/yaml.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kOptions = "options";
constexpr std::string_view kShippedConfig = BULKHEAD_DOC "/agent.yaml";

bool may_stand_at_top(const Setting& setting) { return setting.scope != Scope::backend; }
bool any_place(const Setting&) { return true; }
bool may_stand_in_backend(const Setting& setting) { return setting.scope != Scope::agent; }

class FileReader {
  public:
    FileReader(std::string name, Gathered& into) : name_(std::move(name)), into_(into) {}

    void read(const std::string& text) {
        const auto root = parse_yaml(text);
        if (!root) {
            into_.unreadable = name_ + ":" + root.error().what;
            return;
        }
        if (root->kind == YamlNode::Kind::nothing) {
            into_.silent = name_ + (text.empty() ? " is empty" : " holds no settings");
            return;
        }
        if (root->kind != YamlNode::Kind::map) {
            into_.unreadable =
                origin(root->line, "") + ": expected settings, each as \"name: value\"";
            return;
        }
        read_top(*root);
        std::ranges::move(in_backends_, std::back_inserter(into_.assignments));
    }

  private:
    void problem(std::string text) { into_.problems.push_back(std::move(text)); }
    void complain(int line, const std::string& key, std::string_view why) {
        problem(origin(line, key) + ": " + std::string(why));
    }
    std::string origin(int line, const std::string& key) const {
        return name_ + ":" + std::to_string(line) + (key.empty() ? "" : ": " + key);
    }

    // A key that stands twice is refused: YAML leaves open which of the two counts.
    bool is_new(const YamlNode& map, const YamlNode::Member& member) {
        const auto first = std::ranges::find(map.members, member.key, &YamlNode::Member::key);
        if (&*first == &member) return true;
        complain(member.line, shown(member.key, names(false)),
                 "stands already in line " + std::to_string(first->line));
        return false;
    }

    void read_top(const YamlNode& root) {
        bool one = false;
        bool many = false;
        for (const auto& member : root.members) {
            if (!is_new(root, member)) continue;
            if (member.key == "backend") {
                one = true;
                read_backend(member.value, member.line, 0);
            } else if (member.key == "backends") {
                many = true;
                read_backends(member);
            } else if (member.value.kind == YamlNode::Kind::map &&
                       is_section(member.key, &any_place)) {
                read_section(member, std::nullopt, &may_stand_at_top);
            } else {
                read_setting(member, member.key, std::nullopt, &may_stand_at_top);
            }
        }
        if (one && many) complain(root.line, "backend", "give either backend or backends");
    }

    // Whether a setting in such a place has this section.
    static bool is_section(std::string_view key, bool (*place)(const Setting&)) {
        return std::ranges::any_of(settings(), [key, place](const Setting& setting) {
            return setting.key.starts_with(std::string(key) + ".") && place(setting);
        });
    }

    void read_section(const YamlNode::Member& section, std::optional<std::size_t> backend,
                      bool (*allowed)(const Setting&)) {
        for (const auto& member : section.value.members) {
            if (!is_new(section.value, member)) continue;
            read_setting(member, section.key + "." + member.key, backend, allowed);
        }
    }

    void read_backends(const YamlNode::Member& list) {
        if (list.value.kind != YamlNode::Kind::list || list.value.items.empty()) {
            return complain(list.line, "backends", "expected a list with at least one backend");
        }
        if (list.value.items.size() > kMaxBackends) {
            complain(list.line, "backends",
                     "at most " + std::to_string(kMaxBackends) + " backends");
        }
        into_.backends = list.value.items.size();
        for (std::size_t i = 0; i < list.value.items.size(); ++i) {
            read_backend(list.value.items[i], list.value.items[i].line, i);
        }
    }

    void read_backend(const YamlNode& entry, int line, std::size_t index) {
        if (entry.kind != YamlNode::Kind::map) {
            return complain(line, "backend", "expected its settings");
        }
        for (const auto& member : entry.members) {
            if (!is_new(entry, member)) continue;
            if (member.key == kOptions && member.value.kind == YamlNode::Kind::map) {
                read_options(member.value, index);
            } else if (member.value.kind == YamlNode::Kind::map &&
                       is_section(member.key, &may_stand_in_backend)) {
                read_section(member, index, &may_stand_in_backend);
            } else {
                read_setting(member, member.key, index, &may_stand_in_backend);
            }
        }
    }

    void read_options(const YamlNode& options, std::size_t index) {
        for (const auto& member : options.members) {
            if (!is_new(options, member)) continue;
            // Which dialect it is for is not known yet.
            const auto name = "options." + shown(member.key, all_options());
            if (const auto text = text_of(member, name, ValueType::Kind::text)) {
                in_backends_.push_back(
                    {"options." + member.key, *text, origin(member.line, name), index});
            }
        }
    }

    void read_setting(const YamlNode::Member& member, const std::string& key,
                      std::optional<std::size_t> backend, bool (*allowed)(const Setting&)) {
        const auto* const setting = find_setting(key);
        const bool in_section = backend ? key == kOptions || is_section(key, &may_stand_in_backend)
                                        : is_section(key, &any_place);
        if (in_section) {
            return complain(member.line, key, "expected settings, each as \"name: value\"");
        }
        if (setting == nullptr || !allowed(*setting)) {
            return complain(member.line, shown(key, names(backend.has_value())),
                            unknown(key, backend.has_value()));
        }
        const auto text = text_of(member, key, setting->type.kind);
        if (!text) return;
        // A backend's entry overrides the top of the file, also where it stands before it.
        auto& into = backend ? in_backends_ : into_.assignments;
        into.push_back({key, *text, origin(member.line, key), backend});
    }

    std::optional<std::string> text_of(const YamlNode::Member& member, const std::string& key,
                                       ValueType::Kind kind) {
        const auto& value = member.value;
        const bool globs = kind == ValueType::Kind::globs;
        const bool paths = kind == ValueType::Kind::paths && !value.items.empty();
        if (value.kind == YamlNode::Kind::scalar) return value.text;
        if (value.kind == YamlNode::Kind::list && (globs || paths) &&
            std::ranges::all_of(value.items, [](const YamlNode& item) {
                return item.kind == YamlNode::Kind::scalar;
            })) {
            std::string joined;
            for (const auto& item : value.items) {
                if (globs && item.text.find_first_of(" \t\n") != item.text.npos) {
                    complain(member.line, key, "a pattern with a blank: write ? for it");
                }
                joined += (joined.empty() ? "" : globs ? " " : ":") + item.text;
            }
            return joined;
        }
        complain(member.line, key,
                 value.kind == YamlNode::Kind::nothing ? "has no value" : "expected one value");
        return std::nullopt;
    }

    static std::string unknown(const std::string& key, bool in_backend) {
        if (find_setting(key) != nullptr) {
            return in_backend ? "belongs to the top of the file"
                              : "belongs into backend: (or an entry of backends:), not to the top";
        }
        return "unknown key" + suggestion(key, names(in_backend));
    }

    static std::vector<std::string_view> all_options() {
        std::vector<std::string_view> all;
        for (const auto& dialect : dialects()) {
            for (const auto& option : dialect.options) all.push_back(option.name);
        }
        return all;
    }

    // What may stand in a backend's entry, or at the top.
    static std::vector<std::string_view> names(bool in_backend) {
        std::vector<std::string_view> candidates;
        for (const auto& setting : settings()) {
            if (in_backend ? may_stand_in_backend(setting) : may_stand_at_top(setting)) {
                candidates.push_back(setting.key);
            }
            // "spol" may stand for the section "spool".
            if (in_backend ? may_stand_in_backend(setting) : true) {
                candidates.push_back(setting.key.substr(0, setting.key.find('.')));
            }
        }
        if (in_backend) candidates.push_back(kOptions);
        if (!in_backend) candidates.insert(candidates.end(), {"backend", "backends"});
        return candidates;
    }

    std::string name_;
    Gathered& into_;
    std::vector<Assignment> in_backends_;
};

std::optional<std::size_t> target_of(const Setting& setting) {
    if (setting.scope == Scope::backend) return 0;
    return std::nullopt;
}

std::vector<std::string> all_names(std::string (Setting::*name)() const) {
    std::vector<std::string> names;
    for (const auto& setting : settings()) names.push_back((setting.*name)());
    return names;
}

void read_environment(const std::map<std::string, std::string>& environment, Gathered& into,
                      std::vector<Assignment>& found) {
    const auto names = all_names(&Setting::variable);
    const std::vector<std::string_view> variables(names.begin(), names.end());
    for (const auto& [variable, text] : environment) {
        if (!variable.starts_with("BULKHEAD_") || text.empty()) continue;
        if (const auto* const setting = find_by_variable(variable)) {
            found.push_back({std::string(setting->key), text, variable, target_of(*setting)});
            continue;
        }
        into.problems.push_back(quoted(variable, 64) + ": unknown environment variable" +
                                suggestion(variable, variables));
    }
}

void read_arguments(const std::vector<std::string>& arguments, Gathered& into,
                    std::vector<Assignment>& found, std::vector<ForeignFlag>& foreign) {
    const auto flags = all_names(&Setting::flag);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const auto equals = argument.find('=');
        const auto flag = argument.substr(0, equals);
        const auto* const setting = find_by_flag(flag);
        const bool ours = setting != nullptr;
        // Go's package flag takes -url and --url for the same.
        const auto doubled =
            flag.starts_with('-') && !flag.starts_with("--") ? "-" + std::string(flag) : "";
        const auto name = doubled.empty() ? flag : std::string_view(doubled);
        const auto* const theirs = ours ? nullptr : find_foreign(name);
        if (!ours && theirs == nullptr) {
            auto candidates = foreign_flags();
            candidates.insert(candidates.end(), flags.begin(), flags.end());
            into.problems.push_back(shown(flag, candidates) + ": unknown option" +
                                    suggestion(flag, candidates));
            // What follows may be its value, perhaps a secret, and is no option by itself.
            const bool valued = equals == argument.npos && flag.starts_with('-');
            if (valued && i + 1 < arguments.size() && !arguments[i + 1].starts_with('-')) ++i;
            continue;
        }
        std::string text;
        if (equals != argument.npos) {
            text = argument.substr(equals + 1);
        } else if (ours ? setting->type.kind == ValueType::Kind::boolean : theirs->is_switch) {
            text = "true";
        } else if (i + 1 < arguments.size()) {
            text = arguments[++i];
        } else {
            into.problems.push_back(std::string(flag) + ": needs a value");
            continue;
        }
        if (ours) {
            found.push_back({std::string(setting->key), std::move(text), std::string(flag),
                             target_of(*setting)});
        } else {
            foreign.push_back({std::string(name), std::move(text)});
        }
    }
}

}  // namespace

const Assignment* Gathered::last(std::string_view key, std::size_t backend) const {
    for (const auto& assignment : assignments | std::views::reverse) {
        if (assignment.key == key && assignment.backend.value_or(backend) == backend) {
            return &assignment;
        }
    }
    return nullptr;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
    const auto meant = nearest(word, candidates);
    return meant ? "; did you mean " + std::string(*meant) + "?" : "";
}

Gathered gather(const ConfigSources& sources) {
    Gathered all;
    if (sources.file) FileReader(sources.file_name, all).read(*sources.file);
    if (!sources.file && !sources.file_name.empty()) {
        all.silent = sources.file_name + " does not exist (the one that was shipped is " +
                     std::string(kShippedConfig) + ")";
    }
    std::vector<Assignment> ours;
    read_environment(sources.environment, all, ours);
    std::vector<ForeignFlag> foreign;
    read_arguments(sources.arguments, all, ours, foreign);
    // A backend's dialect decides which agent's variables count for it, so read_other_agents()
    // needs our own assignments; those override the other agents' all the same.
    auto known = all;
    std::ranges::copy(ours, std::back_inserter(known.assignments));
    auto others = read_other_agents(sources.environment, foreign, known);
    for (auto* part : {&others.from_environment, &ours, &others.from_flags}) {
        std::ranges::move(*part, std::back_inserter(all.assignments));
    }
    std::ranges::move(others.problems, std::back_inserter(all.problems));
    all.remarks = std::move(others.remarks);
    return all;
}

}  // namespace bulkhead::worker
