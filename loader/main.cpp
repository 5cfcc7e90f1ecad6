// bulkhead-loader: loads one artifact, or probes this kernel, or removes filters, as the broker's
// one frame says, and ends. It confines itself before it looks at the artifact.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "common/link/channel.hpp"
#include "common/protocol/codec.hpp"
#include "loader/bpf/probe.hpp"
#include "loader/confine.hpp"
#include "loader/inspect.hpp"
#include "loader/load.hpp"

namespace {

using namespace bulkhead;

constexpr int kChannelFd = 3;  // the socketpair, as the broker arranged it before execve(2)
constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

// Waits for the reply. An error means that the broker is gone or did not take what was sent.
template <class Request>
Result<> tell(const link::Channel& channel, const Request& request) {
    const auto frame = TRY(protocol::encode(Request::spec.id, 1, request));
    TRY(channel.send(frame.bytes, frame.descriptors));
    auto packet = TRY(channel.receive());
    if (!packet) return fail("the broker is gone");
    const auto header = TRY(protocol::decode_header(packet->bytes));
    if (header.id != Request::spec.id) return fail("the broker answered something else");
    const auto reply =
        TRY(protocol::decode<protocol::LoaderReply>(packet->bytes, packet->descriptors));
    if (reply.status != protocol::Status::done) return fail("the broker did not take it");
    return {};
}

int refuse(const link::Channel& channel, std::string_view step, const Error& error) {
    protocol::LoadFailed failed;
    failed.step = protocol::Code::clipped(step);
    failed.error = static_cast<std::uint32_t>(error.code);
    failed.what = protocol::Detail::clipped(error.what);
    static_cast<void>(tell(channel, failed));
    return kFailed;
}

int load(const link::Channel& channel, const protocol::LoadArtifact& order) {
    const auto confined = loader::confine(order);
    if (!confined) return refuse(channel, "confine", confined.error());
    std::string_view step;
    auto loaded = loader::Loaded::load(order, step);
    if (!loaded) return refuse(channel, step, loaded.error());
    auto described = loaded->described();
    if (!described) return refuse(channel, step, described.error());
    if (!tell(channel, *described)) return kFailed;
    loaded->let_stay();
    return 0;
}

int probe(const link::Channel& channel, const protocol::ProbeKernel& order) {
    const auto confined = loader::confine(order);
    if (!confined) return refuse(channel, "confine", confined.error());
    protocol::KernelProbed probed;
    if (order.remove.items.empty()) {
        probed.features.items = loader::probe();
    } else if (const auto removed = loader::remove_filters(order.remove.items); !removed) {
        return refuse(channel, "remove", removed.error());
    }
    return tell(channel, probed) ? 0 : kFailed;
}

int by_hand() {
    std::fputs(
        "bulkhead-loader: the broker starts it. By hand: bulkhead-loader --inspect <OBJECT\n",
        stderr);
    return kBadUsage;
}

// Prints what is in the object file on standard input, and loads nothing.
int inspect() {
    const auto text = loader::inspect(sys::Fd(::dup(STDIN_FILENO)));
    if (!text) std::fprintf(stderr, "bulkhead-loader: %s\n", text.error().what.c_str());
    return text && sys::write_all(sys::Fd(STDOUT_FILENO), as_bytes(*text)) ? 0 : kFailed;
}

int serve(const link::Channel& channel) {
    auto packet = channel.receive();
    if (!packet || !*packet) return by_hand();
    auto& bytes = (*packet)->bytes;
    auto& descriptors = (*packet)->descriptors;
    const auto header = protocol::decode_header(bytes);
    if (header && header->id == protocol::LoadArtifact::spec.id) {
        const auto order = protocol::decode<protocol::LoadArtifact>(bytes, descriptors);
        return order ? load(channel, *order) : by_hand();
    }
    if (header && header->id == protocol::ProbeKernel::spec.id) {
        const auto order = protocol::decode<protocol::ProbeKernel>(bytes, descriptors);
        return order ? probe(channel, *order) : by_hand();
    }
    return by_hand();
}

}  // namespace

int main(int count, char** values) {
    if (count == 2 && std::string_view(values[1]) == "--inspect") return inspect();
    if (count != 1) return by_hand();
    return serve(link::Channel(sys::Fd(kChannelFd)));
}
