// Attaching loaded programs where a plan says.
#pragma once
#include <optional>

#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::loader {

// One attached program. Its end detaches it: by closing the link, or by removing the filter.
class Attached {
  public:
    explicit Attached(sys::Fd link) : link_(std::move(link)) {}
    explicit Attached(protocol::NamedFilter filter) : filter_(filter) {}
    Attached(Attached&& other) noexcept
        : link_(std::move(other.link_)), filter_(std::exchange(other.filter_, std::nullopt)) {}
    Attached& operator=(Attached&&) = delete;
    ~Attached();

    const sys::Fd& link() const { return link_; }
    const std::optional<protocol::NamedFilter>& filter() const { return filter_; }
    // From now on somebody else answers for the filter. A link is held by whoever has it open.
    void let_filter_stay() { filter_.reset(); }

  private:
    sys::Fd link_;
    std::optional<protocol::NamedFilter> filter_;
};

// `handle` is of the filter, where the kernel has no tcx link (before Linux 6.6). Errors carry
// errno and name what the kernel lacks as far as that can be told.
Result<Attached> attach(const protocol::ProgramPlan& plan, int program, std::uint32_t handle);

// True if TC programs are attached by a tcx link (Linux 6.6).
bool has_tcx(std::uint32_t interface);

}  // namespace bulkhead::loader
