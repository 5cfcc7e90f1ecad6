// What a loader says, once: that all is attached, that something failed, or what this kernel can.
#pragma once
#include "broker/artifacts/loader_port.hpp"
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// The loader that answers; what Caller is to the requests of a worker.
struct LoaderCaller {
    const ConfinedProcess& process;
    const LoaderOrder& order;
};

Result<protocol::LoaderReply> handle(protocol::ArtifactLoaded request, LoaderCaller& loader,
                                     Context& broker);
Result<protocol::LoaderReply> handle(protocol::LoadFailed request, LoaderCaller& loader,
                                     Context& broker);
Result<protocol::LoaderReply> handle(protocol::KernelProbed request, LoaderCaller& loader,
                                     Context& broker);

}  // namespace bulkhead::broker
