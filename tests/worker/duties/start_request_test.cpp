// What a backend offers, as the broker is asked for it.
#include "worker/duties/start_request.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using protocol::Streams;

const DeliveryId kId{"delivery-1"};

TEST(StartRequest, OfACatalogueJobHasItsNameAndItsParameters) {
    const auto request = start_request(
        kId, CatalogueJob{.name = "uptime", .params = {{"unit", "days"}}}, Streams::separate);
    ASSERT_TRUE(request) << request.error().what;
    EXPECT_EQ(request->delivery_id.value.str(), "delivery-1");
    EXPECT_EQ(request->name.str(), "uptime");
    ASSERT_EQ(request->params.items.size(), 1U);
    EXPECT_EQ(request->params.items[0].name.str(), "unit");
    EXPECT_EQ(request->params.items[0].value.str(), "days");
}

TEST(StartRequest, OfAnUnsignedScriptHasNeitherManifestNorSignatures) {
    const auto request =
        start_request(kId, ScriptJob{.script = "#!/bin/sh\n", .params = {}}, Streams::merged);
    ASSERT_TRUE(request) << request.error().what;
    EXPECT_EQ(sys::read_from_start(request->script.fd, 100).value(), "#!/bin/sh\n");
    EXPECT_FALSE(request->manifest);
    EXPECT_FALSE(request->signatures);
    EXPECT_EQ(request->streams, Streams::merged);
}

TEST(StartRequest, WhatNoFrameCanCarryIsAnError) {
    CatalogueJob job{.name = "uptime", .params = {}};
    for (std::size_t i = 0; i <= protocol::StartCatalogueJob().params.kMax; ++i) {
        job.params.emplace("p" + std::to_string(i), "");
    }
    const auto request = start_request(kId, job, Streams::separate);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().what, "too many parameters");
    const DeliveryId endless{std::string(100'000, 'x')};
    EXPECT_FALSE(
        start_request(endless, CatalogueJob{.name = "uptime", .params = {}}, Streams::separate));
}

}  // namespace
}  // namespace bulkhead::worker
