#include "worker/duties/start_request.hpp"

#include "common/approval/signed_script.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::worker {

namespace {

Result<protocol::Handle> sealed(std::string_view name, std::string_view content) {
    return protocol::Handle{TRY(sys::sealed_memfd(name, as_bytes(content)))};
}

template <class Request, class Params>
Result<> fill(Request& request, const DeliveryId& id, const Params& params,
              protocol::Streams streams) {
    request.delivery_id.value = TRY(within("delivery id", protocol::Label::create(id.value)));
    request.streams = streams;
    if (params.size() > request.params.kMax) return fail("too many parameters");
    for (const auto& [name, value] : params) {
        request.params.items.push_back(
            {.name = TRY(within("parameter name", protocol::Name::create(name))),
             .value = TRY(within("parameter " + name, protocol::Detail::create(value)))});
    }
    return {};
}

}  // namespace

Result<protocol::StartJob> start_request(const DeliveryId& id, const ScriptJob& job,
                                         protocol::Streams streams) {
    const auto parts = TRY(approval::split_signed_script(job.script));
    protocol::StartJob request;
    TRY(fill(request, id, job.params, streams));
    request.script = TRY(sealed("script", parts.script));
    if (!parts.manifest.empty()) request.manifest = TRY(sealed("manifest", parts.manifest));
    if (!parts.signatures.empty()) request.signatures = TRY(sealed("signatures", parts.signatures));
    return request;
}

Result<protocol::StartCatalogueJob> start_request(const DeliveryId& id, const CatalogueJob& job,
                                                  protocol::Streams streams) {
    protocol::StartCatalogueJob request;
    TRY(fill(request, id, job.params, streams));
    request.name = TRY(within("catalogue name", protocol::Name::create(job.name)));
    return request;
}

}  // namespace bulkhead::worker
