#include "broker/artifacts/withdrawn.hpp"

#include <algorithm>
#include <cerrno>

#include "common/sys/clock.hpp"

namespace bulkhead::broker {

Result<Withdrawn> Withdrawn::open(sys::Dir state) {
    Withdrawn withdrawn(std::move(state));
    const auto text = withdrawn.state_.read_file(kFile, kMaxBytes);
    if (!text && text.error().code == ENOENT) return withdrawn;
    if (!text) return std::unexpected(text.error());
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (end == rest.npos) return fail(std::string(kFile) + ": its last line is torn");
        TRY(within(kFile, withdrawn.take(rest.substr(0, end))));
        rest.remove_prefix(end + 1);
    }
    return withdrawn;
}

Result<> Withdrawn::take(std::string_view line) {
    const auto first = line.find(' ');
    const auto second = first == line.npos ? first : line.find(' ', first + 1);
    if (second == line.npos) return fail("a line is not DIGEST NOT-AFTER ID");
    const auto digest = TRY(crypto::parse_digest(line.substr(0, first)));
    const auto end = TRY(parse_number<std::uint64_t>(line.substr(first + 1, second - first - 1)));
    digests_.push_back(digest);
    ends_.emplace_back(std::chrono::seconds(end));
    lines_.emplace_back(line);
    return {};
}

Result<> Withdrawn::add(const crypto::Digest& manifest, UnixTime not_after, std::string_view id,
                        UnixTime trusted) {
    if (std::ranges::count(digests_, manifest) == 0) {
        digests_.push_back(manifest);
        ends_.push_back(not_after);
        lines_.push_back(crypto::hex(manifest) + " " +
                         std::to_string(not_after.time_since_epoch().count()) + " " +
                         std::string(id));
    }
    std::string text;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (ends_[i] + kStays >= trusted) text += lines_[i] + "\n";
    }
    return state_.write_atomic(kFile, text, 0600);
}

}  // namespace bulkhead::broker
