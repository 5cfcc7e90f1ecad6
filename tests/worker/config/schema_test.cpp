// The JSON Schema of agent.yaml allows what the worker accepts, and what it forbids is refused.
#include "tests/worker/config/schema.hpp"

#include <set>

#include "tests/worker/config/sources.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {
namespace {

using Json = nlohmann::json;
using Kind = ValueType::Kind;

// A file with this setting, and what else a backend needs.
Json file_with(const Setting& setting, const Json& value) {
    Json file{{"backend", {{"url", "https://b.example.com"}}}};
    const auto dot = setting.key.find('.');
    auto* at = setting.scope == Scope::backend ? &file["backend"] : &file;
    if (dot != setting.key.npos) at = &(*at)[std::string(setting.key.substr(0, dot))];
    const auto name = dot == setting.key.npos ? setting.key : setting.key.substr(dot + 1);
    (*at)[std::string(name)] = value;
    return file;
}

Json file_with(const DialectRow& dialect, const DialectOption& option, const Json& value) {
    Json file{{"backend", {{"url", "https://b.example.com"}, {"dialect", dialect.name}}}};
    if (dialect.name == "ravenxcope") file["backend"]["options"]["sensor_id"] = "s";
    file["backend"]["options"][std::string(option.name)] = value;
    return file;
}

// Values that a schema can forbid.
std::vector<Json> bad_values(const ValueType& type) {
    switch (type.kind) {
        case Kind::text:
        case Kind::words:
            return {Json::array({"a"}), Json{{"a", "b"}}, nullptr};
        case Kind::globs:
            return {Json{{"a", "b"}}, nullptr};
        case Kind::url:
            return {"b.example.com", "ftp://b.example.com"};
        case Kind::path:
            return {"relative/path", "$HOME/file"};
        case Kind::paths:
            return {"relative", Json::array(), Json::array({"/a", "b"})};
        case Kind::duration:
            return {"soon", 60, "1.5h", "5"};
        case Kind::bytes:
            return {type.least - 1, type.most + 1, "5 GB", "64MB"};
        case Kind::count:
            return type.least == 0 ? std::vector<Json>{type.most + 1, "many"}
                                   : std::vector<Json>{type.least - 1, type.most + 1, "many"};
        case Kind::boolean:
            return {"yes", 1};
        case Kind::choice:
            return {"none-of-them", 3};
    }
    return {};
}

void expect_both_refuse(const Json& file, std::string_view name) {
    EXPECT_NE(test::schema().trouble(file), "") << file;
    const auto problems = test::problems(file.dump());
    EXPECT_NE(problems.find(name), problems.npos) << file << " " << problems;
}

void expect_both_accept(const Json& file) {
    EXPECT_EQ(test::schema().trouble(file), "") << file;
    EXPECT_EQ(test::problems(file.dump()), "") << file;
}

TEST(Schema, WhatItForbidsOfASettingIsRefused) {
    for (const auto& setting : settings()) {
        for (const auto& bad : bad_values(setting.type)) {
            expect_both_refuse(file_with(setting, bad), setting.key);
        }
    }
}

TEST(Schema, WhatItForbidsOfAnOptionIsRefused) {
    for (const auto& dialect : dialects()) {
        for (const auto& option : dialect.options) {
            for (const auto& bad : bad_values(option.type)) {
                expect_both_refuse(file_with(dialect, option, bad), option.name);
            }
        }
    }
}

TEST(Schema, ItsDefaultsAreAccepted) {
    const auto& root = test::schema().root();
    for (const auto& setting : settings()) {
        if (setting.fallback.empty()) continue;
        const auto dot = setting.key.find('.');
        auto path = setting.scope == Scope::backend ? "/$defs/backend/properties" : "/properties";
        auto place = root.at(Json::json_pointer(path));
        if (dot != setting.key.npos) place = place.at(setting.key.substr(0, dot)).at("properties");
        const auto name = setting.key.substr(dot == setting.key.npos ? 0 : dot + 1);
        expect_both_accept(file_with(setting, place.at(name).at("default")));
    }
    for (const auto& dialect : dialects()) {
        const auto& all = root.at("$defs").at("options-" + std::string(dialect.name));
        for (const auto& option : dialect.options) {
            const auto& one = all.at("properties").at(option.name);
            if (option.name == "sensor_id") continue;  // must be given
            expect_both_accept(file_with(dialect, option, one.value("default", Json(""))));
        }
    }
}

TEST(Schema, ADurationOutOfBoundsIsRefusedByTheWorkerAlone) {
    for (const auto& setting : settings()) {
        if (setting.type.kind != Kind::duration) continue;
        const auto& [least, most] = std::pair(setting.type.least, setting.type.most);
        for (const auto bad : {least - 1, most + 1}) {
            const auto file = file_with(setting, std::to_string(bad) + "ms");
            EXPECT_NE(test::problems(file.dump()).find("must be " + in_words(setting.type)),
                      std::string::npos)
                << file;
        }
    }
}

TEST(Schema, NothingElseMayStandInTheFile) {
    expect_both_refuse({{"backend", {{"url", "https://b"}}}, {"url", "https://b"}}, "url");
    expect_both_refuse({{"backend", {{"url", "https://b"}, {"log_level", "info"}}}}, "log_level");
    expect_both_refuse({{"backend", {{"url", "https://b"}, {"x", 1}}}}, "x");
    expect_both_refuse({{"backend", {{"url", "https://b"}}}, {"jobs", {{"x", 1}}}}, "jobs.x");
    expect_both_refuse({{"backend", {{"dialect", "hyprbox"}, {"options", {{"org_id", "x"}}}}}},
                       "org_id");
    expect_both_refuse({{"backend", {{"dialect", "grapheon"}, {"options", "x"}}}}, "options");
    expect_both_refuse({{"backend", {{"url", "https://b"}}}, {"backends", {{{"name", "b"}}}}},
                       "backend");
    expect_both_refuse({{"backends", Json::array()}}, "backends");
}

TEST(Schema, HasEachSectionOnce) {
    std::set<std::string_view> closed;
    std::string_view open;
    for (const auto& setting : settings()) {
        const auto dot = setting.key.find('.');
        const auto section = dot == setting.key.npos ? "" : setting.key.substr(0, dot);
        if (section == open) continue;
        closed.insert(open);
        EXPECT_FALSE(closed.contains(section)) << setting.key << " stands apart from its section";
        open = section;
    }
}

}  // namespace
}  // namespace bulkhead::worker
