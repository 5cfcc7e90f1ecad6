// The duty between a broker that answers as a test says and a backend that is strict.
#include "worker/duties/artifact_duty.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "common/crypto/sha256.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/bundle/archive.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using protocol::ArtifactState;
using reference::ArtifactShape;
using reference::ReferenceBackend;
using test::entry;
using test::tar;
using test::zstd;

const std::string kApproval = "bulkhead-artifact v1\nend\n-----BEGIN SSH SIGNATURE-----\n";
const std::string kObject = test::object();
const auto kManifest = crypto::sha256(as_bytes("bulkhead-artifact v1\nend\n"));

std::string bundle(const std::string& more = "") {
    return zstd(tar(entry({.name = "program.o", .data = kObject}) + more));
}

struct Sink final : TelemetrySink {
    std::vector<ArtifactEvent> events;
    void artifact_event(const ArtifactEvent& event) override { events.push_back(event); }
};

class ArtifactDutyTest : public testing::Test {
  protected:
    struct Offered {
        std::string id;
        std::string elf;
        std::string manifest;
        std::string signatures;
    };

    ArtifactDutyTest() {
        if (!backend_.start()) std::abort();
        auto ends = link::Channel::pair().value();
        broker_ = std::thread(
            [this, end = std::make_shared<link::Channel>(std::move(ends.first))] { answer(*end); });
        client_.emplace(std::move(ends.second));
        caller_.emplace(test::settings_for(backend_));
        config_.url = backend_.url();
        facts_.policy_digest = std::string(64, 'a');
    }
    ~ArtifactDutyTest() override {
        duty_.reset();
        client_.reset();  // the thread sees the end
        broker_.join();
    }

    void start(const std::string& dialect = "aegisflux", const DialectOptions& options = {}) {
        context_.emplace(DutyContext{.loop = caller_->loop(),
                                     .client = caller_->client(),
                                     .config = config_,
                                     .identity = identity_,
                                     .log = log_,
                                     .mode = RunMode::serve,
                                     .random = [] { return 0.0; },
                                     .now = [this] { return now_; },
                                     .fatal = [this](const Error& error) { lost_ = error.what; }});
        dialect_ = find_dialect(dialect)->make(options);
        start_again();
    }
    // In the dialect that tells the backend what came of artifacts.
    void start_enrolled() {
        start("bulkhead");
        EnrollRequest request;
        request.install_token = Secret("token");
        request.host_id = "host-1";
        request.agent_version = "1.0.0";
        request.system.hostname = "h";
        request.system.cpu_count = 1;
        const auto enrolled = caller_->speak(dialect_->enrollment()->enroll(request));
        ASSERT_TRUE(enrolled) << enrolled.error().text;
        identity_ = enrolled->identity;
    }
    // As the next worker, of the same state directory.
    void start_again() {
        duty_.reset();
        const auto state = directory_.open();
        store_.emplace(ArtifactStore::open(state).value());
        duty_.emplace(*context_, *dialect_->artifacts(), *client_, *store_, store_->all().value(),
                      facts_, &sink_);
    }
    // What the backend assigns now, as a heartbeat tells it.
    void poll() {
        Heartbeat beat;
        beat.host_id = "host-1";
        const auto receipt = caller_->speak(dialect_->heartbeat(identity_, beat));
        ASSERT_TRUE(receipt) << receipt.error().text;
        duty_->assigned(receipt->artifacts.value());
    }
    // Polls, and waits until nothing is under way.
    void settle() {
        poll();
        const auto end = sys::Clock::now() + 300ms;
        caller_->run_until(
            [&] { return caller_->client().pending() == 0 && sys::Clock::now() >= end; });
    }
    json state_of(const std::string& id) const {
        JsonWriter writer;
        writer.begin_object();
        duty_->describe(writer);
        writer.end();
        const auto all = json::parse(std::move(writer).take());
        for (const auto& one : all["artifacts"]) {
            if (one["id"] == id) return one;
        }
        return {{"state", "absent"}, {"reason", "absent"}};
    }
    void tell(ArtifactState state, const std::string& id = "a", const std::string& reason = "ok") {
        protocol::ArtifactStatus status;
        status.delivery_id.value = protocol::Label::clipped(id);
        status.manifest = kManifest;
        status.state = state;
        status.reason = protocol::Code::clipped(reason);
        status.drops = 7;
        {
            const std::lock_guard lock(mutex_);
            live_ = {status};
        }
        duty_->changed(status);
    }
    // As one that was started anew: nothing is loaded any more.
    void broker_forgets() {
        const std::lock_guard lock(mutex_);
        live_.clear();
    }
    std::vector<Offered> offers() {
        const std::lock_guard lock(mutex_);
        return offers_;
    }
    std::size_t asked(const std::string& path) {
        const auto all = backend_.requests();
        return static_cast<std::size_t>(
            std::ranges::count(all, path, [](const auto& request) { return request.path; }));
    }

    ReferenceBackend backend_{{.tls = false, .install_tokens = {"token"}}};
    bulkhead::test::TempDir directory_;
    std::optional<test::Caller> caller_;
    std::unique_ptr<const Dialect> dialect_;
    std::optional<ArtifactStore> store_;
    std::optional<ArtifactDuty> duty_;
    Sink sink_;
    HostFacts facts_;
    Identity identity_;
    UnixTime now_ = parse_utc("2026-11-22T12:00:00Z").value();
    std::string lost_;
    // What the broker says to an offer.
    protocol::OfferReply reply_{.decision = protocol::Decision::admitted,
                                .reason = protocol::Code::clipped("ok")};
    // What is offered is loaded at once, under the delivery that brought it last.
    bool loads_ = false;

  private:
    void answer(link::Channel& channel) {
        for (auto packet = channel.receive(); packet && *packet; packet = channel.receive()) {
            const auto header = protocol::decode_header((*packet)->bytes).value();
            const std::lock_guard lock(mutex_);
            if (header.id == protocol::ListArtifacts::spec.id) {
                protocol::ArtifactsReply list;
                list.artifacts.items = live_;
                send(channel, header, list);
                continue;
            }
            const auto offer =
                protocol::decode<protocol::OfferArtifact>((*packet)->bytes, (*packet)->descriptors);
            if (!offer) return;
            const auto text = [](const protocol::Handle& handle) {
                return sys::read_from_start(handle.fd, 8_MiB).value();
            };
            offers_.push_back({.id = offer->delivery_id.value.str(),
                               .elf = text(offer->elf),
                               .manifest = offer->manifest ? text(*offer->manifest) : "",
                               .signatures = offer->signatures ? text(*offer->signatures) : ""});
            if (loads_) {
                protocol::ArtifactStatus status;
                status.delivery_id = offer->delivery_id;
                status.manifest = kManifest;
                status.state = ArtifactState::loaded;
                live_ = {status};
            }
            send(channel, header, reply_);
        }
    }
    template <class Reply>
    static void send(link::Channel& channel, const protocol::Header& header, const Reply& reply) {
        const auto frame = protocol::encode(header.id, header.serial, reply).value();
        static_cast<void>(channel.send(frame.bytes, frame.descriptors));
    }

    std::mutex mutex_;
    std::vector<Offered> offers_;
    std::vector<protocol::ArtifactStatus> live_;
    std::thread broker_;
    std::optional<BrokerClient> client_;
    BackendConfig config_;
    sys::Log log_{"test", STDERR_FILENO};
    std::optional<DutyContext> context_;
};

TEST_F(ArtifactDutyTest, WhatIsAssignedIsOfferedOnceWithItsApproval) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    settle();
    ASSERT_EQ(offers().size(), 1U);
    const auto offered = offers().front();
    EXPECT_EQ(offered.id, "a");
    EXPECT_EQ(offered.elf, kObject);
    EXPECT_EQ(offered.manifest, "bulkhead-artifact v1\nend\n");
    EXPECT_EQ(offered.signatures, "-----BEGIN SSH SIGNATURE-----\n");
    EXPECT_EQ(state_of("a")["state"], "loading");
    tell(ArtifactState::loaded);
    EXPECT_EQ(state_of("a")["state"], "loaded");
    EXPECT_EQ(state_of("a")["elf_sha256"], crypto::hex(crypto::sha256(as_bytes(kObject))));
    settle();
    EXPECT_EQ(offers().size(), 1U);
    EXPECT_EQ(asked("/artifacts/a/binary"), 1U);
    ASSERT_EQ(sink_.events.size(), 1U);
    EXPECT_EQ(sink_.events[0].status, "loaded");
    EXPECT_EQ(sink_.events[0].drops, 7U);
}

TEST_F(ArtifactDutyTest, TheBundleIsWhereverItsRegistryHasIt) {
    backend_.make_aegisflux_older();  // at /bundles/ID
    backend_.put_artifact("a", kObject, kApproval);
    start();
    settle();
    EXPECT_EQ(asked("/artifacts/a/binary"), 1U);
    EXPECT_EQ(asked("/bundles/a"), 1U);
    EXPECT_EQ(asked("/bundles/a.artifact"), 1U);
    EXPECT_EQ(offers().size(), 1U);
}

TEST_F(ArtifactDutyTest, ABundleUrlIsFollowedOnTheSameServerAlone) {
    backend_.make_aegisflux_older();
    backend_.put_artifact("a", bundle(entry({.name = "approval.artifact", .data = kApproval})));
    backend_.unassign_artifact("a");
    const auto url = backend_.url();
    backend_.assign_artifacts(
        ArtifactShape::named,
        json::array({{{"artifact_id", "whole"}, {"bundle_url", url + "/bundles/a?token=x"}},
                     {{"artifact_id", "path"}, {"bundle_url", "/bundles/a"}},
                     {{"artifact_id", "port"}, {"bundle_url", "http://127.0.0.1:1/bundles/a"}},
                     {{"artifact_id", "cloud"}, {"bundle_url", "http://169.254.169.254/latest"}},
                     {{"artifact_id", "user"}, {"bundle_url", "http://x@127.0.0.1/"}},
                     {{"artifact_id", "file"}, {"bundle_url", "file:///etc/passwd"}},
                     {{"artifact_id", "slashes"}, {"bundle_url", "//evil/x"}}}));
    start();
    settle();
    std::vector<std::string> ids;
    for (const auto& offer : offers()) ids.push_back(offer.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"path", "whole"}));
    for (const auto* id : {"port", "cloud", "user", "file", "slashes"}) {
        EXPECT_EQ(state_of(id)["reason"], "foreign-url") << id << state_of(id);
    }
}

TEST_F(ArtifactDutyTest, WhatIsNotWhatTheBackendSaysIsNotOffered) {
    backend_.put_artifact("sum", bundle());
    backend_.put_artifact("size", bundle());
    backend_.put_artifact("large", bundle());
    backend_.put_artifact("junk", "hello");
    for (const auto* id : {"sum", "size", "large", "junk"}) backend_.unassign_artifact(id);
    backend_.assign_artifacts(
        ArtifactShape::named,
        json::array({{{"artifact_id", "sum"}, {"checksum", std::string(64, '0')}},
                     {{"artifact_id", "size"}, {"size", 3}},
                     {{"artifact_id", "large"}, {"size", 9 << 20}},
                     {{"artifact_id", "junk"}},
                     {{"artifact_id", "nowhere"}}}));
    start();
    settle();
    EXPECT_EQ(state_of("sum")["reason"], "checksum-mismatch");
    EXPECT_EQ(state_of("size")["reason"], "size-mismatch");
    EXPECT_EQ(state_of("large")["reason"], "bundle-too-large");
    EXPECT_EQ(asked("/artifacts/large/binary"), 0U);
    EXPECT_EQ(state_of("junk")["reason"], "bundle-unreadable");
    EXPECT_EQ(state_of("nowhere")["reason"], "no-bundle");
    EXPECT_TRUE(offers().empty());
    EXPECT_EQ(sink_.events.size(), 5U);
    settle();
    EXPECT_EQ(asked("/artifacts/sum/binary"), 1U);
    now_ += 2h;  // the backend may have been mended
    settle();
    EXPECT_EQ(asked("/artifacts/sum/binary"), 2U);
}

TEST_F(ArtifactDutyTest, WhatWasRefusedIsOfferedAgainWhenSomethingIsAnother) {
    reply_ = {.decision = protocol::Decision::refused,
              .reason = protocol::Code::clipped("not-approved")};
    backend_.put_artifact("a", bundle());
    start();
    settle();
    EXPECT_EQ(offers().size(), 1U);
    EXPECT_EQ(offers()[0].manifest, "");
    EXPECT_EQ(state_of("a")["reason"], "not-approved");
    EXPECT_EQ(sink_.events.back().status, "error");
    settle();
    start_again();  // the next worker remembers it
    settle();
    EXPECT_EQ(asked("/artifacts/a/binary"), 1U);
    EXPECT_EQ(offers().size(), 1U);
    now_ += 11min;
    settle();  // there is still no approval, and so nothing new
    EXPECT_EQ(asked("/artifacts/a/approval"), 2U);
    EXPECT_EQ(offers().size(), 1U);
    backend_.put_approval("a", kApproval);
    now_ += 11min;
    settle();
    EXPECT_EQ(offers().size(), 2U) << "another approval";
    facts_.policy_digest = std::string(64, 'b');
    settle();
    EXPECT_EQ(offers().size(), 3U) << "another policy";
    backend_.put_artifact("a", bundle(entry({.name = "note"})), kApproval);
    settle();
    EXPECT_EQ(offers().size(), 4U) << "another bundle";
    settle();
    EXPECT_EQ(offers().size(), 4U);
}

TEST_F(ArtifactDutyTest, WhatIsUnassignedIsToldAndStaysLoaded) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    tell(ArtifactState::loaded);
    backend_.unassign_artifact("a");
    settle();
    EXPECT_EQ(state_of("a")["assigned"], false);
    EXPECT_EQ(state_of("a")["state"], "loaded");
    tell(ArtifactState::expired);
    EXPECT_EQ(sink_.events.back().status, "unloaded");
    settle();
    EXPECT_EQ(state_of("a")["state"], "absent");
    EXPECT_TRUE(store_->all()->empty());
    EXPECT_EQ(offers().size(), 1U);
}

TEST_F(ArtifactDutyTest, ABrokerThatWasStartedAnewGetsItAgain) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    tell(ArtifactState::loaded);
    start_again();
    settle();
    EXPECT_EQ(offers().size(), 1U) << "that broker has it";
    tell(ArtifactState::rolled_back, "a", "too-much-cpu");
    start_again();
    settle();
    EXPECT_EQ(offers().size(), 1U) << "what the guard unloaded is not brought back";
    EXPECT_EQ(sink_.events.back().status, "rolled_back");
}

TEST_F(ArtifactDutyTest, AnErrorIsCountedInItsOwnEventAlone) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    for (int i = 0; i < 2; ++i) {
        tell(ArtifactState::failed, "a", "verifier-refused");
        EXPECT_EQ(sink_.events.back().status, "error");
        EXPECT_EQ(sink_.events.back().errors, 1U);
        tell(ArtifactState::loaded);
        EXPECT_EQ(sink_.events.back().status, "loaded");
        EXPECT_EQ(sink_.events.back().errors, 0U);
    }
    tell(ArtifactState::expired);
    EXPECT_EQ(sink_.events.back().errors, 0U) << "that is no error";
}

TEST_F(ArtifactDutyTest, WhatEndedWithTheAgentIsOfferedByTheNextWorker) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    tell(ArtifactState::loaded);
    tell(ArtifactState::removed, "a", "agent-stopped");
    settle();
    EXPECT_EQ(offers().size(), 1U) << "this broker ends";
    start_again();
    broker_forgets();
    settle();
    EXPECT_EQ(offers().size(), 2U);
    // The same of one that was still being loaded.
    tell(ArtifactState::failed, "a", "agent-stopped");
    start_again();
    broker_forgets();
    settle();
    EXPECT_EQ(offers().size(), 3U);
    tell(ArtifactState::removed, "a", "removed-by-operator");
    start_again();
    broker_forgets();
    settle();
    EXPECT_EQ(offers().size(), 3U) << "what an operator removed is not brought back";
}

TEST_F(ArtifactDutyTest, OneObjectUnderTwoIdsIsLoadedForBoth) {
    backend_.put_artifact("a", bundle(), kApproval);
    backend_.put_artifact("b", bundle(), kApproval);
    loads_ = true;
    start();
    settle();
    ASSERT_EQ(offers().size(), 2U);
    start_again();
    settle();
    settle();
    EXPECT_EQ(offers().size(), 2U) << "neither is offered in place of the other";
    tell(ArtifactState::rolled_back, "b", "too-much-cpu");
    start_again();
    settle();
    EXPECT_EQ(offers().size(), 2U) << "the other id does not bring back what the guard unloaded";
    EXPECT_EQ(state_of("a")["state"], "rolled-back");
}

TEST_F(ArtifactDutyTest, WhatWasRefusedIsNotLoadedByAnotherOfItsManifest) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    reply_ = {.decision = protocol::Decision::refused,
              .reason = protocol::Code::clipped("not-approved")};
    backend_.put_artifact("b", bundle(), kApproval);
    settle();
    tell(ArtifactState::loaded);
    EXPECT_EQ(state_of("a")["state"], "loaded");
    EXPECT_EQ(state_of("b")["state"], "refused");
    EXPECT_EQ(state_of("b")["reason"], "not-approved");
}

TEST_F(ArtifactDutyTest, OnesThatFailSlowlyDoNotKeepOthersWaiting) {
    for (const auto* id : {"a", "b", "c"}) backend_.put_artifact(id, bundle(), kApproval);
    for (const auto* id : {"a", "b"}) {
        backend_.misbehave(
            {.path = "/artifacts/" + std::string(id) + "/binary", .delay = 300ms, .status = 503});
    }
    start();
    poll();
    ASSERT_TRUE(caller_->run_until([this] { return !offers().empty(); }));
    EXPECT_EQ(offers()[0].id, "c");
    EXPECT_EQ(asked("/artifacts/a/binary"), 1U);
    EXPECT_EQ(asked("/artifacts/b/binary"), 1U);
}

TEST_F(ArtifactDutyTest, AHostThatHasLeftTellsOfNoArtifact) {
    backend_.put_artifact("a", bundle(), kApproval);
    start();
    settle();
    tell(ArtifactState::loaded);
    ASSERT_EQ(sink_.events.size(), 1U);
    duty_->forget_all();
    tell(ArtifactState::expired);
    settle();
    EXPECT_EQ(sink_.events.size(), 1U);
    EXPECT_EQ(state_of("a")["state"], "absent");
    EXPECT_TRUE(store_->all()->empty());
    EXPECT_EQ(offers().size(), 1U);
}

TEST_F(ArtifactDutyTest, AFailureIsToldOnceAndTriedLater) {
    backend_.put_artifact("a", bundle(), kApproval);
    backend_.misbehave({.path = "/artifacts/a/binary", .times = 1, .status = 503});
    start();
    settle();
    std::vector<Trouble> troubles;
    duty_->tell(troubles);
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles[0].code, "artifacts-failing");
    ASSERT_EQ(sink_.events.size(), 1U);
    EXPECT_TRUE(sink_.events[0].error_message.starts_with("bundle download failed: "));
    EXPECT_TRUE(caller_->run_until([this] {
        poll();
        return !offers().empty();
    }));
    troubles.clear();
    duty_->tell(troubles);
    EXPECT_TRUE(troubles.empty());
}

TEST_F(ArtifactDutyTest, TheBackendOfBulkheadIsToldWhatCameOfIt) {
    start_enrolled();
    backend_.put_artifact("a", bundle(), kApproval);
    std::vector<AssignedArtifact> list{
        {.id = "a", .checksum = crypto::hex(crypto::sha256(as_bytes(bundle())))}};
    duty_->assigned(list);
    ASSERT_TRUE(caller_->run_until([this] { return !offers().empty(); }));
    EXPECT_EQ(offers()[0].signatures, "-----BEGIN SSH SIGNATURE-----\n");
    tell(ArtifactState::loaded);
    ASSERT_TRUE(caller_->run_until([this] { return !backend_.artifact_states("a").empty(); }));
    const auto told = backend_.artifact_states("a").back();
    EXPECT_EQ(told["state"], "loaded");
    EXPECT_EQ(told["manifest_sha256"], crypto::hex(kManifest));
    EXPECT_EQ(told["drops"], 7);
}

TEST_F(ArtifactDutyTest, AReportThatTheBackendDoesNotTakeHoldsUpNoOther) {
    start_enrolled();
    std::vector<AssignedArtifact> list;
    for (const auto* id : {"a", "b"}) {
        backend_.put_artifact(id, "hello");
        list.push_back(
            {.id = id, .checksum = crypto::hex(crypto::sha256(as_bytes(std::string("hello"))))});
    }
    backend_.misbehave({.path = "/v1/artifacts/a/state", .status = 503});
    duty_->assigned(list);
    EXPECT_TRUE(caller_->run_until([this] { return !backend_.artifact_states("b").empty(); }));
    EXPECT_LE(asked("/v1/artifacts/a/state"), 2U);
}

}  // namespace
}  // namespace bulkhead::worker
