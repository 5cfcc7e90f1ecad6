// The shapes of the bodies of the bulkhead dialect. openapi_test.cpp compares them with
// worker/backend/bulkhead/openapi.yaml.
#pragma once

#include "tests/backend/shape.hpp"

namespace bulkhead::reference::bulkhead_shapes {

const Shape& enroll();
const Shape& heartbeat();
const Shape& result();
const Shape& findings();
const Shape& inventory();
const Shape& artifact_state();

}  // namespace bulkhead::reference::bulkhead_shapes
