#include "broker/handlers/handlers.hpp"
#include "broker/reads/socket_owners.hpp"

namespace bulkhead::broker {

namespace {

using protocol::Code;
using protocol::Detail;
using protocol::ReadingReply;

// Root is busy for as long as a reading takes; a worker that asks all the time must not keep it so.
constexpr std::chrono::seconds kPause{5};

}  // namespace

// Safe because: the only reading there is tells who owns which socket, in numbers and names of
// programs; it is bounded in size, time and pace, and changes nothing.
Result<ReadingReply> handle(const protocol::ReadPrivileged& request, Context& broker) {
    const auto& name = request.name.str();
    const auto now = sys::Clock::now();
    const auto answer = [&](std::string_view reason, std::string_view detail) {
        // Pace has a line of its own: what is too soon now and then is no change of outcome.
        const auto* about = reason == "read-too-soon" ? "pace" : "";
        const auto noted = broker.reads.note(broker.audit, name, about, reason, now);
        if (!noted) broker.log.error("audit log: read", {{"why", noted.error().what}});
        ReadingReply reply{.reason = Code::clipped(reason), .detail = Detail::clipped(detail)};
        if (noted && reason == "ok") reply.decision = protocol::Decision::admitted;
        if (!noted) reply.reason = Code::clipped("audit-write-failed");
        return reply;
    };
    const auto* row = policy::find(broker.policy->policy.builtins, name);
    if (row == nullptr) {
        return answer("read-unknown", "reads.policy has no builtin row named " + name);
    }
    if (broker.last_reading && now - *broker.last_reading < kPause) {
        return answer("read-too-soon", "at most once in five seconds");
    }
    broker.last_reading = now;
    const auto owners = read_socket_owners(row->max_bytes);
    if (!owners) return answer("read-failed", owners.error().what);
    auto value = sys::sealed_memfd(name, owners->bytes);
    if (!value) return answer("read-failed", value.error().what);
    auto reply = answer("ok", owners->complete ? "" : "not every process could be looked at");
    if (reply.decision != protocol::Decision::admitted) return reply;
    reply.complete = owners->complete;
    reply.value = protocol::Handle{*std::move(value)};
    return reply;
}

}  // namespace bulkhead::broker
