// OwnNetworkTest: a fixture whose tests run in a network of the test program's own.
#pragma once
#include <gtest/gtest.h>

#include "tests/support/bpf.hpp"

namespace bulkhead::test {

class OwnNetworkTest : public testing::Test {
  protected:
    void SetUp() override {
        static const std::string why_not = in_own_namespaces();
        if (!why_not.empty()) GTEST_SKIP() << why_not;
        const auto program = load_program(BPF_PROG_TYPE_XDP, "probe", XDP_PASS);
        if (!program) GTEST_SKIP() << program.error().what;
    }
};

}  // namespace bulkhead::test
