#include "broker/context/troubles.hpp"

#include <algorithm>
#include <array>

#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

// Of what keeps jobs from starting, or from being recorded.
bool is_serious(std::string_view code) {
    constexpr std::array<std::string_view, 7> kBegins{
        "policy-rejected", "intake-", "ledger-", "clock-", "audit-", "evidence-", "upgrade-"};
    return std::ranges::any_of(kBegins, [&](auto begin) { return code.starts_with(begin); });
}

}  // namespace

void Troubles::set(std::string_view code, std::string_view why) {
    const auto known = std::ranges::find(standing_, code, &Standing::code);
    if (known != standing_.end() && known->why == why) return;
    log_.warning("trouble", {{"code", code}, {"why", why}});
    if (known != standing_.end()) {
        known->why = why;
        return changed_();
    }
    const auto now = sys::now().time_since_epoch();
    const auto since =
        std::max(std::chrono::seconds(0), std::chrono::floor<std::chrono::seconds>(now));
    standing_.push_back(
        {std::string(code), static_cast<std::uint64_t>(since.count()), std::string(why)});
    changed_();
}

void Troubles::clear(std::string_view code) {
    if (std::erase_if(standing_, [&](const auto& one) { return one.code == code; }) > 0) {
        log_.info("trouble-over", {{"code", code}});
        changed_();
    }
}

bool Troubles::stands(std::string_view code) const {
    return std::ranges::find(standing_, code, &Standing::code) != standing_.end();
}

std::optional<protocol::Trouble> Troubles::find(std::string_view code) const {
    const auto known = std::ranges::find(standing_, code, &Standing::code);
    if (known == standing_.end()) return {};
    return told(*known);
}

protocol::Trouble Troubles::told(const Standing& one) {
    return {.code = protocol::Code::clipped(one.code),
            .since = one.since,
            .why = protocol::Detail::clipped(one.why)};
}

protocol::Bounded<protocol::Trouble, protocol::kMaxTroubles> Troubles::told() const {
    protocol::Bounded<protocol::Trouble, protocol::kMaxTroubles> first;
    for (const bool serious : {true, false}) {
        for (const auto& one : standing_) {
            if (first.items.size() == protocol::kMaxTroubles) break;
            if (is_serious(one.code) == serious) first.items.push_back(told(one));
        }
    }
    return first;
}

}  // namespace bulkhead::broker
