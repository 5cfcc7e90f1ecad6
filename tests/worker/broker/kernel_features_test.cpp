#include "worker/broker/kernel_features.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

protocol::KernelFeature feature(const char* name, bool works, const char* why = "") {
    return {.name = protocol::Code::clipped(name),
            .works = works,
            .why = protocol::Label::clipped(why)};
}

TEST(KernelFeatures, WhatWasNotTriedChangesNothing) {
    BpfSupport support{.btf = true};
    take_trials(support, {});
    EXPECT_FALSE(support.trials);
    EXPECT_EQ(support.btf, true);
}

TEST(KernelFeatures, ATrialGoesBeforeWhatFilesSay) {
    BpfSupport support{.btf = true};
    protocol::FeaturesReply reply{.probed = true};
    reply.features.items = {feature("xdp", true),
                            feature("kprobe", false, "attach: Permission denied"),
                            feature("btf", false, "open: No such file or directory")};
    take_trials(support, reply);
    ASSERT_TRUE(support.trials);
    EXPECT_EQ(support.trials->size(), 3U);
    EXPECT_TRUE(support.trials->at("xdp").works);
    EXPECT_EQ(support.trials->at("kprobe").why, "attach: Permission denied");
    EXPECT_EQ(support.btf, false);
}

}  // namespace
}  // namespace bulkhead::worker
