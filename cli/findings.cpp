#include "cli/findings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/base/files.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> kFormats{"text", "json", "github", "sarif", "gcc"};

// GitHub's rules for the message, and for a property, of a workflow command
// (actions/toolkit, packages/core/src/command.ts).
std::string for_github(std::string_view text, bool is_property) {
    std::string out;
    for (const char c : text) {
        const bool special =
            c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','));
        if (!special) {
            out += c;
            continue;
        }
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
    }
    return out;
}

std::string in_github(const Finding& one) {
    std::string line =
        "::" + std::string(one.level == Finding::Level::note ? std::string_view("notice")
                                                             : name_of(one.level));
    std::string properties = " file=" + for_github(one.file, true);
    if (one.line > 0) properties += ",line=" + std::to_string(one.line);
    if (one.column > 0) properties += ",col=" + std::to_string(one.column);
    return line + properties + ",title=" + for_github(one.code, true) +
           "::" + for_github(one.text, false) + "\n";
}

std::string in_gcc(const Finding& one) {
    // What concerns no file is said of the program (GNU Coding Standards, 4.4).
    std::string place = one.file.empty() ? "bulkhead" : plain(one.file);
    if (one.line > 0) place += ":" + std::to_string(one.line);
    if (one.column > 0) place += ":" + std::to_string(one.column);
    return place + ": " + std::string(name_of(one.level)) + ": " + plain(one.text) + " [" +
           one.code + "]\n";
}

// A reference to a file by RFC 3986: bytes other than unreserved ones and '/' are escaped.
std::string uri_of(std::string_view path) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string uri = path.starts_with('/') ? "file://" : "";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || std::string_view("-._~/").contains(c);
        if (is_plain) {
            uri += c;
        } else {
            uri.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
        }
    }
    return uri;
}

json location_of(const Finding& one) {
    json physical{{"artifactLocation", {{"uri", uri_of(one.file)}}}};
    if (one.line > 0) {
        physical["region"] = {{"startLine", one.line}};
        if (one.column > 0) physical["region"]["startColumn"] = one.column;
    }
    return {{"physicalLocation", physical}};
}

std::string in_sarif(std::span<const Finding> findings) {
    auto rules = json::array();
    std::map<std::string, std::size_t> index;
    auto results = json::array();
    for (const auto& one : findings) {
        const auto [rule, is_new] = index.emplace(one.code, index.size());
        if (is_new) rules.push_back({{"id", one.code}});
        json result{{"ruleId", one.code},
                    {"ruleIndex", rule->second},
                    {"level", name_of(one.level)},
                    {"message", {{"text", one.text}}}};
        if (!one.file.empty()) result["locations"] = json::array({location_of(one)});
        results.push_back(std::move(result));
    }
    const json document{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                        {"version", "2.1.0"},
                        {"runs", json::array({{{"tool",
                                                {{"driver",
                                                  {{"name", "bulkhead"},
                                                   {"semanticVersion", BULKHEAD_VERSION},
                                                   {"rules", rules}}}}},
                                               {"columnKind", "unicodeCodePoints"},
                                               {"results", results}}})}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

// The format that the arguments ask for, if nothing is known of the others.
Format guessed(const Arguments& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (word == "--") break;
        if (word == kJson.name) return Format::json;
        std::string_view value;
        if (word == kFormat.name && i + 1 < arguments.size()) value = arguments[i + 1];
        if (word.starts_with("--format=")) value = word.substr(9);
        const auto found = std::ranges::find(kFormats, value);
        if (found != kFormats.end()) return static_cast<Format>(found - kFormats.begin());
    }
    return Format::text;
}

// An absolute path beneath the working directory as one relative to it, which is what annotations
// of a checkout need.
std::string from_here(const std::string& path) {
    std::error_code failed;
    const auto here = std::filesystem::current_path(failed).string() + "/";
    return !failed && path.starts_with(here) ? path.substr(here.size()) : path;
}

// Of "DIRECTORY: FILE:7:3: TEXT", or of what has no place.
Finding finding_of(std::string_view line, Error::Kind kind) {
    Finding finding{.code = kind == Error::Kind::wrong_input ? "wrong-input" : "failed",
                    .text = std::string(line)};
    const auto directory = take_place(finding.text);
    const auto file = take_place(finding.text);
    finding.file = from_here(directory.file + (file.file.empty() ? "" : "/" + file.file));
    finding.line = file.file.empty() ? directory.line : file.line;
    finding.column = file.file.empty() ? directory.column : file.column;
    return finding;
}

json in_json(const Finding& one) {
    return {{"severity", name_of(one.level)},
            {"code", one.code},
            {"file", one.file},
            {"line", one.line},
            {"column", one.column},
            {"text", one.text}};
}

std::string error_in_json(std::string_view schema, const Error& error,
                          const std::vector<Finding>& findings) {
    auto list = json::array();
    for (const auto& one : findings) list.push_back(in_json(one));
    const json document{{"schema", schema},
                        {"verdict", "error"},
                        {"exit", error.kind == Error::Kind::wrong_input ? kWrong : kNo},
                        {"error", error.what},
                        {"findings", list}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string plain(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c >= ' ' && c <= '~') {
            out += c;
        } else {
            out.append({'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]});
        }
    }
    return out;
}

std::string_view name_of(Finding::Level level) {
    static constexpr std::string_view kNames[] = {"note", "warning", "error"};
    return kNames[static_cast<std::size_t>(level)];
}

Place parse_place(std::string_view where) {
    Place place;
    std::array<unsigned, 2> numbers{};
    std::size_t count = 0;
    while (count < numbers.size()) {
        const auto colon = where.rfind(':');
        if (colon == where.npos) break;
        const auto number = parse_number<unsigned>(where.substr(colon + 1));
        if (!number) break;
        numbers[count++] = *number;
        where = where.substr(0, colon);
    }
    place.file = where;
    if (count == 1) place.line = numbers[0];
    if (count == 2) {
        place.line = numbers[1];
        place.column = numbers[0];
    }
    return place;
}

Place take_place(std::string& text) {
    const auto end = text.find(": ");
    const auto front = std::string_view(text).substr(0, std::min(end, text.size()));
    if (end == text.npos || front.contains(' ') ||
        (!front.contains('.') && !front.contains('/') && !front.contains('_'))) {
        return {};
    }
    auto place = parse_place(front);
    text.erase(0, end + 2);
    return place;
}

Result<Format> format_of(const Options& options) {
    const auto name = options.value(kFormat.name, options.has(kJson.name) ? "json" : "text");
    const auto found = std::ranges::find(kFormats, name);
    if (found == kFormats.end()) {
        return wrong("--format: " + quoted(name, 32) +
                     " is none of text, json, github, sarif and gcc");
    }
    if (options.has(kJson.name) && name != "json") {
        return wrong("--json and --format " + name + " exclude each other");
    }
    return static_cast<Format>(found - kFormats.begin());
}

std::string written(std::span<const Finding> findings, Format format) {
    if (format == Format::sarif) return in_sarif(findings);
    std::string text;
    for (const auto& one : findings) {
        text += format == Format::github ? in_github(one) : in_gcc(one);
    }
    return text;
}

Result<int> tell_errors(std::string_view schema, const Arguments& arguments,
                        const std::function<Result<int>()>& command) {
    auto done = command();
    const auto format = guessed(arguments);
    if (done || format == Format::text) return done;
    std::vector<Finding> findings;
    for (const auto line : split(done.error().what, '\n')) {
        findings.push_back(finding_of(line, done.error().kind));
    }
    TRY(print(format == Format::json ? error_in_json(schema, done.error(), findings)
                                     : written(findings, format)));
    return done;
}

}  // namespace bulkhead::cli
