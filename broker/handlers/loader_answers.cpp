#include "broker/handlers/loader_answers.hpp"

namespace bulkhead::broker {

namespace {

// A loader that did not confine itself has not kept to its order.
Result<protocol::LoaderReply> take(LoaderAnswer answer, LoaderCaller& loader) {
    TRY(within("the loader is not confined", loader.process.require_confined()));
    const bool taken = loader.order.answered(std::move(answer));
    return protocol::LoaderReply{.status =
                                     taken ? protocol::Status::done : protocol::Status::refused};
}

}  // namespace

// Safe because: the kernel is asked what each descriptor is, and all are closed unless they are
// what the manifest says, attached where it says.
Result<protocol::LoaderReply> handle(protocol::ArtifactLoaded request, LoaderCaller& loader,
                                     Context&) {
    return take(std::move(request), loader);
}

// Safe because: nothing of it is kept but bounded text for people. It may have failed before it
// could confine itself.
Result<protocol::LoaderReply> handle(protocol::LoadFailed request, LoaderCaller& loader, Context&) {
    return protocol::LoaderReply{.status = loader.order.answered(std::move(request))
                                               ? protocol::Status::done
                                               : protocol::Status::refused};
}

// Safe because: what a kernel can is a bounded list that decides nothing.
Result<protocol::LoaderReply> handle(protocol::KernelProbed request, LoaderCaller& loader,
                                     Context&) {
    return take(std::move(request), loader);
}

}  // namespace bulkhead::broker
