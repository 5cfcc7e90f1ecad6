// A loader as the broker starts it: account, capabilities, filter, ruleset and channel; and this
// process in a network namespace of its own, where loopback is up.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/link/channel.hpp"
#include "common/protocol/artifacts.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::test {

std::string example(const std::string& name);  // the bytes of a built example: "burn"
std::string object(const std::string& name);   // of an object of tests/loader/objects

// What a loader answered, and how it ended.
struct Answer {
    std::optional<protocol::ArtifactLoaded> loaded;
    std::optional<protocol::LoadFailed> failed;
    std::optional<protocol::KernelProbed> probed;
    int status = 0;     // of waitpid(2)
    long peak_kib = 0;  // of resident memory
    bool silent() const { return !loaded && !failed && !probed; }
    // "open: 22: ..." of a failure, for messages of tests.
    std::string words() const;
};

struct Plan {
    std::string name;
    approval::ProgramType type{};
    std::string attach;
    int cgroup = -1;  // borrowed
};
// "NAME" to hexadecimal digits.
using Values = std::vector<std::pair<std::string, std::string>>;

class Loader {
  public:
    // In the loader's place may stand another program. `before_exec` runs in the child.
    explicit Loader(
        const std::string& program = BULKHEAD_LOADER,
        const std::vector<std::string>& arguments = {}, std::function<void()> before_exec = [] {});

    Answer load(const std::string& elf, const std::vector<Plan>& plans, const Values& values = {});
    Answer remove(const std::vector<protocol::NamedFilter>& filters);  // none: it probes
    // The same in two steps.
    void send_load(const std::string& elf, const std::vector<Plan>& plans,
                   const Values& values = {}, bool sealed = true);
    // Puts the reply to ArtifactLoaded into the channel, so that nobody has to wait for that.
    void reply_beforehand();
    Answer answer();

    pid_t pid() const { return child_->pid(); }
    const link::Channel& channel() const { return *channel_; }

  private:
    std::optional<sandbox::Child> child_;
    std::optional<link::Channel> channel_;
};

// In a network of the test program's own; skipped without root.
class LoaderTest : public testing::Test {
  protected:
    void SetUp() override;
};

inline constexpr int kLoopback = 1;  // its index, in every network namespace
// Sends a datagram from and to 127.0.0.1, which loopback delivers at once.
void send_packet();
// The sum over all processors of the one value of an array or per-CPU array of u64.
std::uint64_t count_in(const protocol::ArtifactLoaded& loaded, const std::string& map);
// "XDP", "TC" and so on of this network namespace, in words of the kernel: equal when nothing was
// attached or removed.
std::string attached_now();

}  // namespace bulkhead::test
