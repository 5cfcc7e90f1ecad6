// The JSON Schema of agent.yaml (draft 2020-12), from which editors complete and check. It allows
// whatever the worker accepts, but for four spellings that nobody needs: numbers and true or false
// in quotes, levels of the log as other agents spell them, and a dotted key such as
// "spool.max_bytes" in place of a member of a map.
#include <string>

#include "worker/backend/json/json.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {

namespace {

using Kind = ValueType::Kind;

constexpr std::string_view kPath = R"(/|\$CREDENTIALS_DIRECTORY/|\$\{CREDENTIALS_DIRECTORY\}/)";

bool is_quantity(Kind kind) {
    return kind == Kind::duration || kind == Kind::bytes || kind == Kind::count;
}

void put_types(JsonWriter& json, std::initializer_list<std::string_view> types) {
    if (types.size() == 1) {
        json.put("type", *types.begin());
        return;
    }
    json.begin_array("type");
    for (const auto type : types) json.add(type);
    json.end();
}

void put_beginning(JsonWriter& json, std::string_view beginning, bool may_be_empty) {
    const auto more = may_be_empty ? "|$" : "";
    json.put("pattern", std::string_view("^(" + std::string(beginning) + more + ")"));
}

void put_bounds(JsonWriter& json, const ValueType& type) {
    json.put("minimum", type.least).put("maximum", type.most);
}

void put_choices(JsonWriter& json, std::span<const std::string_view> choices) {
    json.begin_array("enum");
    for (const auto choice : choices) json.add(choice);
    json.end();
}

void put_paths(JsonWriter& json) {
    put_types(json, {"string", "array"});
    json.put("pattern", std::string_view("^/"));
    json.begin_object("items").put("type", std::string_view("string"));
    json.put("pattern", std::string_view("^/")).end();
    json.put("minItems", 1);
}

void put_type(JsonWriter& json, const ValueType& type) {
    switch (type.kind) {
        case Kind::text:
        case Kind::words:
            // YAML reads an id such as 17 as a number; the worker takes what is written.
            return put_types(json, {"string", "number", "boolean"});
        case Kind::globs:
            put_types(json, {"string", "array"});
            json.begin_object("items").put("type", std::string_view("string")).end();
            return;
        case Kind::url:
            put_types(json, {"string"});
            return put_beginning(json, "https?://", type.may_be_empty);
        case Kind::path:
            put_types(json, {"string"});
            return put_beginning(json, kPath, type.may_be_empty);
        case Kind::paths:
            return put_paths(json);
        case Kind::duration:
            put_types(json, {"string"});
            json.put("pattern", std::string_view("^([0-9]+(ms|s|m|h|d))+$"));
            return;
        case Kind::bytes:
            put_types(json, {"integer", "string"});
            put_bounds(json, type);
            json.put("pattern", std::string_view("^[0-9]+(KiB|MiB|GiB)?$"));
            return;
        case Kind::count:
            put_types(json, {"integer"});
            return put_bounds(json, type);
        case Kind::boolean:
            return put_types(json, {"boolean"});
        case Kind::choice:
            return put_choices(json, type.choices);
    }
}

void put_default(JsonWriter& json, const ValueType& type, std::string_view fallback) {
    if (fallback.empty()) return;
    if (type.kind == Kind::boolean) {
        json.put("default", fallback == "true");
    } else if (type.kind == Kind::count) {
        json.put("default", parse_quantity(type, fallback).value_or(0));
    } else {
        json.put("default", fallback);
    }
}

// Bounds that no keyword can carry stand in the sentence.
void put_property(JsonWriter& json, std::string_view name, const ValueType& type,
                  std::string_view fallback, std::string_view help, std::string_view form) {
    std::string description(help);
    if (!form.empty()) description += " (" + std::string(form) + ")";
    if (is_quantity(type.kind)) description += " (" + in_words(type) + ")";
    json.begin_object(name);
    put_type(json, type);
    put_default(json, type, fallback);
    json.put("description", std::string_view(description));
    json.end();
}

void put_setting(JsonWriter& json, const Setting& setting) {
    const auto name = setting.key.substr(setting.key.find('.') + 1);
    put_property(json, name, setting.type, setting.fallback, setting.help, setting.form);
}

void begin_closed_object(JsonWriter& json, std::string_view name) {
    json.begin_object(name).put("type", std::string_view("object"));
    json.put("additionalProperties", false).begin_object("properties");
}
void end_closed_object(JsonWriter& json) { json.end().end(); }

std::string_view section_of(const Setting& setting) {
    const auto dot = setting.key.find('.');
    return dot == setting.key.npos ? "" : setting.key.substr(0, dot);
}

// All settings but those of one scope. Those of a section follow each other in the table; a test
// holds that.
void put_settings_but(JsonWriter& json, Scope left_out) {
    std::string_view open;
    for (const auto& setting : settings()) {
        if (setting.scope == left_out) continue;
        const auto section = section_of(setting);
        if (section != open) {
            if (!open.empty()) end_closed_object(json);
            if (!section.empty()) begin_closed_object(json, section);
            open = section;
        }
        put_setting(json, setting);
    }
    if (!open.empty()) end_closed_object(json);
}

std::string options_of(std::string_view dialect) { return "options-" + std::string(dialect); }

void put_reference(JsonWriter& json, std::string_view name, const std::string& definition) {
    json.begin_object(name).put("$ref", std::string_view("#/$defs/" + definition)).end();
}

// Where the file names the dialect; another source may name it as well.
void put_options_by_dialect(JsonWriter& json) {
    json.begin_array("allOf");
    for (const auto name : dialect_names()) {
        json.begin_object().begin_object("if").begin_object("properties");
        json.begin_object("dialect").put("const", name).end().end();
        json.begin_array("required").add(std::string_view("dialect")).end().end();
        json.begin_object("then").begin_object("properties");
        put_reference(json, "options", options_of(name));
        json.end().end().end();
    }
    json.end();
}

void put_backend(JsonWriter& json) {
    begin_closed_object(json, "backend");
    put_settings_but(json, Scope::agent);
    json.begin_object("options").put("type", std::string_view("object"));
    json.put("description", std::string_view("what only the dialect knows")).end();
    json.end();
    put_options_by_dialect(json);
    json.end();
}

void put_backends(JsonWriter& json) {
    json.begin_object("backends").put("type", std::string_view("array"));
    json.put("minItems", 1).put("maxItems", kMaxBackends);
    put_reference(json, "items", "backend");
    json.end();
}

void put_definitions(JsonWriter& json) {
    json.begin_object("$defs");
    put_backend(json);
    for (const auto& dialect : dialects()) {
        begin_closed_object(json, options_of(dialect.name));
        for (const auto& option : dialect.options) {
            put_property(json, option.name, option.type, option.fallback, option.help, "");
        }
        end_closed_object(json);
    }
    json.end();
}

// One value a line, as people and version control read it.
std::string indented(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    bool in_string = false;
    const auto line = [&out, &depth] { out += "\n" + std::string(2 * depth, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            out += c;
            if (c == '\\') out += json[++i];
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        const bool opens = c == '{' || c == '[';
        const bool empty = opens && (json[i + 1] == '}' || json[i + 1] == ']');
        if (empty) {
            out += c;
            out += json[++i];
            continue;
        }
        if (c == '}' || c == ']') {
            --depth;
            line();
        }
        out += c;
        if (c == ':') out += ' ';
        if (opens) ++depth;
        if (opens || c == ',') line();
    }
    return out + "\n";
}

}  // namespace

std::string describe_schema() {
    JsonWriter json;
    json.begin_object();
    json.put("$schema", std::string_view("https://json-schema.org/draft/2020-12/schema"));
    json.put("title", std::string_view("agent.yaml of the Bulkhead agent"));
    json.put("type", std::string_view("object")).put("additionalProperties", false);
    json.begin_object("not").begin_array("required");
    json.add(std::string_view("backend")).add(std::string_view("backends")).end().end();
    json.begin_object("properties");
    put_reference(json, "backend", "backend");
    put_backends(json);
    put_settings_but(json, Scope::backend);
    json.end();
    put_definitions(json);
    json.end();
    return indented(std::move(json).take());
}

}  // namespace bulkhead::worker
