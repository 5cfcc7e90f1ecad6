#include "broker/handlers/handlers.hpp"
#include "broker/reads/credentials.hpp"

namespace bulkhead::broker {

// Safe because: the config reader has named the path and the worker never does, it can only ask for
// those of its own backend again; and what policy has no row for is not opened, whoever named it.
// What is opened is not read here.
Result<protocol::CredentialReply> handle(const protocol::OpenCredential& request,
                                         const Caller& caller, Context& broker) {
    const auto file = std::ranges::find(caller.files, request.key, &protocol::BackendFile::key);
    if (file == caller.files.end()) {
        return protocol::CredentialReply{
            .reason = protocol::Code::clipped("credential-unknown"),
            .detail = protocol::Detail::clipped("the settings of this backend name no such file"),
            .file = {}};
    }
    auto opened = open_credential(
        {.backend = caller.backend.str(), .key = file->key.str(), .path = file->path.str()},
        broker.as_granted().credentials, broker.audit, broker.reads, sys::Clock::now());
    protocol::CredentialReply reply{.reason = protocol::Code::clipped(opened.reason),
                                    .detail = protocol::Detail::clipped(opened.detail),
                                    .file = {}};
    if (opened.file) reply.file = protocol::Handle{std::move(opened.file)};
    return reply;
}

}  // namespace bulkhead::broker
