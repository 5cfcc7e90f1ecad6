// `bulkhead status` asks a process that may have fallen, and root may be the one who looks.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <thread>

#include "common/sys/fd.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Status : public ::testing::Test {
  protected:
    void SetUp() override {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(::bind(listener_.get(), generic, sizeof address), 0);
        ASSERT_EQ(::listen(listener_.get(), 4), 0);
    }
    // What the command makes of a worker that says this.
    Answer shown(const std::string& said, std::vector<std::string> more = {}) {
        std::thread worker([&] {
            const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ::send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL);
        });
        more.insert(more.begin(), {"status", "--socket", socket_});
        auto answer = run({.words = std::move(more)});
        worker.join();
        return answer;
    }

    Tree place_ = tree({});
    std::string socket_ = place_.path() + "/socket";
    sys::Fd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(Status, ShowsWhatIsThere) {
    const auto answer = shown(
        R"({"version":"1","host_id":"h","policy_digest":"d","confinement":{"landlock_abi":4,)"
        R"("missing":["mdwe"]},"backends":[{"name":"n","heartbeats":7,"heartbeat_trouble":"\"no\"",)"
        R"("jobs":[{"delivery":"j","job":"x","state":"running","stdout_bytes":9}]}]})");
    EXPECT_EQ(answer.code, 0) << answer.err;
    for (const auto* line :
         {"missing here   mdwe\n", "  heartbeats   7, last never\n", "  trouble      \"no\"\n",
          "  job j (x): running, 9 bytes of output\n"}) {
        EXPECT_THAT(answer.out, HasSubstr(line));
    }
}

TEST_F(Status, GivesTheTerminalNothingToObey) {
    // CSI in its two forms, and what sets the title.
    const std::string text = R"({"version":"\u001b[2J","host_id":")"
                             "\xc2\x9b"
                             R"(2J","backends":[{"name":"\u001b]0;root\u0007"}]})";
    for (const auto& more : {std::vector<std::string>{}, {"--json"}}) {
        const auto answer = shown(text, more);
        EXPECT_EQ(answer.code, 0) << answer.err;
        EXPECT_THAT(answer.out, HasSubstr("[2J"));
        for (const char c : answer.out) {
            EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\n') << static_cast<int>(c);
        }
    }
}

TEST_F(Status, EndsWellWhateverTheTypesAre) {
    for (const std::string value :
         {"7", "\"x\"", "[]", "{}", "[7]", "[[{}]]", "{\"a\":[1]}", "true"}) {
        std::string all = "{";
        for (const auto* name : {"version", "confinement", "backends"}) {
            all += std::string(all == "{" ? "" : ",") + '"' + name + "\":" + value;
        }
        EXPECT_EQ(shown(all + "}").code, 0) << value;
        EXPECT_EQ(shown(R"({"confinement":{"missing":)" + value + "}}").code, 0) << value;
        EXPECT_EQ(shown(R"({"backends":[{"name":)" + value + R"(,"declined":)" + value +
                        R"(,"heartbeats":)" + value + R"(,"jobs":)" + value + "}]}")
                      .code,
                  0)
            << value;
    }
    for (const auto& more : {std::vector<std::string>{}, {"--json"}}) {
        const auto answer = shown(
            R"({"version":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", more);
        EXPECT_EQ(answer.code, 0) << answer.err;
        EXPECT_LT(answer.out.size(), 1'000U);
    }
    EXPECT_EQ(shown("{\"version\":").code, 1);
    EXPECT_EQ(shown("[]").code, 1);
}

TEST_F(Status, SaysSoWhenNobodyAnswers) {
    // Connected, since the socket listens, and never accepted.
    const auto answer = run({.words = {"status", "--socket", socket_}});
    EXPECT_EQ(answer.code, 1);
    EXPECT_THAT(answer.err, HasSubstr("the agent does not answer"));
}

}  // namespace
}  // namespace bulkhead::test
