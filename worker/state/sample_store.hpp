// SampleStore: the last CPU reading of a run that ended, one private file for each backend. A timer
// that starts the agent every few minutes reports the time between two of its runs this way, and
// not the few milliseconds that one of them takes.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/host/metrics/cpu.hpp"

namespace bulkhead::worker {

class SampleStore {
  public:
    // In the directory "samples" beneath the worker's state, made here (0700) when absent.
    static Result<SampleStore> open(const sys::Dir& state);

    // Nothing if there is no file yet, if it is damaged, or if it is of another boot than `boot_id`
    // (random(4)), when the counters have begun anew.
    std::optional<CpuSample> load(std::string_view backend, std::string_view boot_id) const;
    // Mode 0600; replaced atomically (rename(2)) and on disk when this returns. Nothing is saved
    // with an empty boot id.
    Result<> save(std::string_view backend, std::string_view boot_id,
                  const CpuSample& sample) const;

    // What open() has removed because the store cannot have written it, a sentence each.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    explicit SampleStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

// "bulkhead-cpu v1 BOOT-ID MILLISECONDS TICKS...", one line.
std::string format_sample(std::string_view boot_id, const CpuSample& sample);
// Error: another form, or another boot id.
Result<CpuSample> parse_sample(std::string_view text, std::string_view boot_id);

}  // namespace bulkhead::worker
