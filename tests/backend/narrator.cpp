#include "tests/backend/narrator.hpp"

#include <cstdio>

namespace bulkhead::reference {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = 4096;

/// Replaces control characters, so that a job's output cannot send escape sequences to the
/// terminal.
std::string printable(std::string_view text) {
    std::string clean(text);
    for (auto& c : clean)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) c = '.';
    return clean;
}

/// "  cpu 4.1 %"; empty if there is no such number.
std::string measure(const json& body, const char* pointer, const char* label, int decimals,
                    const char* unit) {
    const json::json_pointer where(pointer);
    if (!body.contains(where) || !body[where].is_number()) return {};
    char number[64];
    std::snprintf(number, sizeof number, "%.*f", decimals, body[where].get<double>());
    return std::string("  ") + label + " " + number + unit;
}

std::string text_at(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

void Narrator::say_locked(std::string_view prefix, std::string_view line) {
    sink_(std::string(prefix) + printable(line));
}

void Narrator::say(std::string_view line) {
    if (!sink_) return;
    const std::lock_guard lock(mutex_);
    say_locked("", line);
}

void Narrator::output(const std::string& stream, std::string_view octets) {
    if (!sink_) return;
    const std::lock_guard lock(mutex_);
    auto& line = unfinished_[stream];
    for (const char c : octets) {
        if (c != '\n') line += c;
        if (c != '\n' && line.size() < kLongestLine) continue;
        say_locked("| ", line);
        line.clear();
    }
}

void Narrator::end_output(const std::string& stream) {
    if (!sink_) return;
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(stream);
    if (found == unfinished_.end()) return;
    if (!found->second.empty()) say_locked("| ", found->second);
    unfinished_.erase(found);
}

std::string heartbeat_line(const std::string& who, const json& body) {
    auto line = "heartbeat " + who;
    if (const auto sequence = text_at(body, "sequence"); !sequence.empty()) line += " #" + sequence;
    line += measure(body, "/metrics/cpu_percent", "cpu", 1, " %");
    line += measure(body, "/metrics/memory/used_percent", "mem", 1, " %");
    line += measure(body, "/metrics/disk/used_percent", "disk", 0, " %");
    line += measure(body, "/metrics/load/0", "load", 2, "");
    line += measure(body, "/cpu_percent", "cpu", 1, " %");
    line += measure(body, "/ram_percent", "mem", 1, " %");
    line += measure(body, "/disk_percent", "disk", 0, " %");
    return line;
}

std::string result_line(const std::string& job, const json& result) {
    auto line = "result " + job + ": ";
    const auto outcome = text_at(result, "outcome");
    line += outcome.empty() ? text_at(result, "status") : outcome;
    for (const auto* name : {"exit_code", "exitCode", "signal", "reason", "detail", "errorMsg"})
        if (const auto value = text_at(result, name); !value.empty() && value != "ok")
            line += ", " + std::string(name) + " " + value;
    if (const auto wall = text_at(result, "wall_ms"); !wall.empty()) line += ", " + wall + " ms";
    return line;
}

}  // namespace bulkhead::reference
