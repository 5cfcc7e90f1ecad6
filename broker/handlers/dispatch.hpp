// From the request list to handle(); nothing else.
#pragma once
#include "broker/handlers/handlers.hpp"
#include "broker/processes/gate.hpp"
#include "common/link/channel.hpp"

namespace bulkhead::broker {

// Judges, decodes, handles and answers one packet of `caller`'s, who may ask what `List` holds. An
// error is a violation of the protocol.
template <class List, class Asker>
Result<> dispatch(link::Packet& packet, Gate& gate, Asker& caller, Context& broker) {
    const auto header = TRY(protocol::decode_header(packet.bytes));
    Result<> done = fail("unknown request " + std::to_string(header.id));
    List::visit(header.id, [&]<class Request> {
        done = [&]() -> Result<> {
            TRY(gate.admit(Request::spec, header));
            auto request = TRY(within(Request::spec.name,
                                      protocol::decode<Request>(packet.bytes, packet.descriptors)));
            const auto reply =
                TRY(within(Request::spec.name, handle(std::move(request), caller, broker)));
            const auto frame = TRY(protocol::encode(header.id, header.serial, reply));
            // Only a reply to a start has a decision. A refusal may be written to disk.
            if constexpr (requires { reply.decision; }) {
                if (reply.decision == protocol::Decision::refused) gate.charge(Gate::kForRefusal);
            }
            TRY(caller.process.channel().send(frame.bytes, frame.descriptors));
            if constexpr (Request::spec.effect == protocol::Effect::greet) gate.serving();
            return {};
        }();
    });
    return done;
}

}  // namespace bulkhead::broker
