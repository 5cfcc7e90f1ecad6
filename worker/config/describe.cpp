#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {

namespace {

std::string place_of(const Setting& setting) {
    switch (setting.scope) {
        case Scope::agent:
            return "top";
        case Scope::backend:
            return "backend";
        case Scope::every_backend:
            return "top, backend";
    }
    return "top";
}

std::string code(std::string_view text) {
    return text.empty() ? "" : "`" + std::string(text) + "`";
}

}  // namespace

std::string describe_flags() {
    std::string out;
    for (const auto& setting : settings()) {
        if (setting.has_flag) {
            out += "  " + setting.flag() + " <" + setting.values() + ">\n";
        } else if (setting.has_variable) {
            out += "  " + setting.variable() + " (environment or file only)\n";
        } else {
            continue;
        }
        out += "      " + std::string(setting.help);
        if (!setting.fallback.empty()) out += " [" + std::string(setting.fallback) + "]";
        out += "\n";
    }
    return out;
}

std::string describe_keys() {
    std::string out;
    const auto paragraph = [&out](std::string_view key, std::string_view values,
                                  std::string_view where, std::string_view fallback,
                                  std::string_view help, const std::string& elsewhere) {
        out += std::string(key) + " <" + std::string(values) + ">  (" + std::string(where) + ")\n";
        out += "      " + std::string(help);
        if (!fallback.empty()) out += " [" + std::string(fallback) + "]";
        out += "\n" + (elsewhere.empty() ? "" : "      or " + elsewhere + "\n");
    };
    for (const auto& setting : settings()) {
        const auto variable = setting.variable();
        const auto flag = setting.flag();
        paragraph(setting.key, setting.values(), place_of(setting), setting.fallback, setting.help,
                  variable + (variable.empty() || flag.empty() ? "" : ", ") + flag);
    }
    for (const auto& dialect : dialects()) {
        for (const auto& option : dialect.options) {
            paragraph("options." + std::string(option.name), in_words(option.type),
                      "backend of the dialect " + std::string(dialect.name), option.fallback,
                      option.help, "");
        }
    }
    return out;
}

std::string describe_settings() {
    std::string out =
        "| key | where | values | default | variable | option | meaning |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const auto& setting : settings()) {
        out += "| `" + std::string(setting.key) + "` | " + place_of(setting) + " | " +
               setting.values() + " | " + code(setting.fallback) + " | " +
               code(setting.variable()) + " | " + code(setting.flag()) + " | " +
               std::string(setting.help) + " |\n";
    }
    for (const auto& dialect : dialects()) {
        if (!dialect.options.empty()) {
            out += "\n`options:` of the dialect " + std::string(dialect.name) +
                   ":\n\n| key | values | default | meaning |\n|---|---|---|---|\n";
        }
        for (const auto& option : dialect.options) {
            out += "| `" + std::string(option.name) + "` | " + in_words(option.type) + " | " +
                   code(option.fallback) + " | " + std::string(option.help) + " |\n";
        }
        if (!dialect.variables.empty()) {
            out += "\nWhat the agent of " + std::string(dialect.name) +
                   " took:\n\n| variable | option | key | remark |\n|---|---|---|---|\n";
        }
        for (const auto& row : dialect.variables) {
            out += "| " + code(row.variable) + " | " + code(row.flag) + " | " + code(row.setting) +
                   " | " + std::string(row.remark) + " |\n";
        }
    }
    return out;
}

}  // namespace bulkhead::worker
