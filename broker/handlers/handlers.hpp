// One handle() for each request; a missing one does not link. Each stands in a file of its own
// name. An error ends the connection: only what an honest worker never causes may be one.
#pragma once
#include "broker/context/context.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::broker {

Result<protocol::HelloReply> handle(const protocol::Hello& request, const Caller& caller,
                                    Context& broker);
Result<protocol::StartReply> handle(const protocol::StartJob& request, const Caller& caller,
                                    Context& broker);
Result<protocol::StartReply> handle(const protocol::StartCatalogueJob& request,
                                    const Caller& caller, Context& broker);
Result<protocol::StatusReply> handle(const protocol::CancelJob& request, const Caller& caller,
                                     Context& broker);
Result<protocol::StatusReply> handle(const protocol::AckJob& request, const Caller& caller,
                                     Context& broker);
Result<protocol::HostStateReply> handle(const protocol::HostState& request, const Caller& caller,
                                        Context& broker);
Result<protocol::StatusReply> handle(const protocol::JobsHeld& request, const Caller& caller,
                                     Context& broker);
Result<protocol::HostFilesReply> handle(const protocol::OpenHostFile& request, const Caller& caller,
                                        Context& broker);
Result<protocol::ReadingReply> handle(const protocol::ReadPrivileged& request, const Caller& caller,
                                      Context& broker);
Result<protocol::CredentialReply> handle(const protocol::OpenCredential& request,
                                         const Caller& caller, Context& broker);
Result<protocol::OfferReply> handle(const protocol::OfferArtifact& request, const Caller& caller,
                                    Context& broker);
Result<protocol::ArtifactsReply> handle(const protocol::ListArtifacts& request,
                                        const Caller& caller, Context& broker);
Result<protocol::FeaturesReply> handle(const protocol::KernelFeatures& request,
                                       const Caller& caller, Context& broker);

// Starts a job again that has waited for the host to restart, or ends it with the reason why not.
void resume(const KeptJob& kept, const records::Unreported& left, Context& broker);

}  // namespace bulkhead::broker
