// The worker's side of the socketpair, against a thread that answers every request.
#include "worker/broker/client.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

// Counts questions for the audit head; each answer names a larger size than the one before.
class BrokerClientTest : public testing::Test {
  protected:
    BrokerClientTest() {
        auto ends = link::Channel::pair();
        if (!ends) std::abort();
        broker_.emplace(std::move(ends->first));
        client_.emplace(std::move(ends->second));
        answering_ = std::thread([this] { answer(); });
    }
    ~BrokerClientTest() override {
        client_.reset();  // the thread sees the end
        answering_.join();
    }

    BrokerClient& client() { return *client_; }
    void tell(const auto& event) {
        const auto frame = protocol::encode(event.spec.id, 0, event);
        ASSERT_TRUE(frame && broker_->send(frame->bytes, frame->descriptors));
    }

  private:
    void answer() {
        std::uint64_t asked = 0;
        for (auto packet = broker_->receive(); packet && *packet; packet = broker_->receive()) {
            const auto header = protocol::decode_header((*packet)->bytes);
            if (!header) return;
            const auto reply =
                header->id == protocol::HostState::spec.id
                    ? protocol::encode(header->id, header->serial,
                                       protocol::HostStateReply{.audit_lines = ++asked})
                    : protocol::encode(header->id, header->serial, protocol::StatusReply{});
            if (!reply || !broker_->send(reply->bytes, reply->descriptors)) return;
        }
    }

    std::optional<link::Channel> broker_;
    std::optional<BrokerClient> client_;
    std::thread answering_;
};

TEST_F(BrokerClientTest, AsksForTheAuditHeadOnceWhileNothingIsReceived) {
    for (int beat = 0; beat < 5; ++beat) {
        const auto head = client().host_state();
        ASSERT_OK(head);
        EXPECT_EQ(head->audit_lines, 1U);
    }
}

TEST_F(BrokerClientTest, AsksForTheAuditHeadAgainAfterAReply) {
    ASSERT_TRUE(client().host_state());
    ASSERT_TRUE(client().call(protocol::CancelJob{.number = JobNumber{1}}));
    EXPECT_EQ(client().host_state()->audit_lines, 2U);
}

TEST_F(BrokerClientTest, AsksForTheAuditHeadAgainAfterAnEvent) {
    ASSERT_TRUE(client().host_state());
    tell(protocol::PolicyReloaded{});
    ASSERT_TRUE(client().next_event());
    EXPECT_EQ(client().host_state()->audit_lines, 2U);
}

TEST_F(BrokerClientTest, AsksForTheAuditHeadAgainAfterAnEventThatCameBeforeAReply) {
    ASSERT_TRUE(client().host_state());
    tell(protocol::PolicyReloaded{});
    ASSERT_TRUE(client().call(protocol::CancelJob{.number = JobNumber{1}}));
    EXPECT_EQ(client().host_state()->audit_lines, 2U);
    EXPECT_TRUE(client().next_event().value_or(std::nullopt));
    EXPECT_EQ(client().host_state()->audit_lines, 2U) << "it had been counted when it was received";
}

TEST_F(BrokerClientTest, TellsOfAnEventThatWasKeptBeforeAnybodyAsked) {
    tell(protocol::PolicyReloaded{});
    ASSERT_TRUE(client().call(protocol::CancelJob{.number = JobNumber{1}}));
    int told = 0;
    client().when_kept([&] { ++told; });
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace bulkhead::worker
