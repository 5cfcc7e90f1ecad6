#include "worker/config/values.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "worker/backend/dialect/value_type.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string in_words(milliseconds span) {
    using namespace std::chrono;
    if (span % hours(1) == 0ms) return std::to_string(span / hours(1)) + "h";
    if (span % minutes(1) == 0ms) return std::to_string(span / minutes(1)) + "m";
    if (span % seconds(1) == 0ms) return std::to_string(span / seconds(1)) + "s";
    return std::to_string(span.count()) + "ms";
}

template <class T>
Result<T> in_range(T value, T least, T most) {
    if (value >= least && value <= most) return value;
    return fail("must be " + std::to_string(least) + ".." + std::to_string(most));
}

}  // namespace

Result<milliseconds> parse_span(std::string_view text, milliseconds least, milliseconds most) {
    const auto sum = TRY(parse_span(text));
    if (sum >= least && sum <= most) return sum;
    return fail("must be " + in_words(least) + ".." + in_words(most));
}

Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least, std::uint64_t most) {
    struct Unit {
        std::string_view suffix;
        std::uint64_t bytes;
    };
    static constexpr std::array<Unit, 4> kUnits{
        {{"KiB", 1_KiB}, {"MiB", 1_MiB}, {"GiB", 1_GiB}, {"", 1}}};
    for (const auto& unit : kUnits) {
        if (!text.ends_with(unit.suffix)) continue;
        const auto digits = text.substr(0, text.size() - unit.suffix.size());
        const auto count = parse_number<std::uint32_t>(digits);
        const auto whole = parse_number<std::uint64_t>(digits);
        if (unit.bytes == 1 && whole) return in_range(*whole, least, most);
        if (count) return in_range(*count * unit.bytes, least, most);
    }
    return fail("not a size; write 4096, 512KiB, 64MiB or 2GiB");
}

Result<std::uint32_t> parse_count(std::string_view text, std::uint32_t least, std::uint32_t most) {
    return in_range(TRY(parse_number<std::uint32_t>(text)), least, most);
}

Result<bool> parse_truth(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return fail("write true or false");
}

Result<> check_file_path(std::string_view text) {
    if (!text.starts_with('/')) return fail("must be an absolute path");
    return {};
}

Result<std::vector<std::string>> parse_paths(std::string_view text) {
    std::vector<std::string> paths;
    for (const auto path : split(text, ':')) {
        TRY(check_file_path(path));
        paths.emplace_back(path);
    }
    return paths;
}

Result<> check_backend_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
    const auto allowed = [&letter](char c) { return letter(c) || c == '-'; };
    if (text.empty() || text.size() > 32 || !letter(text[0]) ||
        !std::ranges::all_of(text, allowed)) {
        return fail("must be 1..32 of a-z, 0-9 and -, beginning with a letter or digit");
    }
    return {};
}

Result<> check_pin(std::string_view text) {
    for (const auto pin : split(text, ';')) {
        static constexpr std::string_view kPrefix = "sha256//";
        const auto digest =
            pin.starts_with(kPrefix) ? parse_base64(pin.substr(kPrefix.size())) : fail("no digest");
        if (!digest || digest->size() != 32) {
            return fail("must be sha256// and 44 characters of base64");
        }
    }
    return {};
}

Result<> check_proxy(std::string_view text) {
    TRY(parse_url(text));
    return {};
}

}  // namespace bulkhead::worker
