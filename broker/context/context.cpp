#include "broker/context/context.hpp"

namespace bulkhead::broker {

void note(const Context& broker, std::string_view event,
          std::initializer_list<records::Field> fields, records::Durable durable) {
    records::note(broker.audit, broker.log, event, fields, durable);
}

bool note_read(Context& broker, std::string_view row, std::string_view path,
               std::string_view reason) {
    return broker.log.check(broker.reads.note(broker.audit, row, path, reason, sys::Clock::now()),
                            "audit log: read");
}

}  // namespace bulkhead::broker
