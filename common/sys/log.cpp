#include "common/sys/log.hpp"

#include <unistd.h>

#include <array>
#include <chrono>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::sys {

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

}  // namespace

Result<Level> parse_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
        if (text == kLevels[i]) return static_cast<Level>(i);
    }
    return fail("unknown log level; choose debug, info, warning or error");
}

std::string json_string(std::string_view text) {
    const bool whole = is_utf8(text);
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00" + to_hex(as_bytes({&c, 1}));
        } else if (byte >= 0x80 && !whole) {
            out += "\\ufffd";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

Log::Log(std::string who, int fd) : Log(std::move(who), fd, ::isatty(fd) == 0, Level::info) {}

Log::Log(std::string who, int fd, bool json, Level least)
    : who_(std::move(who)), fd_(fd), json_(json), least_(least) {}

void Log::move_to(Fd file) {
    kept_ = std::move(file);
    fd_ = kept_.get();
}

void Log::debug(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::debug, what, fields);
}
void Log::info(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::info, what, fields);
}
void Log::warning(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::warning, what, fields);
}
void Log::error(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::error, what, fields);
}

bool Log::check(const Result<>& done, std::string_view what) const {
    if (!done) error(what, {{"why", done.error().what}});
    return done.has_value();
}

void Log::line(Level level, std::string_view what, std::initializer_list<Field> fields) const {
    if (level < least_) return;
    const auto time = format_utc(now());
    const auto name = kLevels[static_cast<std::size_t>(level)];
    std::string text;
    if (json_) {
        text = "{\"time\":\"" + time + "\",\"level\":\"" + std::string(name) +
               "\",\"from\":" + json_string(who_) + ",\"event\":" + json_string(what);
        for (const auto& [key, value] : fields) {
            text += "," + json_string(key) + ":" + json_string(value);
        }
        text += "}\n";
    } else {
        text = time.substr(11, 8) + " " + who_ + " " + std::string(name) + ": " + std::string(what);
        for (const auto& [key, value] : fields) {
            text += "  " + std::string(key) + "=" + quoted(value, 1024);
        }
        text += "\n";
    }
    // A failed write(2) is ignored: a log that cannot be written must not stop the agent.
    [[maybe_unused]] const auto put = ::write(fd_, text.data(), text.size());
}

}  // namespace bulkhead::sys
