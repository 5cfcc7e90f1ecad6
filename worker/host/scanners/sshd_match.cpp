#include "worker/host/scanners/sshd_match.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/parse.hpp"
#include "common/base/ssh_pattern.hpp"
#include "worker/host/scanners/sshd_line.hpp"
#include "worker/host/scanners/sshd_network.hpp"

namespace bulkhead::worker {

namespace {

bool is_address(const SshdTest& test) { return test.attribute.ends_with("address"); }

// Whether the pattern of an address holds `text`: as a network, else by its wildcards.
bool fits_address(std::string_view pattern, std::string_view text) {
    const auto network = parse_sshd_network(pattern);
    if (!network || !*network) return matches_ssh_pattern(pattern, text);
    const auto address = parse_sshd_network(text);
    return address && *address && holds(**network, **address);
}

// Whether the list of `test` holds one user, group, host or address.
bool fits_list(const SshdTest& test, std::string_view text) {
    bool found = false;
    for (auto pattern : split(test.list, ',')) {
        const bool negated = pattern.starts_with('!');
        if (negated) pattern.remove_prefix(1);
        if (!(is_address(test) ? fits_address(pattern, text) : matches_ssh_pattern(pattern, text)))
            continue;
        if (negated) return false;
        found = true;
    }
    return found;
}

// Whether a list names single users, hosts or addresses, and nothing that stands for several.
bool is_plain(std::string_view list) { return list.find_first_of("*?!/") == list.npos; }

bool fits_everybody(const SshdTest& test) {
    static constexpr std::array<std::string_view, 4> kAlwaysThere{"user", "host", "address",
                                                                  "localaddress"};
    if (std::ranges::find(kAlwaysThere, test.attribute) == kAlwaysThere.end()) return false;
    const auto patterns = split(test.list, ',');
    return test.list.find('!') == test.list.npos &&
           std::ranges::find(patterns, "*") != patterns.end();
}

Result<std::string> canonical_port(const std::string& text) {
    if (text == "ssh") return "22";  // of services(5)
    const auto port = parse_sshd_number(text);
    if (!port || *port < 0 || *port > UINT16_MAX) return fail(text + " is no port");
    return std::to_string(*port);
}

// Each address and network as sshd writes them, so that those that are equal are equal texts.
Result<std::string> canonical_addresses(std::string_view list) {
    std::string canonical;
    for (auto pattern : split(list, ',')) {
        if (!canonical.empty()) canonical += ",";
        if (pattern.starts_with('!')) {
            canonical += "!";
            pattern.remove_prefix(1);
        }
        if (pattern.empty()) return fail("a list of addresses has an empty one");
        const auto network = TRY(parse_sshd_network(pattern));
        canonical += network ? text_of(*network) : std::string(pattern);
    }
    return canonical;
}

// The list of a criterion, in the form in which follows() and contradicts() compare it.
Result<std::string> canonical_list(const std::string& attribute, const std::string& list) {
    if (attribute == "localport") return canonical_port(list);
    if (attribute == "host") return lower(list);
    if (attribute == "address" || attribute == "localaddress") return canonical_addresses(list);
    if (attribute == "user" || attribute == "group" || attribute == "rdomain") return list;
    return fail("Match does not know " + attribute);
}

// False if each pattern of a list is negated, or is one name that the list itself shuts out.
bool can_fit(const SshdTest& test) {
    return std::ranges::any_of(split(test.list, ','), [&](std::string_view pattern) {
        if (pattern.starts_with('!')) return false;
        return !is_plain(pattern) || fits_list(test, pattern);
    });
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
            if (value && value->starts_with('#')) words.drop_rest();
            if (!words.rest().empty()) return fail("something stands behind Match all");
            return criteria;
        }
        if (missing) return fail("Match " + *attribute + " lacks its value");
        ++count;
        SshdTest test{lower(*attribute), TRY(canonical_list(lower(*attribute), *value))};
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
        if (one.list == test.list) return true;
        // A user is in other groups too, and one that is negated counts for more than the others.
        if (test.attribute == "group" && test.list.contains('!')) return false;
        const auto values = split(one.list, ',');
        return is_plain(one.list) && std::ranges::all_of(values, [&](std::string_view value) {
                   return fits_list(test, value);
               });
    });
}

bool contradicts(const SshdTest& known, const SshdTest& test) {
    if (known.attribute != test.attribute || known.attribute == "group") return false;
    if (!is_plain(known.list)) return is_plain(test.list) && contradicts(test, known);
    return std::ranges::none_of(split(known.list, ','),
                                [&](std::string_view value) { return fits_list(test, value); });
}

bool can_pass(const SshdCriteria& criteria) {
    const auto& tests = criteria.tests;
    return std::ranges::all_of(tests, [&](const SshdTest& test) {
        return can_fit(test) && std::ranges::none_of(tests, [&](const SshdTest& other) {
                   return contradicts(test, other);
               });
    });
}

}  // namespace bulkhead::worker
