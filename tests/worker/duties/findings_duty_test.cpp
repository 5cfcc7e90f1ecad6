// The duty between a broker that hands out files and a backend that is strict.
#include "worker/duties/findings_duty.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/tree.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/host/scanners/make_certificate.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using reference::Misbehaviour;
using reference::ReferenceBackend;

const UnixTime kNow = parse_utc("2026-11-22T12:00:00Z").value();

class FindingsDutyTest : public testing::Test {
  protected:
    FindingsDutyTest() {
        auto ends = link::Channel::pair();
        if (!ends || !backend_.start()) std::abort();
        findings_config_.interval = std::chrono::seconds(1);
        findings_config_.disk_warn_percent = 101;  // whatever this machine's disks are like
        broker_ =
            std::thread([this, end = std::make_shared<link::Channel>(std::move(ends->first))] {
                answer(*end);
            });
        client_.emplace(std::move(ends->second));
        caller_.emplace(test::settings_for(backend_));
    }
    ~FindingsDutyTest() override {
        duty_.reset();
        client_.reset();  // the thread sees the end
        broker_.join();
    }

    void start(RunMode mode = RunMode::serve) {
        context_.emplace(DutyContext{.loop = caller_->loop(),
                                     .client = caller_->client(),
                                     .config = backend_config_,
                                     .identity = identity_,
                                     .log = log_,
                                     .mode = mode,
                                     .random = [] { return 0.0; },
                                     .now = [] { return kNow; },
                                     .fatal = [this](const Error& error) { lost_ = error.what; }});
        dialect_ = find_dialect("hyprbox")->make({{"node_id", "node-1"}});
        duty_.emplace(*context_, *dialect_->findings(), findings_config_, *client_, system_, disk_,
                      [this](bool sent) { finished_.push_back(sent); });
        duty_->start();
    }
    void certificates(int count) {
        pem_ = bulkhead::test::certificate_pem({.not_after = kNow + std::chrono::days(3)});
        count_ = count;
    }
    void fill_srv() {
        blocks_used_ = 96;
        findings_config_.disk_warn_percent = 90;
    }
    std::string status() const {
        JsonWriter json;
        json.begin_object();
        duty_->describe(json);
        json.end();
        return std::move(json).take();
    }

    static constexpr int kLeaves = -1;

    ReferenceBackend backend_{{.node_tokens = {{"token", "node-1"}}}};
    std::optional<test::Caller> caller_;
    std::optional<FindingsDuty> duty_;
    std::string lost_;
    std::vector<bool> finished_;

  private:
    // Two files a page: paths /c/00, /c/01, ... behind the one the worker has seen.
    void answer(link::Channel& channel) const {
        for (auto packet = channel.receive(); packet && *packet; packet = channel.receive()) {
            const auto header = protocol::decode_header((*packet)->bytes).value();
            if (count_ == kLeaves) return;
            if (header.id == protocol::ReadPrivileged::spec.id) {
                send(channel, header, file_systems());
                continue;
            }
            const auto request =
                protocol::decode<protocol::OpenHostFile>((*packet)->bytes, (*packet)->descriptors);
            if (!request) return;
            protocol::HostFilesReply reply;
            if (request->name.str() == "tls-certificates") fill(reply, request->after.str());
            send(channel, header, reply);
        }
    }
    template <class Reply>
    static void send(link::Channel& channel, const protocol::Header& header, const Reply& reply) {
        const auto frame = protocol::encode(header.id, header.serial, reply).value();
        static_cast<void>(channel.send(frame.bytes, frame.descriptors));
    }
    // A /srv with so much of its hundred blocks in use.
    protocol::ReadingReply file_systems() const {
        const auto left = std::to_string(100 - blocks_used_);
        const auto rows = "8:1 /srv 4096 100 " + left + " " + left + " 0 0\n";
        return {.decision = protocol::Decision::admitted,
                .reason = protocol::Code::clipped("ok"),
                .detail = {},
                .complete = true,
                .value = protocol::Handle{sys::sealed_memfd("rows", as_bytes(rows)).value()}};
    }
    void fill(protocol::HostFilesReply& reply, const std::string& after) const {
        reply.decision = protocol::Decision::admitted;
        for (int i = 0; i < count_; ++i) {
            const auto path = "/c/" + std::to_string(10 + i);
            if (path <= after) continue;
            reply.more = reply.files.items.size() == 2;
            if (reply.more) return;
            auto& file = reply.files.items.emplace_back();
            file.path = protocol::HostPath::clipped(path);
            file.reason = protocol::Code::clipped("ok");
            file.file = protocol::Handle{sys::sealed_memfd("pem", as_bytes(pem_)).value()};
        }
    }

    sys::Fd disk_ = sys::Dir::open("/").value().duplicate().value();
    sys::Log log_{"test", -1};
    FindingsConfig findings_config_;
    SystemInfo system_;
    BackendConfig backend_config_;
    Identity identity_{.agent_id = "", .credential = Secret("token")};
    std::unique_ptr<const Dialect> dialect_;
    std::string pem_;
    int count_ = 0;
    std::uint64_t blocks_used_ = 0;
    std::thread broker_;
    std::optional<BrokerClient> client_;
    std::optional<DutyContext> context_;
};

TEST_F(FindingsDutyTest, EveryPageOfFilesIsScannedAgainAndAgain) {
    certificates(5);
    start();
    ASSERT_TRUE(caller_->run_until([this] {
        const auto found = backend_.findings();
        return found.size() == 5 && found.front().times >= 2;
    }));
    EXPECT_EQ(backend_.findings().front().body["severity"], "CRITICAL");
    EXPECT_EQ(status(), R"({"findings":5})");
}

TEST_F(FindingsDutyTest, WithoutFindingsHyprboxHearsNothing) {
    start();
    ASSERT_TRUE(caller_->run_until([this] { return status() == R"({"findings":0})"; }));
    EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(FindingsDutyTest, AFailureIsToldAndTriedAgain) {
    certificates(1);
    backend_.misbehave({.path = "/api/findings", .times = 1, .status = 503});
    start();
    ASSERT_TRUE(caller_->run_until([this] { return status().find("503") != std::string::npos; }));
    ASSERT_TRUE(caller_->run_until([this] { return status() == R"({"findings":1})"; }));
}

TEST_F(FindingsDutyTest, AFileSystemThatOnlyTheBrokerSeesIsJudged) {
    fill_srv();
    start();
    const auto found = [this] {
        const auto all = backend_.findings();
        return std::ranges::any_of(all, [](const auto& one) { return one.body["key"] == "/srv"; });
    };
    EXPECT_TRUE(caller_->run_until(found));
}

TEST_F(FindingsDutyTest, ARunThatEndsScansOnceAndSaysWhetherItWasTaken) {
    certificates(5);
    start(RunMode::once);
    ASSERT_TRUE(caller_->run_until([this] { return !finished_.empty(); }));
    EXPECT_EQ(finished_, std::vector{true});
    EXPECT_EQ(backend_.findings().size(), 5U);
    EXPECT_EQ(backend_.findings().front().times, 1);
}

TEST_F(FindingsDutyTest, ARunThatEndsTriesOnceAndNoLonger) {
    certificates(1);
    backend_.misbehave({.path = "/api/findings", .times = 1, .status = 503});
    start(RunMode::once);
    ASSERT_TRUE(caller_->run_until([this] { return !finished_.empty(); }));
    EXPECT_EQ(finished_, std::vector{false});
}

TEST_F(FindingsDutyTest, ABrokerThatGoesEndsTheWorker) {
    certificates(kLeaves);
    start();
    ASSERT_TRUE(caller_->run_until([this] { return !lost_.empty(); }));
    EXPECT_EQ(lost_, "tls: the broker is gone");
}

}  // namespace
}  // namespace bulkhead::worker
