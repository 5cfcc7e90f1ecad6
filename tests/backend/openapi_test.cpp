// Compares openapi.yaml, from which other backends are written, with the reference backend, against
// which the agent is tested.
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "tests/backend/dialects/bulkhead_shapes.hpp"
#include "tests/backend/test_client.hpp"

namespace bulkhead::reference {
namespace {

using Kind = Shape::Kind;

struct Operation {
    std::string method;
    std::string path;
    YAML::Node node;
};

class OpenApi : public testing::Test {
  protected:
    void SetUp() override { document_ = YAML::LoadFile(BULKHEAD_OPENAPI); }

    std::vector<Operation> operations() const {
        std::vector<Operation> all;
        for (const auto& path : document_["paths"])
            for (const auto& operation : path.second) {
                auto method = operation.first.as<std::string>();
                std::ranges::transform(method, method.begin(),
                                       [](unsigned char c) { return std::toupper(c); });
                all.push_back({method, path.first.as<std::string>(), operation.second});
            }
        return all;
    }

    /// The node itself, or the one that its $ref ("#/a/b/c") names.
    YAML::Node resolved(const YAML::Node& node) const {
        if (!node.IsMap() || !node["$ref"]) return node;
        YAML::Node target = YAML::Clone(document_);
        std::istringstream steps(node["$ref"].as<std::string>().substr(2));
        for (std::string step; std::getline(steps, step, '/');) target.reset(target[step]);
        return target;
    }

    YAML::Node schema(const std::string& name) const {
        return document_["components"]["schemas"][name];
    }

    void expect_same(const Shape& shape, const YAML::Node& node, const std::string& where) const;

  private:
    void expect_same_object(const Shape& shape, const YAML::Node& schema,
                            const std::string& where) const;
    void expect_same_text(const Shape& shape, const YAML::Node& schema,
                          const std::string& where) const;
    static void expect_same_type(const Shape& shape, const YAML::Node& schema,
                                 const std::string& where);

    YAML::Node document_;
};

std::string type_of(Kind kind) {
    switch (kind) {
        case Kind::integer:
            return "integer";
        case Kind::number:
            return "number";
        case Kind::boolean:
            return "boolean";
        case Kind::list:
            return "array";
        case Kind::object:
        case Kind::map_of_text:
            return "object";
        default:
            return "string";
    }
}

void OpenApi::expect_same_type(const Shape& shape, const YAML::Node& schema,
                               const std::string& where) {
    ASSERT_TRUE(schema["type"]) << where;
    const bool nullable = schema["type"].IsSequence();
    const auto type = nullable ? schema["type"][0] : schema["type"];
    EXPECT_EQ(type.as<std::string>(), type_of(shape.kind)) << where;
    EXPECT_EQ(nullable, shape.nullable) << where;
}

void OpenApi::expect_same_object(const Shape& shape, const YAML::Node& schema,
                                 const std::string& where) const {
    if (shape.members.empty()) {
        EXPECT_FALSE(schema["properties"]) << where;
        return;
    }
    EXPECT_FALSE(schema["additionalProperties"].as<bool>(true)) << where;
    EXPECT_EQ(schema["properties"].size(), shape.members.size()) << where;
    const auto required =
        schema["required"].as<std::vector<std::string>>(std::vector<std::string>{});
    for (const auto& member : shape.members) {
        const auto name = where + "." + member.name;
        ASSERT_TRUE(schema["properties"][member.name]) << name;
        EXPECT_EQ(std::ranges::count(required, member.name), member.required ? 1 : 0) << name;
        expect_same(member.shape, schema["properties"][member.name], name);
    }
}

void OpenApi::expect_same_text(const Shape& shape, const YAML::Node& schema,
                               const std::string& where) const {
    EXPECT_EQ(schema["maxLength"].as<std::size_t>(0), shape.most) << where;
    EXPECT_EQ(schema["format"].as<std::string>(""),
              shape.kind == Kind::timestamp ? "date-time" : "")
        << where;
    EXPECT_EQ(schema["pattern"].as<std::string>(""),
              shape.kind == Kind::hex64 ? "^[0-9a-f]{64}$" : "")
        << where;
    EXPECT_EQ(schema["enum"].as<std::vector<std::string>>(std::vector<std::string>{}), shape.words)
        << where;
}

void OpenApi::expect_same(const Shape& shape, const YAML::Node& node,
                          const std::string& where) const {
    const auto found = resolved(node);
    expect_same_type(shape, found, where);
    if (HasFatalFailure()) return;
    const auto type = type_of(shape.kind);
    if (type == "string") expect_same_text(shape, found, where);
    if (type == "integer") {
        EXPECT_EQ(found["minimum"].as<std::int64_t>(INT64_MIN), shape.least) << where;
    }
    if (shape.kind == Kind::list) {
        EXPECT_EQ(found["maxItems"].as<std::size_t>(0), shape.most) << where;
        expect_same(shape.element.front(), found["items"], where + "[]");
    }
    if (shape.kind == Kind::object) expect_same_object(shape, found, where);
}

TEST_F(OpenApi, EveryOperationIsServedAndEveryRouteIsDocumented) {
    std::vector<std::string> documented;
    for (const auto& operation : operations())
        documented.push_back(operation.method + " " + operation.path);
    const ReferenceBackend backend;
    std::vector<std::string> served;
    for (const auto& route : backend.routes())
        if (route.path.starts_with("/v1/")) served.push_back(route.method + " " + route.path);
    std::ranges::sort(documented);
    std::ranges::sort(served);
    EXPECT_EQ(documented, served);
    EXPECT_FALSE(documented.empty());
}

TEST_F(OpenApi, EveryOperationButEnrolmentDemandsACredential) {
    ReferenceBackend backend;
    ASSERT_TRUE(backend.start());
    httplib::Client client(backend.url());
    client.set_ca_cert_path(backend.ca_file());
    for (const auto& operation : operations()) {
        httplib::Request request;
        request.method = operation.method;
        request.path = operation.path;
        for (const auto& [name, value] :
             {std::pair{"{id}", "job-1"}, std::pair{"{stream}", "stdout"}})
            if (const auto at = request.path.find(name); at != std::string::npos)
                request.path.replace(at, std::string(name).size(), value);
        const auto answer = client.send(request);
        ASSERT_TRUE(answer) << operation.path;
        const bool open = operation.node["security"] && operation.node["security"].size() == 0;
        EXPECT_EQ(answer->status, open ? 415 : 401) << operation.path;
        EXPECT_TRUE(operation.node["responses"][std::to_string(answer->status)]) << operation.path;
    }
}

TEST_F(OpenApi, EveryReferenceInItLeadsSomewhere) {
    std::vector<YAML::Node> open{YAML::LoadFile(BULKHEAD_OPENAPI)};
    int references = 0;
    while (!open.empty()) {
        const auto node = open.back();
        open.pop_back();
        if (node.IsMap() && node["$ref"]) {
            ++references;
            EXPECT_TRUE(resolved(node).IsMap()) << node["$ref"];
        }
        if (node.IsMap())
            for (const auto& child : node) open.push_back(child.second);
        if (node.IsSequence())
            for (const auto& child : node) open.push_back(child);
    }
    EXPECT_GT(references, 10);
}

TEST_F(OpenApi, TheBodiesAreThoseTheBackendAccepts) {
    expect_same(bulkhead_shapes::enroll(), schema("Enrolment"), "Enrolment");
    expect_same(bulkhead_shapes::heartbeat(), schema("Heartbeat"), "Heartbeat");
    expect_same(bulkhead_shapes::result(), schema("Result"), "Result");
    expect_same(bulkhead_shapes::findings(), schema("Findings"), "Findings");
    expect_same(bulkhead_shapes::inventory(), schema("Inventory"), "Inventory");
    expect_same(bulkhead_shapes::artifact_state(), schema("ArtifactState"), "ArtifactState");
}

}  // namespace
}  // namespace bulkhead::reference
