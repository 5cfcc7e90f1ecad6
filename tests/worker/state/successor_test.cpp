// Whatever a worker that was taken over has left where the next one keeps something: that one
// starts, keeps what it has to keep, and reports its jobs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "common/base/strong.hpp"
#include "tests/support/poison.hpp"
#include "tests/support/tree.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/inventory_store.hpp"
#include "worker/state/refusal_store.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::array kPlaces{"spool",
                             "spool/1",
                             "spool/probe",
                             "spool/99",
                             "spool/1/meta",
                             "spool/1/checkpoint",
                             "spool/1/stdout",
                             "credentials",
                             "credentials/fleet.credential",
                             "credentials/fleet.credential.new",
                             "credentials/fleet.key",
                             "credentials/other",
                             "inventory",
                             "inventory/fleet.state",
                             "inventory/fleet.state.new",
                             "refusals",
                             "refusals/other"};
// What takes seconds to make.
constexpr std::array kFewPlaces{"spool", "spool/1", "credentials/other", "refusals/other"};
const SpoolLabel kLabel{
    .backend = "fleet", .delivery_id = {"d"}, .job_id = {"j"}, .output_max = 1_MiB};

// A worker's life, as far as its files go.
Result<> live(const sys::Dir& state) {
    const auto credentials = TRY(CredentialStore::open(state));
    static_cast<void>(credentials.load("fleet"));
    TRY(credentials.save("fleet", {.agent_id = "a-1", .credential = Secret("secret-secret")}));
    if (!TRY(credentials.load("fleet"))) return fail("no credential");
    TRY(credentials.save_key("fleet", Secret("key")));
    TRY(credentials.own_id("fleet"));

    const auto inventory = TRY(InventoryStore::open(state));
    static_cast<void>(inventory.load("fleet"));
    TRY(inventory.save("fleet", {.sequence = 7}));
    if (TRY(inventory.load("fleet")).sequence != 7) return fail("no inventory");

    const auto refusals = TRY(RefusalStore::open(state));
    TRY(refusals.keep({"fleet", "d-1", "target", "", ""}));
    if (TRY(refusals.of("fleet")).size() != 1) return fail("no refusal");

    auto spool = TRY(Spool::open(state));
    const JobNumber number{1};
    auto* job = spool.find(number);
    if (job == nullptr) job = TRY(spool.create(number, kLabel));
    TRY(spool.keep_only({number}));
    for (const auto which : {Output::out, Output::err}) TRY(job->end(which));
    if (!job->delivered()) return fail("the job is not reported");
    TRY(spool.remove(number));
    return TRY(TRY(state.open_dir("spool")).list()).empty() ? Result<>() : fail("something stays");
}

// As one that did its work left them, with a job that is not reported.
Result<> live_before(const sys::Dir& state) {
    TRY(live(state));
    auto spool = TRY(Spool::open(state));
    TRY(spool.create(JobNumber{1}, kLabel));
    return {};
}

Result<> lay(const test::Poison& poison, const sys::Dir& state, std::string_view place) {
    const auto slash = std::min(place.rfind('/'), place.size());
    auto dir = TRY(state.open_dir("."));
    auto name = place;
    if (slash != place.size()) {
        dir = TRY(state.open_dir(place.substr(0, slash)));
        name.remove_prefix(slash + 1);
    }
    static_cast<void>(dir.remove_file(name));
    static_cast<void>(dir.remove_tree(name));
    poison.lay(dir, std::string(name));
    return {};
}

using Successor = testing::TestWithParam<test::Poison>;

TEST_P(Successor, LivesWithWhateverWasLeft) {
    const auto places = GetParam().slow ? std::span<const char* const>(kFewPlaces)
                                        : std::span<const char* const>(kPlaces);
    for (const std::string_view place : places) {
        const test::TempDir state;
        const auto wrong = test::as_worker(state.path(), [&]() -> Result<> {
            const auto dir = state.open();
            TRY(within("before", live_before(dir)));
            TRY(lay(GetParam(), dir, place));
            return live(dir);
        });
        EXPECT_EQ(wrong, "") << place;
    }
}

INSTANTIATE_TEST_SUITE_P(OfAll, Successor, testing::ValuesIn(test::all_poison()),
                         [](const auto& one) { return one.param.name; });

TEST(Successor, HasDescriptorsLeftWhateverTheNumberOfJobs) {
    const test::TempDir state;
    const auto wrong = test::as_worker(state.path(), [&]() -> Result<> {
        for (std::uint64_t number = 1; number <= 100; ++number) {
            auto spool = TRY(Spool::open(state.open()));
            TRY(spool.create(JobNumber{number}, kLabel));
            if (number <= 98) continue;
            // Nothing of the others is opened.
            if (spool.jobs().size() > 33) return fail("too many jobs are open");
        }
        return live(state.open());
    });
    EXPECT_EQ(wrong, "");
}

TEST(Successor, DoesNotReadForHoursWhatNoRecordTellsOf) {
    const test::TempDir state;
    const auto wrong = test::as_worker(state.path(), [&]() -> Result<> {
        const auto dir = state.open();
        TRY(live_before(dir));
        const auto file = TRY(dir.open_regular("spool/1/stdout", O_WRONLY));
        TRY(sys::check(::ftruncate(file.get(), off_t{1} << 40), "truncate"));
        return live(dir);
    });
    EXPECT_EQ(wrong, "");
}

}  // namespace
}  // namespace bulkhead::worker
