// The fixture: a real agent with the shipped profiles, and around it what its jobs might reach.
#pragma once
#include "tests/pair/pair.hpp"
#include "tests/sandbox/outside.hpp"

namespace bulkhead::test {

inline constexpr std::array<const char*, 4> kShippedProfiles{"inspect", "diagnose", "maintain",
                                                             "admin"};
// Emulated machines are forty times slower; only a failure ever waits so long.
inline constexpr auto kLongPatience = 600s;

class Sandbox : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        outside_ = std::make_unique<sandbox_test::Outside>(place().path());
        use_own_account();
    }
    void TearDown() override {
        Pair::TearDown();
        outside_.reset();
    }

    sandbox_test::Outside& outside() { return *outside_; }
    // Not by exec: what the shell hands on is what any program of a job gets.
    std::string playing(const std::string& arguments) const {
        return outside_->program() + " " + arguments + "\n";
    }
    // To its result, which must be there.
    json ended(const std::string& id) {
        EXPECT_TRUE(backend().wait_for_result(id, kLongPatience)) << id << ": no result";
        const auto job = backend().job(id);
        return job ? job->result : json();
    }
    // Of the one job that runs: text of a file of its cgroup, empty when it is not there.
    std::string of_cgroup(const std::string& file) const;
    // "cgroup-memory", ...: that the host cannot limit jobs by it, in the agent's own words.
    bool missing(const std::string& feature) const;

  private:
    void use_own_account();
    std::unique_ptr<sandbox_test::Outside> outside_;
};

}  // namespace bulkhead::test
