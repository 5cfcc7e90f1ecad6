#include "worker/host/scanners/sshd_match.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/parse.hpp"
#include "worker/host/scanners/sshd_line.hpp"

namespace bulkhead::worker {

namespace {

// A pattern of ssh_config(5), in which * and ? are the wildcards, of any byte.
bool fits(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t seen = 0;
    auto star = pattern.npos;  // index of the last *
    std::size_t taken = 0;     // index behind what it matches
    while (seen < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            taken = seen;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[seen])) {
            ++at;
            ++seen;
        } else {
            if (star == pattern.npos) return false;
            at = star + 1;
            seen = ++taken;
        }
    }
    return pattern.find_first_not_of('*', at) == pattern.npos;
}

bool fits_list(std::string_view list, std::string_view text) {
    bool found = false;
    for (auto pattern : split(list, ',')) {
        const bool negated = pattern.starts_with('!');
        if (negated) pattern.remove_prefix(1);
        if (!fits(pattern, text)) continue;
        if (negated) return false;
        found = true;
    }
    return found;
}

// Whether a list names single users, hosts or addresses, and nothing that stands for several.
bool is_plain(std::string_view list) { return list.find_first_of("*?!/") == list.npos; }

std::string comparable(const SshdTest& test) {
    const bool folded = test.attribute == "host" || test.attribute.ends_with("address");
    return folded ? lower(test.list) : test.list;
}

bool fits_everybody(const SshdTest& test) {
    static constexpr std::array<std::string_view, 4> kAlwaysThere{"user", "host", "address",
                                                                  "localaddress"};
    if (std::ranges::find(kAlwaysThere, test.attribute) == kAlwaysThere.end()) return false;
    const auto patterns = split(test.list, ',');
    return test.list.find('!') == test.list.npos &&
           std::ranges::find(patterns, "*") != patterns.end();
}

// Bytes of an address in network order; empty: it is none.
std::vector<std::uint8_t> address_bytes(const std::string& text) {
    std::array<std::uint8_t, 16> bytes{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), &bytes[4]};
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
    return {bytes.begin(), bytes.end()};
}

// A network whose prefix is too long, or whose address has bits behind it, is refused.
bool is_good_network(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return true;
    const auto length = parse_number<unsigned>(text.substr(slash + 1));
    const auto bytes = address_bytes(std::string(text.substr(0, slash)));
    if (!length || *length > 128 || bytes.empty()) return true;  // sshd takes it as a pattern
    if (*length > bytes.size() * 8) return false;
    for (std::size_t bit = *length; bit < bytes.size() * 8; ++bit) {
        if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
}

Result<> check(const SshdTest& test) {
    static constexpr std::array<std::string_view, 7> kAttributes{
        "user", "group", "host", "address", "localaddress", "localport", "rdomain"};
    if (std::ranges::find(kAttributes, test.attribute) == kAttributes.end()) {
        return fail("Match does not know " + test.attribute);
    }
    if (test.attribute == "localport") {
        const auto port = parse_number<std::uint16_t>(test.list);
        if (!port) return fail(test.list + " is no port");
    }
    if (!test.attribute.ends_with("address")) return {};
    for (auto network : split(test.list, ',')) {
        if (network.starts_with('!')) network.remove_prefix(1);
        if (network.empty() || !is_good_network(network)) {
            return fail("\"" + std::string(network) + "\" is no address or network");
        }
    }
    return {};
}

}  // namespace

Result<SshdCriteria> parse_sshd_criteria(std::string_view text) {
    SshdCriteria criteria;
    SshdWords words(text);
    std::size_t count = 0;
    for (;;) {
        const auto attribute = words.next();
        if (!attribute || attribute->empty()) break;
        if (attribute->starts_with('#')) {
            words.drop_rest();
            break;
        }
        auto value = words.next();
        const bool missing = !value || value->empty() || value->starts_with('#');
        if (lower(*attribute) == "all") {
            if (count > 0 || !missing) return fail("Match all is combined with something else");
            criteria.all = true;
            criteria.text = "all";
            return criteria;
        }
        if (missing) return fail("Match " + *attribute + " lacks its value");
        ++count;
        SshdTest test{lower(*attribute), *value};
        TRY(check(test));
        criteria.text += (criteria.text.empty() ? "" : " ") + *attribute + " " + *value;
        if (!fits_everybody(test)) criteria.tests.push_back(std::move(test));
    }
    if (count == 0) return fail("Match lacks its criteria");
    if (!words.rest().empty()) return fail("a word of Match is empty");
    return criteria;
}

SshdCriteria both(const SshdCriteria& outer, const SshdCriteria& inner) {
    if (inner.all) return outer;
    if (outer.text.empty() || outer.all) return inner;
    auto criteria = outer;
    criteria.text += " and " + inner.text;
    criteria.tests.insert(criteria.tests.end(), inner.tests.begin(), inner.tests.end());
    return criteria;
}

bool follows(std::span<const SshdTest> known, const SshdTest& test) {
    return std::ranges::any_of(known, [&](const SshdTest& one) {
        if (one.attribute != test.attribute) return false;
        const auto list = comparable(one);
        const auto wanted = comparable(test);
        if (list == wanted) return true;
        const auto values = split(list, ',');
        return is_plain(list) && std::ranges::all_of(values, [&](std::string_view value) {
                   return fits_list(wanted, value);
               });
    });
}

bool contradicts(const SshdTest& known, const SshdTest& test) {
    if (known.attribute != test.attribute || known.attribute == "group") return false;
    const auto list = comparable(known);
    const auto wanted = comparable(test);
    if (!is_plain(list)) return is_plain(wanted) && contradicts(test, known);
    if (wanted.find('/') != wanted.npos) return false;  // networks are not compared
    const auto values = split(list, ',');
    return std::ranges::none_of(values,
                                [&](std::string_view value) { return fits_list(wanted, value); });
}

}  // namespace bulkhead::worker
