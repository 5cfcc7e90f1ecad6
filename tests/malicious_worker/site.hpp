// A host whose broker starts the malicious worker in the worker's place: the real broker, policy
// and jobs of its own. What the attacker found is read from its state directory, what the broker
// did from the audit log and from /proc.
#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/pair/installation.hpp"
#include "tests/pair/program.hpp"
#include "tests/support/eventually.hpp"

namespace bulkhead::test {

using namespace std::chrono_literals;
using nlohmann::json;

inline constexpr auto kPatience = 60s;  // only a failure ever waits so long
inline constexpr std::uint64_t kMostMemory = 32_MiB;

// Of a process, as /proc shows it.
struct Vitals {
    std::uint64_t peak_bytes = 0;     // VmHWM
    std::uint64_t written_bytes = 0;  // RssAnon
    std::chrono::milliseconds cpu{};
    std::size_t descriptors = 0;
};
Vitals vitals_of(pid_t pid);

class Site : public testing::Test {
  protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;
    void TearDown() override;

    Installation& place() { return *place_; }
    // The attacker does `orders`, a word and what belongs to it (see main.cpp).
    // The broker is started by `under`, a program that becomes it.
    void start(const std::string& orders, std::map<std::string, std::string> environment = {},
               std::vector<std::string> under = {});
    // SIGTERM, and a clean end. Without a running broker nothing.
    void stop();
    Program& broker() { return *broker_; }
    void forget_broker() { broker_.reset(); }  // it has ended by itself
    std::vector<std::string> more_options;     // of the broker

    // What it wrote about `name`, as soon as it is there.
    std::optional<std::string> wait_for_finding(const std::string& name,
                                                const std::string& backend = "main");
    std::optional<std::string> finding(const std::string& name,
                                       const std::string& backend = "main") const;
    // Of this broker: lines that it has added to the log.
    std::vector<json> audit(std::string_view event) const;
    bool wait_for_audit(std::string_view event, std::size_t times = 1);
    // How many times slower than any real processor this one is: 1, and more where it is emulated.
    // By what it takes a broker to start, measured once.
    double slowness();
    std::string log() const { return place_->read("agent.log"); }

    // Alive, the same process, no descriptor too many, memory bounded.
    void expect_well(std::size_t descriptors_before);

  private:
    inline static std::unique_ptr<Installation> place_;
    std::unique_ptr<Program> broker_;
    std::size_t lines_before_ = 0;
};

}  // namespace bulkhead::test
