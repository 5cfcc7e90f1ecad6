#include "worker/broker/host_files.hpp"

#include <cerrno>

namespace bulkhead::worker {

namespace {

// Octets. Bounds memory if a row of policy names a huge file.
constexpr std::uint64_t kMaxFile = 4 << 20;

HostFile read(const protocol::HostFile& found) {
    HostFile file{.path = found.path.str(), .reason = found.reason.str(), .content = {}};
    if (!found.file) return file;
    auto content = sys::read_from_start(found.file->fd, kMaxFile);
    if (content) {
        file.content = *std::move(content);
    } else {
        const bool too_large = content.error().kind == Error::Kind::too_large;
        file.reason = too_large ? "read-too-large" : "read-failed";
    }
    return file;
}

}  // namespace

Result<HostRows> BrokerHostFiles::each(std::string_view name, std::string_view only,
                                       const Visit& visit) {
    protocol::OpenHostFile request{.name = protocol::Name::clipped(name)};
    auto narrowed = protocol::HostPath::create(only);
    if (!narrowed) return HostRows{"read-not-listed"};
    request.only = *std::move(narrowed);
    for (;;) {
        const auto reply = TRY(broker_.call(request));
        if (reply.decision != protocol::Decision::admitted) return HostRows{reply.reason.str()};
        for (const auto& found : reply.files.items) visit(read(found));
        if (!reply.more || reply.files.items.empty()) return HostRows{"ok"};
        request.after = reply.files.items.back().path;
    }
}

}  // namespace bulkhead::worker
