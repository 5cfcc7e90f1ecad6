// The path of an artifact: a worker's offer, the verdict, a real loader, what the kernel says of
// its answer, the list, the end. In a network of the test's own.
#include <algorithm>

#include "tests/broker/artifacts/artifacts_site.hpp"

namespace bulkhead::broker {
namespace {

using protocol::ArtifactState;
using test::ArtifactsTest;
using test::manifest_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Told = std::pair<ArtifactState, std::string>;

TEST_F(ArtifactsTest, IsOfferedLoadedListedAndRemoved) {
    const auto elf = test::example("count_packets");
    auto manifest = manifest_of(elf, "counter", "count");
    manifest.drops_map = "dropped";
    pin("counter", manifest);
    const auto before = test::attached_now();
    begin();
    const auto reply = offer(elf);
    ASSERT_EQ(reply.decision, protocol::Decision::admitted) << reply.detail.str();
    EXPECT_FALSE(reply.loaded_already);
    EXPECT_EQ(reply.artifact_id.value.str(), "counter");
    until_told(1);
    ASSERT_THAT(told, ElementsAre(Told(ArtifactState::loaded, "ok"))) << recorded();
    EXPECT_NE(test::attached_now(), before);
    ASSERT_EQ(list().size(), 1U);
    EXPECT_EQ(list()[0].programs, 1);
    EXPECT_EQ(list()[0].delivery_id.value.str(), "delivery-1");
    EXPECT_GT(list()[0].expires, list()[0].since);
    EXPECT_TRUE(artifacts->list("other").empty()) << "another backend's are not its business";
    EXPECT_TRUE(offer(elf).loaded_already);

    EXPECT_FALSE(artifacts->remove("nothing", "a test"));
    EXPECT_TRUE(artifacts->remove("counter", "a test"));
    EXPECT_EQ(test::attached_now(), before);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1], Told(ArtifactState::removed, "removed-by-operator"));
    EXPECT_EQ(offer(elf).reason.str(), "artifact-withdrawn");
    const auto text = recorded();
    for (const auto* event :
         {"artifact-offered", "artifact-loaded", "artifact-ended", "artifact-refused"}) {
        EXPECT_THAT(text, HasSubstr("\"event\":\"" + std::string(event) + "\""));
    }
    EXPECT_THAT(text, HasSubstr(" tag "));
    const auto kept = sys::Dir::open(place.path() + "/evidence").value().list().value();
    EXPECT_THAT(kept, testing::Contains(crypto::hex(manifest.elf_sha256)));

    // Another broker does not forget.
    artifacts.reset();
    begin();
    EXPECT_EQ(offer(elf).reason.str(), "artifact-withdrawn");
}

TEST_F(ArtifactsTest, WhatPolicyAdmitsNoLongerIsUnloadedAtAReload) {
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    const auto before = test::attached_now();
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    artifacts->policy_changed();
    EXPECT_EQ(told.size(), 1U) << "nothing has changed";
    operators.erase("approved/counter.artifact");
    context->policy = policy();
    artifacts->policy_changed();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1].first, ArtifactState::removed);
    EXPECT_EQ(test::attached_now(), before);
}

TEST_F(ArtifactsTest, EndsWhenItsTimeToLiveIsOver) {
    const auto elf = test::example("count_packets");
    auto manifest = manifest_of(elf, "counter", "count");
    manifest.ttl = std::chrono::seconds(1);
    pin("counter", manifest);
    const auto before = test::attached_now();
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(2);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1], Told(ArtifactState::expired, "ttl-over"));
    EXPECT_EQ(test::attached_now(), before);
    EXPECT_EQ(offer(elf).decision, protocol::Decision::admitted) << "it may be loaded again";
    until_told(3);
}

TEST_F(ArtifactsTest, AnotherManifestTakesItsPlaceWhereTheKernelHasRoomForOne) {
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    auto second = manifest_of(elf, "counter", "count");
    second.ttl = std::chrono::hours(2);
    const auto first_digest = list()[0].manifest;
    pin("counter", second);
    pin("old", manifest_of(test::example("burn"), "other", "burn"));
    context->policy = policy();
    // Both count until the reload: the old manifest is taken back only then.
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(3);
    until_idle();
    ASSERT_EQ(list().size(), 1U);
    EXPECT_EQ(list()[0].state, ArtifactState::loaded);
    EXPECT_NE(list()[0].manifest, first_digest);
}

TEST_F(ArtifactsTest, WhatItsManifestDoesNotSayIsNotLoaded) {
    const auto elf = test::example("count_packets");
    auto manifest = manifest_of(elf, "counter", "another_name");
    pin("counter", manifest);
    const auto before = test::attached_now();
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].first, ArtifactState::failed);
    EXPECT_EQ(test::attached_now(), before);
    EXPECT_TRUE(context->troubles.stands("artifact-failed"));
}

TEST_F(ArtifactsTest, AProgramInTheLoadersPlaceThatEndsIsAFailure) {
    program = "/bin/true";
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    EXPECT_THAT(told, ElementsAre(Told(ArtifactState::failed, "loader-failed")));
}

// What an operator can do is about the object, of which alone they know.
TEST_F(ArtifactsTest, AnObjectOnWhichTheLoaderCrashesIsRefusedInWordsAboutTheObject) {
    program = BULKHEAD_CRASHING;
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    const auto before = test::attached_now();
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    EXPECT_THAT(told, ElementsAre(Told(ArtifactState::failed, "loader-failed")));
    ASSERT_EQ(list().size(), 1U);
    const auto detail = list()[0].detail.str();
    for (const auto* part : {"crashed on this object", "nothing of it is loaded",
                             "compare it with what its author built"}) {
        EXPECT_THAT(detail, HasSubstr(part));
    }
    EXPECT_THAT(recorded(), HasSubstr(detail)) << "the audit log has the same words";
    EXPECT_TRUE(context->troubles.stands("artifact-failed"));
    EXPECT_EQ(test::attached_now(), before);
}

TEST_F(ArtifactsTest, WithoutALoaderItIsRefusedAndTheReasonSaysWhatToInstall) {
    program = "/nonexistent/bulkhead-loader";
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    begin();
    const auto reply = offer(elf);
    EXPECT_EQ(reply.decision, protocol::Decision::refused);
    EXPECT_EQ(reply.reason.str(), "loader-unusable");
    EXPECT_THAT(reply.detail.str(), HasSubstr("no-loader"));
}

TEST_F(ArtifactsTest, WithoutLandlockNoLoaderStarts) {
    const auto elf = test::example("count_packets");
    pin("counter", manifest_of(elf, "counter", "count"));
    begin();
    until_idle();
    context->landlock_abi = 0;
    const auto reply = offer(elf);
    EXPECT_EQ(reply.reason.str(), "loader-unusable");
    EXPECT_THAT(reply.detail.str(), HasSubstr("has no Landlock"));
}

TEST_F(ArtifactsTest, OneThatNobodyApprovedOrThatIsNotSealedNeverReachesALoader) {
    begin();
    until_idle();
    EXPECT_EQ(offer(test::example("burn")).reason.str(), "not-approved");
    protocol::OfferArtifact request;
    request.elf.fd = sys::Fd(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(offered(request).reason.str(), "not-sealed");
    EXPECT_TRUE(artifacts->idle());
    EXPECT_THAT(recorded(), Not(HasSubstr("artifact-offered")));
}

TEST_F(ArtifactsTest, WithoutTheirPolicyNothingOfAnOfferIsRead) {
    operators.erase("artifacts.policy");
    begin();
    protocol::OfferArtifact request;
    request.elf.fd = sys::Fd(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(offered(request).reason.str(), "artifacts-not-enabled");
    EXPECT_TRUE(artifacts->idle());
    EXPECT_THAT(recorded(), HasSubstr("\"reason\":\"artifacts-not-enabled\""));
}

TEST_F(ArtifactsTest, ABurningOneIsRolledBackAndNotLoadedAgain) {
    const auto elf = test::example("burn");
    auto manifest = manifest_of(elf, "burner", "burn");
    manifest.max_cpu_percent = 1;
    pin("burner", manifest);
    const auto before = test::attached_now();
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    ASSERT_THAT(told, ElementsAre(Told(ArtifactState::loaded, "ok"))) << recorded();
    const auto since = sys::Clock::now();
    until([&] {
        for (int i = 0; i < 20; ++i) test::send_packet();
        return told.size() >= 2;
    });
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1], Told(ArtifactState::rolled_back, "cpu-guard"));
    EXPECT_LT(sys::Clock::now() - since, std::chrono::seconds(35));
    EXPECT_EQ(test::attached_now(), before);
    EXPECT_TRUE(context->troubles.stands("artifact-rolled-back"));
    EXPECT_EQ(offer(elf).reason.str(), "artifact-withdrawn");
}

TEST_F(ArtifactsTest, TheGuardIsNotPutOffByOthersThatFail) {
    const auto elf = test::example("burn");
    auto manifest = manifest_of(elf, "burner", "burn");
    manifest.max_cpu_percent = 1;
    pin("burner", manifest);
    // Each an object of its own, by a byte behind its end.
    std::vector<std::string> failing;
    for (char byte = '1'; byte <= '8'; ++byte) {
        failing.push_back(test::example("count_packets") + byte);
        const auto id = std::string("fails-") + byte;
        pin(id, manifest_of(failing.back(), id, "no_such_program"));
    }
    begin();
    ASSERT_EQ(offer(elf).decision, protocol::Decision::admitted);
    until_told(1);
    const auto since = sys::Clock::now();
    std::size_t offered = 0;
    const auto is_over = [&](const auto& one) { return one.first == ArtifactState::rolled_back; };
    until([&] {
        const auto next = since + std::chrono::seconds(4) * offered;
        if (offered < failing.size() && sys::Clock::now() >= next) offer(failing[offered++]);
        for (int i = 0; i < 20; ++i) test::send_packet();
        return std::ranges::any_of(told, is_over);
    });
    EXPECT_LT(sys::Clock::now() - since, std::chrono::seconds(30));
    EXPECT_GE(offered, 5U) << recorded();
}

// --- what a loader may say

struct PlanTest : test::LoaderTest {
    approval::ArtifactManifest manifest = manifest_of("elf", "counter", "count");
    std::vector<Place> places{{.interface = test::kLoopback, .cgroup = 0}};

    static protocol::ArtifactLoaded answer(const std::string& name, bpf_prog_type type,
                                           bool linked = true) {
        protocol::ArtifactLoaded answer;
        auto& one = answer.programs.items.emplace_back();
        one.program.fd = test::load_program(type, name, 2).value();
        if (linked) {
            one.link.emplace(test::link_program(one.program.fd, BPF_XDP, test::kLoopback).value());
        }
        return answer;
    }
    std::string judged(protocol::ArtifactLoaded said) const {
        const auto taken = take_as_approved(std::move(said), manifest, places, 1);
        return taken ? "" : taken.error().what;
    }
};

TEST_F(PlanTest, WhatIsNotAsApprovedIsNotTaken) {
    EXPECT_EQ(judged(answer("count", BPF_PROG_TYPE_XDP)), "");
    EXPECT_THAT(judged({}), HasSubstr("0 programs came"));
    EXPECT_THAT(judged(answer("other", BPF_PROG_TYPE_XDP)), HasSubstr("it is named"));
    EXPECT_THAT(judged(answer("count", BPF_PROG_TYPE_SCHED_CLS, false)), HasSubstr("of type 3"));
    EXPECT_THAT(judged(answer("count", BPF_PROG_TYPE_XDP, false)), HasSubstr("one attachment"));
    auto filtered = answer("count", BPF_PROG_TYPE_XDP, false);
    filtered.programs.items[0].filter.emplace();
    EXPECT_THAT(judged(std::move(filtered)), HasSubstr("not the one that was planned"));
    auto twice = answer("count", BPF_PROG_TYPE_XDP);
    twice.programs.items[0].program.fd = test::load_program(BPF_PROG_TYPE_XDP, "count", 1).value();
    EXPECT_THAT(judged(std::move(twice)), HasSubstr("another program's"));
    auto file = answer("count", BPF_PROG_TYPE_XDP, false);
    file.programs.items[0].program.fd = sys::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_NE(judged(std::move(file)), "");
    auto swapped = answer("count", BPF_PROG_TYPE_XDP);
    std::swap(swapped.programs.items[0].program.fd, swapped.programs.items[0].link->fd);
    EXPECT_NE(judged(std::move(swapped)), "");
    auto elsewhere = places;
    elsewhere[0].interface = 77;
    const auto taken = take_as_approved(answer("count", BPF_PROG_TYPE_XDP), manifest, elsewhere, 1);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().what, HasSubstr("to interface 1"));
    manifest.drops_map = "dropped";
    EXPECT_THAT(judged(answer("count", BPF_PROG_TYPE_XDP)), HasSubstr("has no map"));
}

TEST(Withdrawn, IsKeptAndATornFileIsAnError) {
    const auto place = test::tree({});
    const auto digest = crypto::sha256(as_bytes("a manifest"));
    auto first = Withdrawn::open(place.open()).value();
    const auto now = sys::now();
    ASSERT_OK(first.add(digest, now + std::chrono::hours(1), "counter", now));
    EXPECT_THAT(Withdrawn::open(place.open())->digests(), ElementsAre(digest));
    const auto later = now + std::chrono::days(40);
    const auto other = crypto::sha256(as_bytes("another"));
    ASSERT_OK(first.add(other, later, "other", later));
    EXPECT_THAT(Withdrawn::open(place.open())->digests(), ElementsAre(other)) << "the old one goes";
    ASSERT_OK(place.open().write_atomic(Withdrawn::kFile, "half a li", 0600));
    EXPECT_FALSE(Withdrawn::open(place.open()));
}

}  // namespace
}  // namespace bulkhead::broker
