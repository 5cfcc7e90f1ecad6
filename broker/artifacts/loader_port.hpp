// What artifacts need of whoever starts loaders.
#pragma once
#include <functional>
#include <string>
#include <variant>

#include "common/protocol/artifacts.hpp"

namespace bulkhead::broker {

using LoaderAnswer =
    std::variant<protocol::ArtifactLoaded, protocol::LoadFailed, protocol::KernelProbed>;

struct LoaderOrder {
    // Without its descriptors of filter and ruleset: whoever starts the loader adds those.
    std::variant<protocol::LoadArtifact, protocol::ProbeKernel> frame;
    // At most once, while the loader waits; false: the broker does not take what it made.
    std::function<bool(LoaderAnswer)> answered;
    // Last, once there is no process any more; why it was killed or failed, or "".
    std::function<void(std::string fault)> ended;
};

struct LoaderPort {
    // Why none can be started, in words; empty: one can.
    std::function<std::string()> unusable;
    // One at a time: another one may be started after ended(). After an error nothing is called.
    std::function<Result<>(LoaderOrder)> start;
};

}  // namespace bulkhead::broker
