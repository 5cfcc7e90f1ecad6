// What a loader does: one order, one answer.
#pragma once
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"
#include "loader/bpf/attach.hpp"
#include "loader/bpf/object.hpp"

namespace bulkhead::loader {

// A loaded artifact. Its end unloads it, as far as nobody else holds a descriptor of it.
class Loaded {
  public:
    // `step` is the one that failed: "open", "rodata", "load" or "attach".
    static Result<Loaded> load(const protocol::LoadArtifact& order, std::string_view& step);

    // With copies of the descriptors.
    Result<protocol::ArtifactLoaded> described() const;
    // The broker has taken it over.
    void let_stay();

  private:
    Object object_;
    std::vector<std::string> programs_;  // in the order of the plan, as attached_
    std::vector<Attached> attached_;
};

// Removes each filter; tries all of them, and an error is the first.
Result<> remove_filters(const std::vector<protocol::NamedFilter>& filters);

}  // namespace bulkhead::loader
