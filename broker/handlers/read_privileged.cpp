#include "broker/handlers/handlers.hpp"
#include "broker/reads/socket_owners.hpp"

namespace bulkhead::broker {

// Safe because: the readings tell who owns which socket, in numbers and names of programs, and how
// full the local file systems are; they are bounded in size and time, the gate bounds their pace,
// and they change nothing.
Result<protocol::ReadingReply> handle(const protocol::ReadPrivileged& request, const Caller&,
                                      Context& broker) {
    const auto& name = request.name.str();
    const auto answer = [&](std::string_view reason, std::string_view detail) {
        const bool noted = note_read(broker, name, "", reason);
        protocol::ReadingReply reply{
            .reason = protocol::Code::clipped(noted ? reason : "audit-write-failed"),
            .detail = protocol::Detail::clipped(detail)};
        if (noted && reason == "ok") reply.decision = protocol::Decision::admitted;
        return reply;
    };
    const auto* row = policy::find(broker.policy->policy.builtins, name);
    if (row == nullptr) {
        return answer("read-unknown", "reads.policy has no builtin row named " + name);
    }
    const bool disks = name == policy::kFileSystems;
    const auto value = [&] {
        const auto trace = disks ? 0 : sandbox::capability(CAP_SYS_PTRACE);
        const sandbox::Raised raised(sandbox::capability(CAP_DAC_OVERRIDE) | trace);
        return disks ? host::read_file_systems(row->max_bytes) : read_socket_owners(row->max_bytes);
    }();
    if (!value) return answer("read-failed", value.error().what);
    auto memfd = sys::sealed_memfd(name, as_bytes(value->bytes));
    if (!memfd) return answer("read-failed", memfd.error().what);
    auto reply = answer("ok", value->complete ? "" : "not everything could be looked at");
    if (reply.decision != protocol::Decision::admitted) return reply;
    reply.complete = value->complete;
    reply.value = protocol::Handle{*std::move(memfd)};
    return reply;
}

}  // namespace bulkhead::broker
