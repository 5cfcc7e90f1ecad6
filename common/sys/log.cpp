#include "common/sys/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::sys {

namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

// Of Form::relayed: what a line begins with, before a digit for its level, and what stands between
// event, names and values.
constexpr char kMark = '\x1e';
constexpr char kBetween = '\x1f';
constexpr std::size_t kMostFields = 16;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '\n' || c == kBetween) out += '\\';
        out += c == '\n' ? 'n' : c == kBetween ? 's' : c;
    }
    return out;
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool plain = text[i] != '\\' || i + 1 == text.size();
        const char c = plain ? text[i] : text[++i];
        out += plain || c == '\\' ? c : c == 'n' ? '\n' : c == 's' ? kBetween : c;
    }
    return out;
}

// A name that each line has would count in place of the one that the writer of the line has set:
// of two members of a JSON object with one name most readers take the last (RFC 8259, section 4).
bool is_field_name(std::string_view name) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    constexpr std::array<std::string_view, 5> kTaken{"time", "level", "from", "event",
                                                     "lines_left_out"};
    return !name.empty() && name.size() <= 32 && name.find_first_not_of(kLetters) == name.npos &&
           std::ranges::count(kTaken, name) == 0;
}

Fd open_again(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !(S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) return {};
    const auto path = "/proc/self/fd/" + std::to_string(fd);
    return Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// A pipe that poll(2) calls writable takes PIPE_BUF bytes (pipe(7)).
ssize_t write_if_ready(int fd, std::string_view text) {
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) == 1) {
        return ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    }
    errno = EAGAIN;
    return -1;
}

ssize_t send_now(int fd, std::string_view text) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write_if_ready(fd, text) : sent;
}

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

RelayedLine parse_relayed(std::string_view line) {
    RelayedLine relayed;
    const bool ours = line.size() > 1 && line[0] == kMark && line[1] >= '0' && line[1] <= '3';
    if (!ours) {
        relayed.fields.emplace_back("text", line);
        return relayed;
    }
    relayed.level = static_cast<Level>(line[1] - '0');
    auto parts = split(line.substr(2), kBetween);
    relayed.event = unescaped(parts[0]);
    for (std::size_t i = 1; i + 1 < parts.size() && i < 2 * kMostFields; i += 2) {
        const bool good = is_field_name(parts[i]);
        relayed.fields.emplace_back(good ? parts[i] : "field", unescaped(parts[i + 1]));
    }
    return relayed;
}

Log::Log(std::string who, int fd)
    : Log(std::move(who), fd, ::isatty(fd) == 0 ? Form::json : Form::text, Level::info) {}

Log::Log(std::string who, int fd, Form form, Level least)
    : who_(std::move(who)), fd_(fd), own_(open_again(fd)), form_(form), least_(least) {
    if (own_) fd_ = own_.get();
}

void Log::debug(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::debug, what, {fields.begin(), fields.size()});
}
void Log::info(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::info, what, {fields.begin(), fields.size()});
}
void Log::warning(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::warning, what, {fields.begin(), fields.size()});
}
void Log::error(std::string_view what, std::initializer_list<Field> fields) const {
    line(Level::error, what, {fields.begin(), fields.size()});
}

bool Log::check(const Result<>& done, std::string_view what) const {
    if (!done) error(what, {{"why", done.error().what}});
    return done.has_value();
}

void Log::relay(std::string_view from, const RelayedLine& line, std::uint64_t left_out) const {
    std::vector<Field> fields(line.fields.begin(), line.fields.end());
    if (left_out > 0) fields.emplace_back("lines_left_out", std::to_string(left_out));
    if (form_ != Form::text) return put(from, line.level, line.event, fields);
    // To a terminal, which must not be told what to do.
    const std::string_view event = line.event;
    auto parts = split(event, '\n');
    for (auto& part : parts) {
        const bool last = &part == &parts.back();
        put(from, line.level, quoted(part, 4096), last ? fields : std::vector<Field>{});
    }
}

void Log::line(Level level, std::string_view what, std::span<const Field> fields) const {
    if (level >= least_) put(who_, level, what, fields);
}

void Log::put(std::string_view who, Level level, std::string_view what,
              std::span<const Field> fields) const {
    std::vector<Field> all(fields.begin(), fields.end());
    if (lost_ > told_) all.emplace_back("lines_lost", std::to_string(lost_ - told_));
    if (write_now((torn_ ? "\n" : "") + compose(who, level, what, all))) {
        told_ = lost_;
    } else {
        ++lost_;
    }
}

std::string Log::compose(std::string_view who, Level level, std::string_view what,
                         std::span<const Field> fields) const {
    const auto number = static_cast<std::size_t>(level);
    const auto time = format_utc(now());
    const std::string name(kLevels[number]);
    std::string text;
    switch (form_) {
        case Form::json:
            text = "{\"time\":\"" + time + "\",\"level\":\"" + name +
                   "\",\"from\":" + json_string(who) + ",\"event\":" + json_string(what);
            for (const auto& [key, value] : fields) {
                text += "," + json_string(key) + ":" + json_string(value);
            }
            return text + "}\n";
        case Form::text:
            text = time.substr(11, 8) + " " + std::string(who) + " " + name + ": ";
            text += what;
            for (const auto& [key, value] : fields) {
                text += "  " + std::string(key) + "=" + quoted(value, 1024);
            }
            return text + "\n";
        case Form::relayed:
            text = {kMark, static_cast<char>('0' + number)};
            text += escaped(what);
            for (const auto& [key, value] : fields) {
                text += kBetween + std::string(key) + kBetween + escaped(value);
            }
            return text + "\n";
    }
    return text;
}

// Never waits, and an error is none of the caller's: a log that nobody reads must not stop the
// agent.
bool Log::write_now(std::string_view text) const {
    while (!text.empty()) {
        // What is relayed goes to a pipe, of a process that need not have send(2).
        auto put = form_ == Form::relayed ? write_if_ready(fd_, text) : send_now(fd_, text);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        const auto written = static_cast<std::size_t>(put);
        torn_ = text[written - 1] != '\n';
        text.remove_prefix(written);
    }
    return true;
}

}  // namespace bulkhead::sys
