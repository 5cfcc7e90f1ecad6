// eBPF artifacts: real broker, real loader, and a worker that offers what it likes. In a network of
// the test program's own, with a bpffs of its own.
#include <gmock/gmock.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <thread>

#include "broker/artifacts/bpf.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/malicious_worker/site.hpp"
#include "tests/pair/own_host.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/roots_program.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
namespace bpf = broker::bpf;
using approval::ArtifactManifest;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

void send_packet() {
    const sys::Fd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to{.sin_family = AF_INET,
                         .sin_port = htons(9),
                         .sin_addr = {htonl(INADDR_LOOPBACK)},
                         .sin_zero = {}};
    ::sendto(from.get(), "packet", 6, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

class Artifacts : public Site {
  protected:
    static void SetUpTestSuite() {
        why_not = own_host();
        if (!why_not.empty()) return;
        Site::SetUpTestSuite();
    }
    void SetUp() override {
        if (!why_not.empty()) GTEST_SKIP() << why_not;
        Site::SetUp();
        more_options = {"--loader", roots_program(BULKHEAD_LOADER), "--loader-user", "64201:64201"};
        place().write("policy/artifacts.policy",
                      "allow xdp lo  # test\n"
                      "max-cpu-percent 50  # test\n"
                      "pins allowed  # test\n");
        place().write("policy/allowed_signers",
                      "alice " + alice.line() + "\nbob " + SigningKey("bob").line() + "\n");
        for (const auto& entry : fs::directory_iterator(place() / "policy/approved")) {
            if (entry.path().extension() == ".artifact") fs::remove(entry);
        }
        const auto state = place() / "state/workers/main";
        if (!fs::exists(state)) {  // the broker makes it
            start("idle");
            ASSERT_TRUE(wait_for_audit("worker-confined"));
            stop();
        }
        for (const auto& entry : fs::directory_iterator(state)) {
            if (entry.path().filename().string().starts_with("a-")) fs::remove(entry);
        }
        before = network_state();
    }
    void TearDown() override {
        if (!why_not.empty()) return;
        Site::TearDown();
        fs::remove_all(kPins);
        // The kernel lets go of what was pinned after the name is gone.
        EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience))
            << network_state() << "before:\n"
            << before;
        EXPECT_TRUE(xdp_is_free());
    }

    // Of the example that counts packets.
    ArtifactManifest count() const { return manifest_of(counting, "count"); }

    void approve(const std::string& manifest) {
        place().write("policy/approved/test.artifact", manifest);
    }
    void offer(const std::string& elf, const std::string& manifest = "",
               const std::string& signatures = "", const std::string& name = "a-one") {
        const auto write = [&](const std::string& suffix, const std::string& content) {
            if (!content.empty()) place().write("state/workers/main/" + name + suffix, content);
        };
        write(".elf", elf);
        write(".manifest", manifest);
        write(".signatures", signatures);
    }
    std::string answer(const std::string& name = "a-one") {
        return wait_for_finding("offer-" + name).value_or("no answer");
    }
    // Approves, offers and waits until it is loaded.
    void load(const std::string& elf, const ArtifactManifest& manifest) {
        approve(approval::write_artifact_manifest(manifest));
        offer(elf);
        start("offer");
        ASSERT_EQ(answer(), "admitted");
        ASSERT_TRUE(wait_for_audit("artifact-loaded"));
    }
    json ended() {
        EXPECT_TRUE(wait_for_audit("artifact-ended"));
        const auto all = audit("artifact-ended");
        return all.empty() ? json::object() : all.back();
    }

    inline static std::string why_not;
    const SigningKey alice{"alice"};
    const std::string counting = example("count_packets");
    std::string before;
};

TEST_F(Artifacts, AnApprovedOneIsLoadedAndEndsWithTheBroker) {
    load(counting, count());
    EXPECT_NE(network_state(), before);
    EXPECT_FALSE(xdp_is_free());
    stop();
    EXPECT_EQ(network_state(), before);
}

// --- what nobody approved: the loader never starts

class FlippedBit : public Artifacts {
  protected:
    std::string manifest = approval::write_artifact_manifest(count());
    std::string signatures;
    void SetUp() override {
        Artifacts::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        place().write("policy/approval.policy",
                      "signers ops alice  # test\n"
                      "artifacts need 1 of ops valid-for 30000d  # test\n");
        for (const auto* key : {"alice", "bob"}) {
            signatures +=
                armor(SigningKey(key).sign(manifest, {.name_space = approval::kArtifactNamespace}));
        }
    }
    static std::string flipped(std::string bytes, std::size_t at) {
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        return bytes;
    }
};

TEST_F(FlippedBit, WithoutOneItIsLoaded) {
    offer(counting, manifest, signatures);
    start("offer");
    EXPECT_EQ(answer(), "admitted");
    EXPECT_TRUE(wait_for_audit("artifact-loaded"));
}

TEST_F(FlippedBit, AnywhereMeansThatNothingIsLoaded) {
    const auto digit = manifest.find("elf-sha256 ") + 11;
    const auto reason = manifest.find("a test");
    const auto blob = signatures.find('\n') + 30;
    offer(flipped(counting, 0), manifest, signatures, "a-elf-first");
    offer(flipped(counting, counting.size() / 2), manifest, signatures, "a-elf-middle");
    offer(flipped(counting, counting.size() - 1), manifest, signatures, "a-elf-last");
    offer(counting + '\0', manifest, signatures, "a-elf-longer");
    offer(counting, flipped(manifest, digit), signatures, "a-manifest-digest");
    offer(counting, flipped(manifest, reason), signatures, "a-manifest-reason");
    offer(counting, manifest, flipped(signatures, blob), "a-signature");
    offer(counting, manifest, "", "a-unsigned");
    offer(counting, "", "", "a-without-manifest");
    offer(counting, manifest, armor(alice.sign(manifest, {})), "a-signed-as-a-job");
    offer(counting, manifest,
          armor(SigningKey("mallory").sign(manifest, {.name_space = approval::kArtifactNamespace})),
          "a-by-a-stranger");
    start("offer");
    ASSERT_TRUE(wait_for_finding("offered"));
    EXPECT_THAT(audit("artifact-refused"), SizeIs(11));
    EXPECT_THAT(audit("artifact-offered"), IsEmpty());
    for (const auto& one : audit("artifact-refused")) EXPECT_NE(one["reason"], "") << one;
    stop();
    EXPECT_THAT(audit("artifact-loaded"), IsEmpty());
    EXPECT_THAT(audit("artifact-failed"), IsEmpty());
}

// --- life

// A worker offers at its start, so two brokers are compared.
TEST_F(Artifacts, EachHoldsLittleOfTheBrokersMemory) {
    constexpr std::size_t kMany = 8;
    const ScratchCgroup cgroup;
    place().append("policy/artifacts.policy", "allow cgroup-connect4 " + cgroup.name() +
                                                  "  # test\nmax-artifacts 8  # test\n");
    const auto kib_of_broker = [&] {
        return static_cast<long>(vitals_of(broker().pid()).written_bytes / 1024);
    };
    start("idle");
    ASSERT_TRUE(wait_for_audit("worker-confined"));
    const auto none = kib_of_broker();
    stop();
    const auto guard = example("guard_connect4");
    auto manifest = manifest_of(guard, "guard");
    manifest.programs = {{"guard", approval::ProgramType::cgroup_connect4, cgroup.name()}};
    for (std::size_t i = 0; i < kMany; ++i) {
        manifest.id = "test-" + std::to_string(i);
        place().write("policy/approved/" + manifest.id + ".artifact",
                      approval::write_artifact_manifest(manifest));
        offer(guard, approval::write_artifact_manifest(manifest), "", "a-" + std::to_string(i));
    }
    start("offer");
    ASSERT_TRUE(wait_for_audit("artifact-loaded", kMany));
    const auto all = kib_of_broker();
    std::printf("written by the broker: %ld KiB without an artifact, %ld KiB with %zu\n", none, all,
                kMany);
    EXPECT_LE(all - none, static_cast<long>(kMany * 64));
}

TEST_F(Artifacts, WhatBurnsIsRolledBackWithin25Seconds) {
    const auto burning = example("burn");
    load(burning, manifest_of(burning, "burn"));
    const auto loaded = std::chrono::steady_clock::now();
    while (audit("artifact-ended").empty() && std::chrono::steady_clock::now() - loaded < 40s) {
        send_packet();
        std::this_thread::sleep_for(2ms);
    }
    const auto took = std::chrono::steady_clock::now() - loaded;
    const auto end = ended();
    EXPECT_EQ(end["state"], "rolled-back") << end;
    EXPECT_LT(took, 25s);
    EXPECT_GT(took, 15s) << "one figure above the limit is no two";
    EXPECT_EQ(network_state(), before);
    // The same bytes are not loaded again, whoever offers them.
    stop();
    start("offer");
    EXPECT_NE(answer(), "admitted");
}

TEST_F(Artifacts, OneThatDoesLittleStaysWhileTheGuardLooks) {
    load(counting, count());
    const auto loaded = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - loaded < 22s) {
        send_packet();
        std::this_thread::sleep_for(2ms);
    }
    EXPECT_THAT(audit("artifact-ended"), IsEmpty());
    EXPECT_FALSE(xdp_is_free());
}

TEST_F(Artifacts, ItsTimeToLiveEndsIt) {
    auto short_lived = count();
    short_lived.ttl = 2s;
    load(counting, short_lived);
    const auto end = ended();
    EXPECT_EQ(end["state"], "expired") << end;
    EXPECT_EQ(end["reason"], "ttl-over");
    EXPECT_EQ(network_state(), before);
}

// --- pins

class Pinned : public Artifacts {
  protected:
    ArtifactManifest pinned() const {
        auto made = count();
        made.pin = true;
        return made;
    }
    void kill_broker() {
        broker().signal(SIGKILL);
        EXPECT_TRUE(broker().wait(kPatience));
        forget_broker();
    }
    static bool nothing_is_pinned() { return !fs::exists(kPins) || fs::is_empty(kPins); }
};

TEST_F(Pinned, OneThatIsNotEndsWithABrokerThatIsKilled) {
    load(counting, count());
    kill_broker();
    EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience));
}

TEST_F(Pinned, OneOutlivesAKilledBrokerAndIsAdopted) {
    load(counting, pinned());
    const auto during = network_state();
    kill_broker();
    EXPECT_EQ(network_state(), during);
    start("idle");
    ASSERT_TRUE(wait_for_audit("artifact-adopted"));
    const auto adopted = audit("artifact-adopted")[0];
    EXPECT_EQ(adopted["kept"], true) << adopted;
    EXPECT_EQ(network_state(), during);
    stop();
    EXPECT_EQ(network_state(), during) << "it outlives a clean end too";
    fs::remove_all(kPins);
}

TEST_F(Pinned, OneThatIsApprovedNoLongerIsWithdrawnByTheNextBroker) {
    load(counting, pinned());
    kill_broker();
    fs::remove(place() / "policy/approved/test.artifact");
    start("idle");
    ASSERT_TRUE(wait_for_audit("artifact-adopted"));
    EXPECT_EQ(audit("artifact-adopted")[0]["kept"], false);
    EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience));
    EXPECT_TRUE(nothing_is_pinned());
}

TEST_F(Pinned, OneWhoseTimeRanOutMeanwhileIsWithdrawnByTheNextBroker) {
    auto short_lived = pinned();
    short_lived.ttl = 3s;
    load(counting, short_lived);
    kill_broker();
    std::this_thread::sleep_for(4s);
    EXPECT_NE(network_state(), before) << "nobody ends it while there is no broker";
    start("idle");
    EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience));
    EXPECT_TRUE(nothing_is_pinned());
}

TEST_F(Pinned, AStrangersPinIsRefusedAndStays) {
    ASSERT_TRUE(fs::create_directory(kPins));
    ASSERT_EQ(::chmod(kPins, 0700), 0);
    ASSERT_TRUE(fs::create_directory(std::string(kPins) + "/test"));
    const auto strange = load_program(BPF_PROG_TYPE_XDP, "count", XDP_DROP).value();
    ASSERT_OK(bpf::pin(strange, std::string(kPins) + "/test/program-0"));
    approve(approval::write_artifact_manifest(pinned()));
    offer(counting);
    start("offer");
    ASSERT_TRUE(wait_for_audit("artifact-not-adopted"));
    EXPECT_EQ(audit("artifact-not-adopted")[0]["withdrawn"], false);
    ASSERT_TRUE(wait_for_audit("artifact-failed"));
    EXPECT_EQ(audit("artifact-failed")[0]["reason"], "pin-failed");
    EXPECT_EQ(network_state(), before);
    EXPECT_OK(bpf::get_pinned(std::string(kPins) + "/test/program-0"));
}

TEST_F(Pinned, OneThatSomebodyUnpinsIsUnloaded) {
    load(counting, pinned());
    fs::remove(std::string(kPins) + "/test/map-0");
    EXPECT_EQ(ended()["state"], "drifted");
    EXPECT_EQ(network_state(), before);
    EXPECT_TRUE(nothing_is_pinned());
}

TEST_F(Artifacts, OneThatSomebodyDetachesIsToldAsDrifted) {
    load(counting, count());
    // As `bpftool link detach` does.
    bpf_attr attribute{};
    sys::Fd link;
    for (std::uint32_t id = 0;;) {
        attribute = {};
        attribute.start_id = id;
        if (!sys::bpf_call(BPF_LINK_GET_NEXT_ID, attribute, "next")) break;
        id = attribute.next_id;
        attribute = {};
        attribute.link_id = id;
        auto one = sys::bpf_open(BPF_LINK_GET_FD_BY_ID, attribute, "link");
        const auto info = one ? bpf::link_info(*one) : Result<bpf::LinkInfo>(fail("gone"));
        const auto ids = audit("artifact-loaded")[0].dump();
        if (!info || info->type != BPF_LINK_TYPE_XDP) continue;
        if (ids.find(" id " + std::to_string(info->program_id) + " ") != ids.npos) {
            link = *std::move(one);
        }
    }
    ASSERT_TRUE(link);
    ASSERT_OK(bpf::detach(link));
    link.reset();
    const auto end = ended();
    EXPECT_EQ(end["state"], "drifted") << end;
    EXPECT_THAT(end["detail"].get<std::string>(), HasSubstr("is detached from interface 1"));
}

// --- a broker that is killed at its Nth system call after it admitted the offer

struct Growth {
    std::string path;
    std::uintmax_t size = 0;
    bool grew() {
        std::error_code absent;
        const auto now = fs::file_size(path, absent);
        return !absent && std::exchange(size, now) != now;
    }
};

class KilledBroker : public Pinned {
  protected:
    // False if it was not: the artifact has come and gone.
    bool run_and_kill(int call) {
        start("offer");
        const pid_t pid = broker().pid();
        EXPECT_EQ(::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACESYSGOOD), 0);
        ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
        bool killed = false;
        int stops = 0, status = 0;
        bool counting_calls = false;
        Growth written{place() / "log/audit.log"};
        while (::waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
            const int signal = WSTOPSIG(status);
            const bool call_stop = signal == (SIGTRAP | 0x80);
            if (call_stop && written.grew()) {
                counting_calls = !audit("artifact-offered").empty();
                if (!audit("artifact-ended").empty()) break;
            }
            if (call_stop && counting_calls && ++stops == 2 * call + 1) {
                killed = true;
                break;
            }
            const bool event = (status >> 16) != 0 || call_stop;
            ::ptrace(PTRACE_SYSCALL, pid, nullptr, event ? 0 : signal);
        }
        kill_broker();
        return killed;
    }
    static constexpr int kStep = 23;  // a prime, so that repeated patterns are met at each place
};

TEST_F(KilledBroker, LeavesNothingOfAnArtifactThatIsNotPinned) {
    auto made = count();
    made.ttl = 1s;
    approve(approval::write_artifact_manifest(made));
    offer(counting);
    int runs = 0;
    for (int call = 0; run_and_kill(call); call += kStep, ++runs) {
        ASSERT_TRUE(eventually([&] { return network_state() == before; }, kPatience)) << call;
        ASSERT_TRUE(nothing_is_pinned()) << call;
    }
    EXPECT_GT(runs, 5);
}

TEST_F(KilledBroker, LeavesAPinnedArtifactWholeOrNotAtAll) {
    auto made = pinned();
    made.ttl = 10s;  // longer than a traced broker and the next one take on a busy machine
    approve(approval::write_artifact_manifest(made));
    offer(counting);
    int runs = 0, adopted = 0;
    for (int call = 0; run_and_kill(call); call += kStep, ++runs) {
        start("idle");
        ASSERT_TRUE(wait_for_audit("worker-confined")) << call;
        const auto kept = audit("artifact-adopted");
        if (!kept.empty() && kept[0]["kept"] == true) {
            ++adopted;
            ASSERT_TRUE(wait_for_audit("artifact-ended")) << call;
        }
        stop();
        ASSERT_TRUE(eventually([&] { return network_state() == before; }, kPatience)) << call;
        ASSERT_TRUE(nothing_is_pinned()) << call;
    }
    EXPECT_GT(runs, 5);
    EXPECT_GT(adopted, 0);
}

}  // namespace
}  // namespace bulkhead::test
