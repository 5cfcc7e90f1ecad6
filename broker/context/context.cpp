#include "broker/context/context.hpp"

namespace bulkhead::broker {

void note(const Context& broker, std::string_view event,
          std::initializer_list<records::Field> fields) {
    if (const auto written = broker.audit.event(event, fields); !written) {
        broker.log.error("audit log",
                         {{"event", std::string(event)}, {"why", written.error().what}});
    }
}

}  // namespace bulkhead::broker
