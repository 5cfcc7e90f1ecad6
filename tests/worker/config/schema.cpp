#include "tests/worker/config/schema.hpp"

#include "tests/worker/config/sources.hpp"
#include "worker/config/yaml.hpp"

namespace bulkhead::worker::test {

namespace {

// As editors read it: plain scalars are typed by YAML's core schema (YAML 1.2, 10.3.2).
nlohmann::json as_json(const YamlNode& node) {
    using nlohmann::json;
    switch (node.kind) {
        case YamlNode::Kind::nothing:
            return nullptr;
        case YamlNode::Kind::scalar: {
            static const std::regex kPlain("true|false|(0|[1-9][0-9]{0,17})([.][0-9]{1,9})?");
            return std::regex_match(node.text, kPlain) ? json::parse(node.text) : json(node.text);
        }
        case YamlNode::Kind::list: {
            auto list = json::array();
            for (const auto& item : node.items) list.push_back(as_json(item));
            return list;
        }
        case YamlNode::Kind::map: {
            auto map = json::object();
            for (const auto& member : node.members) map[member.key] = as_json(member.value);
            return map;
        }
    }
    return nullptr;
}

}  // namespace

const Schema& schema() {
    static const Schema kSchema(nlohmann::json::parse(describe_schema()));
    return kSchema;
}

std::string marked(const std::string& file) {
    const auto tree = parse_yaml(file);
    if (!tree) return tree.error().what;
    // An empty file is a file without settings.
    return tree->kind == YamlNode::Kind::nothing ? "" : schema().trouble(as_json(*tree));
}

}  // namespace bulkhead::worker::test
