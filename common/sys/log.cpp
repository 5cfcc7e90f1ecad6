#include "common/sys/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "common/base/parse.hpp"

namespace bulkhead::sys {

namespace {

Fd open_again(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !(S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) return {};
    const auto path = "/proc/self/fd/" + std::to_string(fd);
    return Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

Log::Form form_for(int fd) {
    if (is_journal(fd)) return Log::Form::journal;
    return ::isatty(fd) == 0 ? Log::Form::json : Log::Form::text;
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

Log::Log(std::string who, int fd) : Log(std::move(who), fd, form_for(fd), Level::info) {}

Log::Log(std::string who, int fd, Form form, Level least, std::string journal)
    : who_(std::move(who)), fd_(fd), own_(open_again(fd)), form_(form), least_(least) {
    if (own_) fd_ = own_.get();
    if (form_ == Form::journal) journal_.emplace(std::move(journal));
}

void Log::debug(Event event, std::initializer_list<Field> fields) const {
    put(Level::debug, event, fields);
}
void Log::info(Event event, std::initializer_list<Field> fields) const {
    put(Level::info, event, fields);
}
void Log::warning(Event event, std::initializer_list<Field> fields) const {
    put(Level::warning, event, fields);
}
void Log::error(Event event, std::initializer_list<Field> fields) const {
    put(Level::error, event, fields);
}

void Log::put(Level level, Event event, std::initializer_list<Field> fields) const {
    if (level < least_) return;
    put_line(who_, level, event.name, named_apart(Fields(fields.begin(), fields.end())));
}

void Log::failed(Event event, const Error& why) const {
    const std::string_view text = why.what;
    for (const auto line : split(text, '\n')) error(event, {{"why", line}});
}

bool Log::check(const Result<>& done, Event event) const {
    if (!done) failed(event, done.error());
    return done.has_value();
}

void Log::relay(std::string_view from, const RelayedLine& line, std::uint64_t left_out) const {
    Fields fields;
    const auto slash = from.find('/');
    if (slash != from.npos) fields.emplace_back("backend", from.substr(slash + 1));
    for (const auto& field : line.fields) {
        if (fields.empty() || field != fields[0]) fields.push_back(field);
    }
    fields = named_apart(std::move(fields));
    if (left_out > 0) fields.emplace_back("lines_left_out", left_out);
    put_line(from, line.level, line.event, std::move(fields));
}

void Log::put_line(std::string_view from, Level level, std::string_view event,
                   Fields fields) const {
    if (lost_ > told_) fields.emplace_back("lines_lost", lost_ - told_);
    if (write({from, level, event, fields})) {
        told_ = lost_;
    } else {
        ++lost_;
    }
}

bool Log::write(const LogLine& line) const {
    const std::string before = torn_ ? "\n" : "";
    switch (form_) {
        case Form::json:
            return write_now(before + to_json(line));
        case Form::text:
            return write_now(before + to_text(line));
        case Form::relayed:
            return write_now(before + to_relayed(line));
        case Form::journal:
            return journal_->send(to_journal(line)) ||
                   write_now(before + level_prefix(line.level) + to_json(line));
    }
    return false;
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
