#include "worker/host/readings/hardware.hpp"

#include <gtest/gtest.h>

#include "tests/support/tree.hpp"
#include "tests/worker/host/scanners/fake_host.hpp"

namespace bulkhead::worker {
namespace {

const std::string kTables = "/sys/devices/virtual/dmi/id/";

struct HardwareTest : testing::Test {
    test::FakeHost host;
    Hardware hardware_of(const sys::Dir& tree) {
        auto hardware = read_hardware(tree);
        EXPECT_TRUE(add_numbers(hardware, host));
        return hardware;
    }
    const test::Tree root = test::tree({{"sys/devices/virtual/dmi/id/sys_vendor", "ACME\n"},
                                        {"sys/devices/virtual/dmi/id/product_name", " Box 9 \n"}});
};

TEST_F(HardwareTest, WhatEverybodyMayReadNeedsNoRow) {
    const auto hardware = hardware_of(root);
    EXPECT_EQ(hardware.vendor, "ACME");
    EXPECT_EQ(hardware.model, "Box 9");
    EXPECT_FALSE(hardware.serial);
    EXPECT_FALSE(hardware.uuid);
}

TEST_F(HardwareTest, TheNumbersComeIfPolicyHandsThemOut) {
    host.row("hardware-id", kTables + "product_serial").file(kTables + "product_serial", "S-1\n");
    host.row("hardware-id", kTables + "product_uuid").refuse(kTables + "product_uuid", "read-link");
    const auto hardware = hardware_of(root);
    EXPECT_EQ(hardware.serial, "S-1");
    EXPECT_FALSE(hardware.uuid);
}

TEST_F(HardwareTest, AMachineWithoutTablesHasNothingToTell) {
    const auto empty = test::tree({});
    host.row("hardware-id", kTables + "product_serial");
    EXPECT_FALSE(hardware_of(empty).known());
}

TEST_F(HardwareTest, OddTextIsCutAndEmptyTextIsNone) {
    host.row("hardware-id", kTables + "product_serial");
    host.file(kTables + "product_serial", std::string(5'000, 'x'));
    EXPECT_EQ(hardware_of(root).serial->size(), 255U);
    host.file(kTables + "product_serial", " \n");
    EXPECT_FALSE(hardware_of(root).serial);
}

}  // namespace
}  // namespace bulkhead::worker
