#include "broker/processes/gate.hpp"

namespace bulkhead::broker {

Result<> Gate::admit(const protocol::Spec& spec, const protocol::Header& header) const {
    const std::string name(spec.name);
    if (spec.phase != phase_) return fail(name + ": wrong phase");
    if (header.length > spec.max_bytes) return fail(name + ": payload too long");
    return {};
}

std::optional<Gate::Time> Gate::must_wait(Time now) {
    const auto used_up = now + kBurst * kRefill;
    if (full_at_ > used_up) return now + (full_at_ - used_up);
    full_at_ = std::max(full_at_, now) + kRefill * sharers_;
    return std::nullopt;
}

}  // namespace bulkhead::broker
