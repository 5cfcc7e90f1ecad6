#include "broker/processes/relayed_log.hpp"

#include <unistd.h>

#include <algorithm>

namespace bulkhead::broker {

namespace {

constexpr int kMostReads = 16;  // a pipe has 1 MiB at most (pipe-max-size, pipe(7))

}  // namespace

bool RelayedLog::read(const sys::Fd& pipe, Time now) {
    std::string text(kMostAtOnce, '\0');
    const auto got = ::read(pipe.get(), text.data(), text.size());
    if (got <= 0) return false;
    take(std::string_view(text).substr(0, static_cast<std::size_t>(got)), now);
    return true;
}

void RelayedLog::read_rest(const sys::Fd& pipe, Time now) {
    for (int i = 0; i < kMostReads && read(pipe, now); ++i) continue;
    if (!line_.empty()) relay(now);
    if (left_out_ == 0) return;
    log_.relay(from_, {.event = "lines-left-out", .fields = {}}, left_out_);
    left_out_ = 0;
}

void RelayedLog::take(std::string_view text, Time now) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto part = text.substr(0, end);
        line_ += part.substr(0, kLongestLine - line_.size());
        if (end == text.npos) return;
        relay(now);
        text.remove_prefix(end + 1);
    }
}

void RelayedLog::relay(Time now) {
    const auto line = std::exchange(line_, {});
    if (full_at_ > now + (kBurst - 1) * kRefill) {
        ++left_out_;
        return;
    }
    const auto shares = static_cast<int>(line.size() / kShare) + 1;
    full_at_ = std::max(full_at_, now) + shares * kRefill;
    log_.relay(from_, sys::parse_relayed(line), std::exchange(left_out_, 0));
}

}  // namespace bulkhead::broker
