// A setting that only one dialect knows, declared once beside the dialect: the check, the defaults,
// the documentation, the JSON Schema and the dialect's own struct are walked from the declaration.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/base/result.hpp"
#include "worker/backend/dialect/value_type.hpp"

namespace bulkhead::worker {

struct DialectOption {
    std::string_view name = "";
    ValueType type = value::text();
    std::string_view fallback = "";
    std::string_view help = "";
    Result<> (*check)(std::string_view value) = nullptr;  // what the type does not say
    bool names_server = false;  // a url: another server of the same backend, unless it is empty

    // Judges a value by `type` and `check`.
    Result<> accepts(std::string_view text) const;
};

// Every option of the dialect by name, defaults filled in, checked.
using DialectOptions = std::map<std::string, std::string, std::less<>>;

// An option and the member of the dialect's struct that it becomes.
template <class Owner, class Member>
struct OptionField {
    DialectOption row;
    Member Owner::*member;
};

template <class Owner, class Member>
consteval OptionField<Owner, Member> option(std::string_view name, Member Owner::*member,
                                            DialectOption row) {
    row.name = name;
    return {row, member};
}
// An option without a member: its dialect looks it up among the DialectOptions.
struct LooseOption {
    DialectOption row;
};
consteval LooseOption option(std::string_view name, DialectOption row) {
    row.name = name;
    return {row};
}

template <class... Fields>
constexpr std::array<DialectOption, sizeof...(Fields)> rows_of(const std::tuple<Fields...>& all) {
    return std::apply([](const auto&... field) { return std::array{field.row...}; }, all);
}

// The value that was given, or the default.
std::string_view text_of(const DialectOption& row, const DialectOptions& options);

template <class Owner, class Member>
void fill(Owner& owner, const OptionField<Owner, Member>& field, const DialectOptions& options) {
    // Cannot fail: accepts() has parsed it the same way, for the settings and again by the worker.
    static_cast<void>(parse_into(field.row.type, text_of(field.row, options), owner.*field.member));
}
template <class Owner>
void fill(Owner&, const LooseOption&, const DialectOptions&) {}

// The dialect's struct, each member from its option.
template <class Owner, class... Fields>
Owner filled(const std::tuple<Fields...>& all, const DialectOptions& options) {
    Owner owner;
    std::apply([&](const auto&... field) { (fill(owner, field, options), ...); }, all);
    return owner;
}

// A file that holds a part of the identity of the backend's original agent.
struct OriginalFile {
    std::string_view name;  // what it holds: "api_key"; at most 30 bytes
    std::string path;
    bool secret = true;  // nobody but its owner and group may read it
};
// "" or an absolute path without "." and "..".
Result<> check_directory(std::string_view value);

// Turns a value as the original agent writes it into one of this agent's; nothing where the
// original took it for not given.
using Translation = Result<std::optional<std::string>> (*)(std::string_view value);

// A variable or flag of the backend's original agent, and the setting of this agent that it
// means.
struct DialectVariable {
    std::string_view variable;  // "" where the original had only a flag
    std::string_view setting;   // "options.NAME" for one of the dialect's own; "" where none has it
    std::string_view flag = "";
    Translation translate = nullptr;  // null: both write it alike
    std::string_view remark = "";     // for the reader of the table; why, where `setting` is ""
    bool is_switch = false;           // a flag that takes no value: "true"
};

namespace original {

// Go's durations: "1h0m0s", "1.5h", "500ms".
Result<std::optional<std::string>> go_duration(std::string_view value);
// A number of seconds, "30" or "0.5".
Result<std::optional<std::string>> seconds(std::string_view value);
// "0" counts as not given.
Result<std::optional<std::string>> unless_zero(std::string_view value);
// Python's names of log levels.
Result<std::optional<std::string>> python_level(std::string_view value);
// A switch that turns off the check of the server's certificate: anything but false is an error.
Result<std::optional<std::string>> no_verification(std::string_view value);

}  // namespace original

}  // namespace bulkhead::worker
