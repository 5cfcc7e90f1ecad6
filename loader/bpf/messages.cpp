#include "loader/bpf/messages.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace bulkhead::loader {

namespace {

// libbpf hands its callback no context. One process loads one object, in one thread.
std::string first;
std::string last;

__attribute__((format(printf, 2, 0))) int keep(libbpf_print_level level, const char* format,
                                               va_list values) {
    if (level != LIBBPF_WARN) return 0;
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, values);
    std::string_view text = line.data();
    if (text.starts_with("libbpf: ")) text.remove_prefix(8);
    while (text.ends_with('\n')) text.remove_suffix(1);
    last = printable(text, line.size());
    if (first.empty()) first = last;
    return 0;
}

// Lines that the verifier ends every log with, at BPF_LOG_STATS.
bool is_figures(std::string_view line) {
    return line.starts_with("processed ") || line.starts_with("verification time ") ||
           line.starts_with("stack depth ");
}

}  // namespace

void keep_messages() { libbpf_set_print(keep); }
std::string last_warning() { return std::exchange(last, {}); }
std::string first_warning() { return std::exchange(first, {}); }

std::string printable(std::string_view text, std::size_t max) {
    std::string clean(text.substr(0, max));
    for (auto& byte : clean) {
        if (byte < 0x20 || byte > 0x7e) byte = '?';
    }
    return clean;
}

std::string end_of_log(std::string_view log, std::size_t max) {
    std::string end;
    while (!log.empty()) {
        const auto begin = log.rfind('\n');
        auto line = begin == log.npos ? log : log.substr(begin + 1);
        log = begin == log.npos ? std::string_view() : log.substr(0, begin);
        if (line.empty() || is_figures(line)) continue;
        const auto text = printable(line, max);
        if (end.empty()) {
            end = text;
        } else if (text.size() + 3 + end.size() <= max) {
            end = text + " | " + end;
        } else {
            break;
        }
    }
    return end;
}

}  // namespace bulkhead::loader
