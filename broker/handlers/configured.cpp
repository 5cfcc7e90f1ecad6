#include "broker/handlers/configured.hpp"

#include <algorithm>

#include "common/base/backend_name.hpp"

namespace bulkhead::broker {

namespace {

using Refusal = ListRefusal;

std::optional<Refusal> judge(const protocol::BackendEntry& entry) {
    const auto& name = entry.name.str();
    if (!is_backend_name(name)) return Refusal{"backend-name", quoted(name)};
    for (const auto& file : entry.files.items) {
        const auto same =
            std::ranges::count(entry.files.items, file.key, &protocol::BackendFile::key);
        if (file.key.empty() || same > 1) {
            return Refusal{"backend-file", name + ": " + quoted(file.key.str())};
        }
    }
    const auto sealed = sys::require_sealed(entry.settings.fd, protocol::kMaxSettings);
    if (!sealed) return Refusal{"settings-not-sealed", name + ": " + sealed.error().what};
    return std::nullopt;
}

}  // namespace

std::optional<ListRefusal> judge_backends(const std::vector<protocol::BackendEntry>& entries) {
    if (entries.empty()) return Refusal{"no-backend", "agent.yaml names no backend"};
    for (const auto& entry : entries) {
        if (auto refusal = judge(entry)) return refusal;
        if (std::ranges::count(entries, entry.name, &protocol::BackendEntry::name) > 1) {
            return Refusal{"backend-name-twice", entry.name.str()};
        }
    }
    return std::nullopt;
}

// Safe because: it is asked once, before any backend was heard, by a process that has no network
// and has read nothing but a file of root's. What it names is names: a file is opened only by a row
// of policy, and settings go to their worker unread.
Result<protocol::ConfiguredReply> handle(protocol::Configured request, Reader& reader,
                                         Context& broker) {
    TRY(within("config reader is not confined", reader.process.require_confined()));
    if (const auto refusal = judge_backends(request.backends.items)) {
        reader.refused = refusal->reason + ": " + refusal->detail;
        note(broker, "config-refused", {{"reason", refusal->reason}, {"detail", refusal->detail}});
        return protocol::ConfiguredReply{.reason = protocol::Code::clipped(refusal->reason),
                                         .detail = protocol::Detail::clipped(refusal->detail)};
    }
    reader.backends = std::move(request.backends.items);
    std::string names;
    for (const auto& backend : reader.backends) {
        names += (names.empty() ? "" : " ") + backend.name.str();
    }
    note(broker, "configured", {{"backends", names}});
    return protocol::ConfiguredReply{
        .status = protocol::Status::done, .reason = protocol::Code::clipped("ok"), .detail = {}};
}

}  // namespace bulkhead::broker
