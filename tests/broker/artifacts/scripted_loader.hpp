// ScriptedTest: artifacts whose loader is the test. Each order waits until the test answers it,
// with real programs where something is said to be loaded. No load waits for the one before.
#pragma once
#include "tests/broker/artifacts/artifacts_site.hpp"

namespace bulkhead::test {

struct ScriptedTest : ArtifactsTest {
    std::optional<LoaderOrder> order;  // that waits for an answer
    std::vector<std::string> loads;    // the objects of all orders to load
    std::function<void()> when_ordered = [] {};

    ScriptedTest() { between_loads = std::chrono::seconds(0); }

    LoaderPort port() override {
        return {
            .unusable = [] { return ""; },
            .start = [this](LoaderOrder next) -> Result<> {
                when_ordered();
                if (const auto* load = std::get_if<protocol::LoadArtifact>(&next.frame)) {
                    loads.push_back(sys::read_from_start(load->elf.fd, approval::kMaxElf).value());
                }
                order.emplace(std::move(next));
                return {};
            }};
    }
    // Whether this kernel has links for TC is what the test says.
    void begin_on_kernel(bool tcx) {
        begin();
        until([&] { return is_probe(); });
        protocol::KernelProbed probed;
        auto& feature = probed.features.items.emplace_back();
        feature.name = protocol::Code::clipped("tcx");
        feature.works = tcx;
        EXPECT_TRUE(answer(std::move(probed)));
    }

    bool is_probe() const {
        const auto* frame = order ? std::get_if<protocol::ProbeKernel>(&order->frame) : nullptr;
        return frame != nullptr && frame->remove.items.empty();
    }
    std::vector<protocol::NamedFilter> to_remove() const {
        const auto* frame = order ? std::get_if<protocol::ProbeKernel>(&order->frame) : nullptr;
        return frame == nullptr ? std::vector<protocol::NamedFilter>() : frame->remove.items;
    }
    bool until_ordered() {
        until([&] { return order.has_value(); });
        return order.has_value();
    }
    bool until_load(const std::string& elf) {
        return until_ordered() && std::holds_alternative<protocol::LoadArtifact>(order->frame) &&
               loads.back() == elf;
    }

    // Whether the broker took it.
    bool answer(LoaderAnswer said) {
        auto waiting = *std::move(order);
        order.reset();
        const bool taken = waiting.answered(std::move(said));
        waiting.ended("");
        return taken;
    }
    void fail_load(std::string_view step, int error, std::string_view what) {
        answer(protocol::LoadFailed{.step = protocol::Code::clipped(step),
                                    .error = static_cast<std::uint32_t>(error),
                                    .what = protocol::Detail::clipped(what)});
    }
    void is_busy() { fail_load("attach", EBUSY, "taken"); }

    static protocol::ArtifactLoaded one_program(bpf_prog_type type) {
        protocol::ArtifactLoaded loaded;
        auto& one = loaded.programs.items.emplace_back();
        one.program.fd = load_program(type, "count", 2).value();
        return loaded;
    }
    // Attached to loopback, where the kernel has room for one.
    void load_xdp() {
        auto loaded = one_program(BPF_PROG_TYPE_XDP);
        auto& one = loaded.programs.items[0];
        auto link = link_program(one.program.fd, BPF_XDP, kLoopback);
        ASSERT_OK(link);
        one.link.emplace(*std::move(link));
        EXPECT_TRUE(answer(std::move(loaded)));
    }

    // The object that is this text: XDP on loopback.
    approval::ArtifactManifest approve(const std::string& elf,
                                       std::chrono::minutes valid_for = std::chrono::hours(24)) {
        auto manifest = manifest_of(elf, "counter", "count");
        manifest.not_after = sys::now() + valid_for;
        pin(elf, manifest);
        return approval::parse_artifact_manifest(approval::write_artifact_manifest(manifest))
            .value();
    }
    static bool has_xdp() { return attached_now().find("prog/xdp") != std::string::npos; }
    // The last state of the manifest that a backend was told; nothing if it was told none.
    std::optional<ArtifactState> last_told(std::string_view backend,
                                           const crypto::Digest& manifest) const {
        std::optional<ArtifactState> last;
        for (const auto& one : heard) {
            if (one.backend == backend && one.status.manifest == manifest) last = one.status.state;
        }
        return last;
    }
};

}  // namespace bulkhead::test
