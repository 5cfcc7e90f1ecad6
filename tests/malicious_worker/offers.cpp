#include "tests/malicious_worker/offers.hpp"

#include "common/protocol/requests.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::test {

namespace {

std::optional<protocol::Handle> file_in(const sys::Dir& dir, const std::string& name) {
    const auto content = dir.read_file(name, 16_MiB);
    if (!content) return std::nullopt;
    return protocol::Handle{sys::Fd(memory(*content, kAllSeals))};
}

}  // namespace

void offer_artifacts(Attacker& attacker) {
    const auto state = sys::Dir::from(attacker.setup().state.fd.duplicate().value());
    attacker.greet();
    const auto files = state.list().value();
    for (const auto& file : files) {
        if (!file.ends_with(".elf")) continue;
        const auto name = file.substr(0, file.size() - 4);
        protocol::OfferArtifact offer;
        offer.delivery_id.value = BoundaryText<128>::clipped("delivery of " + name);
        offer.elf = *file_in(state, file);
        offer.manifest = file_in(state, name + ".manifest");
        offer.signatures = file_in(state, name + ".signatures");
        attacker.report("offer-" + name, attacker.ask(offer));
    }
    attacker.report("offered", "all");
}

}  // namespace bulkhead::test
