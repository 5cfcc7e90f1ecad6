#include "worker/state/sample_store.hpp"

#include "common/base/parse.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMaxBytes = 512;

std::string file_name(std::string_view backend) { return std::string(backend) + ".cpu"; }

}  // namespace

std::string format_sample(std::string_view boot_id, const CpuSample& sample) {
    std::string text = "bulkhead-cpu v1 " + std::string(boot_id);
    text += " " + std::to_string(sample.at.count());
    for (const auto ticks : sample.times.ticks) text += " " + std::to_string(ticks);
    return text + "\n";
}

Result<CpuSample> parse_sample(std::string_view text, std::string_view boot_id) {
    CpuSample sample;
    auto& ticks = sample.times.ticks;
    if (!text.ends_with('\n')) return fail("a sample without its end");
    const auto parts = words(text.substr(0, text.size() - 1));
    if (parts.size() != 4 + ticks.size() || parts[0] != "bulkhead-cpu" || parts[1] != "v1") {
        return fail("not a sample");
    }
    if (parts[2] != boot_id) return fail("of another boot");
    sample.at = std::chrono::milliseconds(TRY(parse_number<std::int64_t>(parts[3])));
    for (std::size_t i = 0; i < ticks.size(); ++i) {
        ticks[i] = TRY(parse_number<std::uint64_t>(parts[4 + i]));
    }
    return sample;
}

Result<SampleStore> SampleStore::open(const sys::Dir& state) {
    constexpr std::size_t kMostFiles = 64;
    Removed removed;
    SampleStore store(TRY(own_dir(state, "samples", removed)));
    const auto ours = [](std::string_view name) { return name.ends_with(".cpu"); };
    TRY(keep_files(store.dir_, ours, kMaxBytes, kMostFiles, removed));
    store.removed_ = removed.sentences();
    return store;
}

std::optional<CpuSample> SampleStore::load(std::string_view backend,
                                           std::string_view boot_id) const {
    const auto text = dir_.read_file(file_name(backend), kMaxBytes);
    if (!text || boot_id.empty()) return {};
    const auto sample = parse_sample(*text, boot_id);
    return sample ? std::optional(*sample) : std::nullopt;
}

Result<> SampleStore::save(std::string_view backend, std::string_view boot_id,
                           const CpuSample& sample) const {
    if (boot_id.empty()) return {};
    return dir_.write_atomic(file_name(backend), format_sample(boot_id, sample), 0600);
}

}  // namespace bulkhead::worker
