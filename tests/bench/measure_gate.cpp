// What the decision alone costs: a signed script of 1 KiB, one signature.
#include <chrono>

#include "common/admission/admit.hpp"
#include "common/crypto/ed25519.hpp"
#include "tests/bench/measure.hpp"
#include "tests/common/admission/situation.hpp"

namespace bulkhead::bench {

namespace {

constexpr int kRounds = 1000;

template <class Act>
double median_microseconds(Act act) {
    std::vector<double> times;
    for (int i = 0; i < kRounds; ++i) {
        const auto began = std::chrono::steady_clock::now();
        act();
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began)
                .count());
    }
    return median(std::move(times));
}

}  // namespace

void measure_gate(Table& table) {
    test::Situation host;
    host.script = std::string(1023, '#') + "\n";
    host.job.author = "alice";
    auto& rule = host.policy.approvals["maintain"];
    rule.needs = {{1, "ops"}};
    rule.author_counts = true;  // one signature is enough
    host.sign({"alice"});
    const auto manifest = host.manifest();
    const admission::JobBytes job{
        .script = host.script, .manifest = manifest, .signatures = host.signatures};
    bool admitted = true;
    const auto whole = median_microseconds([&] {
        const auto verdict = admission::admit(
            job, host.policy, host.facts,
            {.runs = host.runs, .clock_floor = host.clock_floor, .birth = host.birth}, host.now);
        admitted = admitted && verdict.admitted;
    });
    if (!admitted) give_up("the gate refuses the bench's job");

    const test::SigningKey key("alice");
    const auto blob = key.sign(host.script);
    const auto signature = ByteView(blob).last(64);
    const auto least = median_microseconds([&] {
        static_cast<void>(
            crypto::verify_ed25519(key.public_key().point, as_bytes(host.script), signature));
    });
    table.add("gate, 1 KiB script, one signature", {whole, "us"}, Figure{least, "us"}, "<= 300 us");
}

}  // namespace bulkhead::bench
