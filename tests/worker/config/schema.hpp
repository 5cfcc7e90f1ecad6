// What a JSON Schema says of a document: the keywords that describe_schema() uses, no others.
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

namespace bulkhead::worker::test {

class Schema {
  public:
    explicit Schema(nlohmann::json root) : root_(std::move(root)) {}
    const nlohmann::json& root() const { return root_; }

    // The first thing that is wrong, with its place; "" when the document fits.
    std::string trouble(const nlohmann::json& document) const {
        return trouble(root_, document, "");
    }

  private:
    using Json = nlohmann::json;

    std::string trouble(const Json& schema, const Json& value, const std::string& at) const {
        for (const auto& [keyword, argument] : schema.items()) {
            auto wrong = trouble(schema, keyword, argument, value, at);
            if (!wrong.empty()) return wrong;
        }
        return "";
    }

    std::string trouble(const Json& schema, const std::string& keyword, const Json& argument,
                        const Json& value, const std::string& at) const {
        const auto unless = [&](bool fits) { return fits ? "" : at + ": " + keyword; };
        if (keyword == "$ref") {
            const auto target = argument.get<std::string>().substr(1);
            return trouble(root_.at(Json::json_pointer(target)), value, at);
        }
        if (keyword == "type") return unless(has_type(argument, value));
        if (keyword == "enum") return unless(std::ranges::count(argument, value) > 0);
        if (keyword == "const") return unless(argument == value);
        if (keyword == "not") return unless(!trouble(argument, value, at).empty());
        if (keyword == "minimum") return unless(!value.is_number() || value >= argument);
        if (keyword == "maximum") return unless(!value.is_number() || value <= argument);
        if (keyword == "minItems") return unless(!value.is_array() || value.size() >= argument);
        if (keyword == "maxItems") return unless(!value.is_array() || value.size() <= argument);
        if (keyword == "pattern") return unless(!value.is_string() || matches(value, argument));
        if (keyword == "required") return unless(!value.is_object() || has_all(value, argument));
        if (keyword == "additionalProperties") {
            return unless(!value.is_object() || has_no_other(value, schema.at("properties")));
        }
        if (keyword == "properties") return of_properties(argument, value, at);
        if (keyword == "items") return of_items(argument, value, at);
        if (keyword == "allOf") return of_all(argument, value, at);
        if (keyword == "if") {
            return trouble(argument, value, at).empty() ? trouble(schema.at("then"), value, at)
                                                        : "";
        }
        return unless(keyword == "then" || keyword == "$schema" || keyword == "$defs" ||
                      keyword == "title" || keyword == "description" || keyword == "default");
    }

    static bool has_type(const Json& types, const Json& value) {
        const auto is = [&value](const std::string& type) {
            return (type == "string" && value.is_string()) ||
                   (type == "array" && value.is_array()) ||
                   (type == "object" && value.is_object()) ||
                   (type == "boolean" && value.is_boolean()) ||
                   (type == "integer" && value.is_number_integer()) ||
                   (type == "number" && value.is_number());
        };
        return types.is_string() ? is(types) : std::ranges::any_of(types, is);
    }
    static bool matches(const std::string& text, const std::string& pattern) {
        return std::regex_search(text, std::regex(pattern));
    }
    static bool has_all(const Json& value, const Json& names) {
        return std::ranges::all_of(
            names, [&value](const std::string& name) { return value.contains(name); });
    }
    static bool has_no_other(const Json& value, const Json& properties) {
        return std::ranges::all_of(value.items(), [&properties](const auto& member) {
            return properties.contains(member.key());
        });
    }

    std::string of_properties(const Json& properties, const Json& value,
                              const std::string& at) const {
        for (const auto& [name, schema] : properties.items()) {
            if (!value.is_object() || !value.contains(name)) continue;
            auto wrong = trouble(schema, value.at(name), at + "/" + name);
            if (!wrong.empty()) return wrong;
        }
        return "";
    }
    std::string of_items(const Json& schema, const Json& value, const std::string& at) const {
        for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
            auto wrong = trouble(schema, value.at(i), at + "/" + std::to_string(i));
            if (!wrong.empty()) return wrong;
        }
        return "";
    }
    std::string of_all(const Json& schemas, const Json& value, const std::string& at) const {
        for (const auto& schema : schemas) {
            auto wrong = trouble(schema, value, at);
            if (!wrong.empty()) return wrong;
        }
        return "";
    }

    Json root_;
};

// That of agent.yaml.
const Schema& schema();

}  // namespace bulkhead::worker::test
