// The control interface: HTTP requests by which a person with curl, or a test in another process,
// steers the reference backend.
#pragma once

#include "tests/backend/router.hpp"

namespace bulkhead::reference {

class ReferenceBackend;

void add_control_routes(Router& router, ReferenceBackend& backend);

}  // namespace bulkhead::reference
