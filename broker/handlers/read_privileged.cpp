#include <algorithm>
#include <array>

#include "broker/handlers/handlers.hpp"
#include "broker/reads/socket_owners.hpp"

namespace bulkhead::broker {

namespace {

struct BuiltinReader {
    std::string_view name;
    std::uint64_t capabilities;  // raised while it reads
    Result<Reading> (*read)(std::uint64_t max_bytes);
};

constexpr std::array<BuiltinReader, policy::kBuiltins.size()> kReaders{{
    {policy::kSocketOwners,
     sandbox::capability(CAP_DAC_OVERRIDE) | sandbox::capability(CAP_SYS_PTRACE),
     [](std::uint64_t max_bytes) { return read_socket_owners(max_bytes); }},
    {policy::kFileSystems, sandbox::capability(CAP_DAC_OVERRIDE), read_file_systems},
}};
static_assert(std::ranges::equal(kReaders, policy::kBuiltins, {}, &BuiltinReader::name));

}  // namespace

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
    const auto* row = policy::find(broker.as_granted().builtins, name);
    const auto reader = std::ranges::find(kReaders, name, &BuiltinReader::name);
    if (row == nullptr || reader == kReaders.end()) {
        return answer("read-unknown", "reads.policy has no builtin row named " + name);
    }
    const auto value = [&] {
        const sandbox::Raised raised(reader->capabilities);
        return reader->read(row->max_bytes);
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
