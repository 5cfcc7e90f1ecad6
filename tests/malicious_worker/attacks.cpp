#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

Bytes framed(std::uint16_t id, const Payload& payload, Lies lies) {
    ByteWriter frame;
    frame.integer(id);
    frame.integer(lies.reserved);
    frame.integer(lies.serial);
    const auto length = static_cast<std::int64_t>(payload.bytes().size()) + lies.length;
    frame.integer(static_cast<std::uint32_t>(length));
    frame.put(payload.bytes());
    return std::move(frame).bytes();
}

Payload start_payload(bool manifest, bool signatures, std::string_view delivery) {
    Payload payload;
    payload.text(delivery).number(std::uint8_t{0}).number(std::uint16_t{0});
    payload.number(static_cast<std::uint8_t>(manifest));
    payload.number(static_cast<std::uint8_t>(signatures));
    return payload;
}

std::function<std::string(Attacker&)> sends(Bytes bytes, const std::vector<std::string>& kinds) {
    return [bytes = std::move(bytes), kinds](Attacker& attacker) {
        std::vector<int> descriptors;
        for (const auto& kind : kinds) descriptors.push_back(attacker.descriptor(kind));
        attacker.send(bytes, descriptors);
        return attacker.answer();
    };
}

std::vector<Attack> all_attacks() {
    std::vector<Attack> all;
    for (auto* part :
         {attacks_on_headers, attacks_on_fields, attacks_by_descriptors, attacks_by_memory,
          attacks_on_jobs, attacks_by_pressure, attacks_on_readings}) {
        auto rows = part();
        all.insert(all.end(), std::make_move_iterator(rows.begin()),
                   std::make_move_iterator(rows.end()));
    }
    return all;
}

}  // namespace bulkhead::test
