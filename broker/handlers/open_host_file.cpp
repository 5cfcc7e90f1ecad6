#include "broker/handlers/handlers.hpp"
#include "broker/reads/host_files.hpp"

namespace bulkhead::broker {

namespace {

using protocol::Code, protocol::Detail, protocol::HostFilesReply;

HostFilesReply refused(std::string_view reason, std::string_view detail) {
    return {.reason = Code::clipped(reason), .detail = Detail::clipped(detail)};
}

}  // namespace

// Safe because: policy names the files and the worker never does, it can only narrow the rows; a
// file is found where root alone can have put it, and a regular file opened for reading gives the
// worker nothing that it could change. Its bytes are not read here.
Result<HostFilesReply> handle(const protocol::OpenHostFile& request, const Caller&,
                              Context& broker) {
    const auto& name = request.name.str();
    const auto& only = request.only.str();
    const auto* rows = policy::find(broker.as_granted().reads, name);
    if (rows == nullptr) {
        note_read(broker, name, only, "read-unknown");
        return refused("read-unknown", "reads.policy has no file or glob row named " + name);
    }
    if (!are_listed(*rows, only)) {
        note_read(broker, name, only, "read-not-listed");
        return refused("read-not-listed", "no row named " + name + " in reads.policy holds it");
    }
    HostFilesReply reply{.decision = protocol::Decision::admitted, .reason = Code::clipped("ok")};
    open_host_files(*rows, request, reply);
    for (const auto& file : reply.files.items) {
        // Where nothing is, nothing was handed out or held back.
        if (file.reason.str() != "read-absent" &&
            !note_read(broker, name, file.path.str(), file.reason.str())) {
            return refused("audit-write-failed", "what cannot be recorded is not handed out");
        }
    }
    return reply;
}

}  // namespace bulkhead::broker
