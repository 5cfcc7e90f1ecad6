#include "worker/host/metrics/network.hpp"

#include <array>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kColumns = 16;

// Parses "  eth0: 1 2 3 ...". The last colon ends the name: a name may hold nearly every byte
// (dev_valid_name() in net/core/dev.c; old kernels allow even a colon), a column only digits.
Result<Interface> parse_line(std::string_view line) {
    const auto colon = line.rfind(':');
    if (colon == std::string_view::npos) return fail("a line without colon");
    const auto raw = trimmed(line.substr(0, colon));
    if (raw.empty()) return fail("an interface without name");
    auto name = is_utf8(raw) ? std::string(raw) : quoted(raw);
    const auto columns = words(line.substr(colon + 1));
    if (columns.size() != kColumns) return fail(quoted(raw) + ": expected 16 columns");
    std::array<std::uint64_t, kColumns> counts{};
    for (std::size_t i = 0; i < kColumns; ++i) {
        counts[i] = TRY(within(quoted(raw), parse_number<std::uint64_t>(columns[i])));
    }
    return Interface{.name = std::move(name),
                     .rx_bytes = counts[0],
                     .rx_packets = counts[1],
                     .rx_errors = counts[2],
                     .tx_bytes = counts[8],
                     .tx_packets = counts[9],
                     .tx_errors = counts[10]};
}

// Cuts the first line off `rest`. Error: it has no line end.
Result<std::string_view> next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return fail("the last line has no end");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

}  // namespace

Result<std::vector<Interface>> parse_interfaces(std::string_view net_dev) {
    for (int heading = 0; heading < 2; ++heading) {
        const auto line = TRY(next_line(net_dev));
        if (line.find('|') == std::string_view::npos) return fail("expected two heading lines");
    }
    std::vector<Interface> interfaces;
    while (!net_dev.empty()) interfaces.push_back(TRY(parse_line(TRY(next_line(net_dev)))));
    return interfaces;
}

Traffic traffic_of(const std::vector<Interface>& interfaces) {
    const auto plus = [](std::uint64_t sum, std::uint64_t more) {
        return more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
    };
    Traffic all;
    for (const auto& one : interfaces) {
        all.rx_bytes = plus(all.rx_bytes, one.rx_bytes);
        all.tx_bytes = plus(all.tx_bytes, one.tx_bytes);
    }
    return all;
}

}  // namespace bulkhead::worker
