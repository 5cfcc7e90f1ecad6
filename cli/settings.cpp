// `bulkhead settings`: every setting of agent.yaml, or what counts of each and where it stands.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/config/agent_sources.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{
    Option{"--markdown"}, Option{"--schema"}, Option{"--effective"}, Option{"--json"}, kUnit,
    kPolicyOption,        kVendorPolicy};

std::string text_of(const std::vector<worker::EffectiveSetting>& list) {
    std::size_t widest = 0;
    const auto label = [](const worker::EffectiveSetting& one) {
        return one.backend.empty() ? one.key : one.backend + ": " + one.key;
    };
    for (const auto& one : list) widest = std::max(widest, label(one).size());
    std::string text;
    for (const auto& one : list) {
        auto left = label(one);
        left.resize(widest + 2, ' ');
        text += left + (one.value.empty() ? "(none)" : quoted(one.value, 4096)) + "  (" +
                quoted(one.source, 4096) + ")\n";
    }
    return text;
}

std::string json_of(const AgentSources& from, const std::vector<worker::EffectiveSetting>& list) {
    auto settings = nlohmann::ordered_json::array();
    for (const auto& one : list) {
        nlohmann::ordered_json row{{"key", one.key}, {"value", one.value}, {"source", one.source}};
        if (!one.backend.empty()) row["backend"] = one.backend;
        settings.push_back(std::move(row));
    }
    const nlohmann::ordered_json document{
        {"format", 1}, {"file", from.file}, {"unit", from.unit}, {"settings", settings}};
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<int> effective(const Options& options) {
    const auto from = TRY(agent_sources(options));
    const auto config = TRY(or_wrong(worker::parse_config(from.sources)));
    const auto list = worker::effective_settings(from.sources, config);
    TRY(print(options.has("--json") ? json_of(from, list) : text_of(list)));
    return kDone;
}

}  // namespace

Result<int> settings(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (options.has("--effective")) {
        if (options.has("--markdown") || options.has("--schema")) {
            return wrong("give one of --markdown, --schema and --effective");
        }
        return effective(options);
    }
    if (!options.operands().empty() || arguments.size() > 1) {
        return wrong("takes --markdown, --schema, or --effective [FILE] [--json] [--unit NAME]");
    }
    if (options.has("--markdown")) {
        TRY(print(worker::describe_settings()));
    } else if (options.has("--schema")) {
        TRY(print(worker::describe_schema()));
    } else if (arguments.empty()) {
        TRY(print(worker::describe_keys()));
    } else {
        return wrong(arguments[0] + " goes with --effective");
    }
    return kDone;
}

}  // namespace bulkhead::cli
