// The bodies of the bulkhead dialect, member by member. worker/backend/bulkhead/openapi.yaml says
// the same; a test compares the two.
#pragma once

#include "tests/backend/shape.hpp"

namespace bulkhead::reference::bulkhead_shapes {

const Shape& enroll();
const Shape& heartbeat();
const Shape& result();
const Shape& findings();
const Shape& inventory();

}  // namespace bulkhead::reference::bulkhead_shapes
