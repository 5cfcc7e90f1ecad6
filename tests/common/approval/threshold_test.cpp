#include "common/approval/threshold.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "common/approval/sshsig.hpp"
#include "tests/common/approval/signing.hpp"

namespace bulkhead::approval {
namespace {

using test::SigningKey;

constexpr std::string_view kManifest = "the manifest";
const UnixTime kNow = parse_utc("2026-08-25T12:00:00Z").value();

using Kind = PublicKey::Kind;

const SigningKey& key_of(const std::string& name, Kind kind = Kind::ed25519) {
    static std::map<std::pair<std::string, Kind>, SigningKey> keys;
    return keys.try_emplace({name, kind}, name, kind).first->second;
}

// A line of allowed_signers, in the words of the reference model.
struct Line {
    std::vector<std::string> principals;
    std::string key;
    bool expired = false;
    bool other_namespace = false;
};

struct World {
    std::vector<Line> lines;
    std::vector<std::string> revoked;  // keys
    std::vector<std::string> group;    // principals
    std::vector<std::string> second;   // principals of another group
    unsigned need = 1;                 // people of `group`
    unsigned need_of_second = 0;
    std::string author = "nobody";
    bool author_counts = false;
    bool hardware = false;
    bool verified = false;
    std::vector<std::string> tokens;           // keys that are in a token
    unsigned flags = 1;                        // of these tokens
    std::vector<std::string> signed_by;        // keys
    std::vector<std::string> signed_as_file;   // keys, but in the namespace "file"
    std::vector<std::string> signed_elsewhat;  // keys, but other bytes
};

template <class T>
bool holds(const std::vector<T>& list, const T& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

Count count(const World& world) {
    const auto kind_of = [&](const std::string& key) {
        return holds(world.tokens, key) ? Kind::sk_ed25519 : Kind::ed25519;
    };
    AllowedSigners allowed;
    for (const auto& line : world.lines) {
        AllowedSigner signer{.principals = line.principals,
                             .key = key_of(line.key, kind_of(line.key)).public_key()};
        if (line.expired) signer.valid_before = kNow - std::chrono::seconds(1);
        if (line.other_namespace) signer.namespaces = {"file"};
        allowed.signers.push_back(signer);
    }
    for (const auto& key : world.revoked) allowed.revoked.keys.push_back(key_of(key).public_key());
    std::vector<Bytes> blobs;
    for (const auto& key : world.signed_by) {
        blobs.push_back(key_of(key, kind_of(key)).sign(kManifest, {.flags = world.flags}));
    }
    for (const auto& key : world.signed_as_file) {
        blobs.push_back(key_of(key).sign(kManifest, {.name_space = "file"}));
    }
    for (const auto& key : world.signed_elsewhat) blobs.push_back(key_of(key).sign("other"));
    return count_approvers(
        kManifest, blobs, allowed,
        {.quotas = {{world.need, world.group}, {world.need_of_second, world.second}},
         .author = world.author,
         .author_counts = world.author_counts,
         .hardware = world.hardware,
         .verified = world.verified},
        kNow);
}

using Pair = std::pair<std::string, std::string>;  // principal, key

// The most pairs of which no two share a principal or a key, by trying every choice.
std::size_t best(const std::vector<Pair>& pairs, std::size_t from, std::set<std::string> people,
                 std::set<std::string> keys) {
    if (from == pairs.size()) return people.size();
    auto most = best(pairs, from + 1, people, keys);
    const auto& [principal, key] = pairs[from];
    if (people.insert(principal).second && keys.insert(key).second) {
        most = std::max(most, best(pairs, from + 1, people, keys));
    }
    return most;
}

std::vector<Pair> good_pairs(const World& world) {
    std::set<Pair> pairs;
    for (const auto& key : world.signed_by) {
        if (holds(world.revoked, key)) continue;
        bool authors = false;
        for (const auto& line : world.lines) {
            authors |= line.key == key && holds(line.principals, world.author);
        }
        if (authors && !world.author_counts) continue;
        for (const auto& line : world.lines) {
            if (line.key != key || line.expired || line.other_namespace) continue;
            for (const auto& principal : line.principals) {
                if (holds(world.group, principal) || holds(world.second, principal)) {
                    pairs.emplace(principal, key);
                }
            }
        }
    }
    return {pairs.begin(), pairs.end()};
}

std::size_t reference(const World& world) { return best(good_pairs(world), 0, {}, {}); }

// The most seats of both groups that can be taken, by trying every choice.
unsigned most_seats(const World& world, const std::vector<Pair>& pairs, std::size_t from,
                    unsigned first, unsigned second, std::set<std::string> used) {
    if (from == pairs.size()) return first + second;
    auto most = most_seats(world, pairs, from + 1, first, second, used);
    const auto& [principal, key] = pairs[from];
    if (!used.insert("p " + principal).second || !used.insert("k " + key).second) return most;
    if (first < world.need && holds(world.group, principal)) {
        most = std::max(most, most_seats(world, pairs, from + 1, first + 1, second, used));
    }
    if (second < world.need_of_second && holds(world.second, principal)) {
        most = std::max(most, most_seats(world, pairs, from + 1, first, second + 1, used));
    }
    return most;
}

World five() {
    World world;
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        world.lines.push_back({{name}, "key-" + std::string(name)});
        world.group.push_back(name);
    }
    return world;
}

// Every subset of five signers, in worlds that each have one irregularity.
TEST(Threshold, SubsetsOfFiveSignersCountAsTheReferenceSays) {
    std::vector<World> worlds(9, five());
    worlds[1].lines[1].key = "key-a";            // one key of two people
    worlds[2].lines[1].principals = {"a"};       // two keys of one person
    worlds[3].author = "c";                      //
    worlds[4].author = "c";                      //
    worlds[4].author_counts = true;              //
    worlds[5].revoked = {"key-d"};               //
    worlds[6].lines[3].expired = true;           //
    worlds[7].lines[3].other_namespace = true;   //
    worlds[8].lines[0].principals = {"a", "b"};  // one key of two, and one has another
    int cases = 0;
    for (auto& world : worlds) {
        for (unsigned subset = 0; subset < 32; ++subset) {
            world.signed_by.clear();
            for (unsigned i = 0; i < 5; ++i) {
                if ((subset >> i & 1) != 0) world.signed_by.push_back(world.lines[i].key);
            }
            const auto got = count(world).approvers.size();
            const auto expected = reference(world);
            for (std::size_t need = 1; need <= 5; ++need, ++cases) {
                ASSERT_EQ(got >= need, expected >= need) << "subset " << subset;
            }
        }
    }
    EXPECT_EQ(cases, 9 * 32 * 5);
}

TEST(Threshold, RandomWorldsCountAsTheReferenceSays) {
    std::mt19937 random(20260825);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    const auto person = [&] { return std::string(1, static_cast<char>('a' + random() % 5)); };
    const auto key = [&] { return "key-" + std::to_string(random() % 5); };
    std::map<std::size_t, int> seen;
    for (int round = 0; round < 3000; ++round) {
        World world;
        for (auto lines = 2 + random() % 6; lines > 0; --lines) {
            Line line{{person()}, key(), chance(10), chance(10)};
            if (chance(30)) line.principals.push_back(person());
            world.lines.push_back(line);
        }
        for (const auto* name : {"a", "b", "c", "d", "e"}) {
            if (chance(85)) world.group.push_back(name);
        }
        if (chance(15)) world.revoked.push_back(key());
        if (chance(40)) world.author = person();
        world.author_counts = chance(30);
        for (auto signatures = random() % 7; signatures > 0; --signatures) {
            (chance(10)   ? world.signed_as_file
             : chance(10) ? world.signed_elsewhat
                          : world.signed_by)
                .push_back(key());
        }
        const auto expected = reference(world);
        ASSERT_EQ(count(world).approvers.size(), expected) << "round " << round;
        ++seen[expected];
    }
    // The generator is worth something only if it reaches every size often.
    for (std::size_t size = 0; size <= 3; ++size) EXPECT_GT(seen[size], 50) << size;
}

TEST(Threshold, OfTwoGroupsEachPersonFillsOneSeatAsTheReferenceSays) {
    std::mt19937 random(20261130);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    const auto person = [&] { return std::string(1, static_cast<char>('a' + random() % 5)); };
    std::map<unsigned, int> seen;
    for (int round = 0; round < 3000; ++round) {
        World world;
        for (auto lines = 3 + random() % 5; lines > 0; --lines) {
            Line line{{person()}, "key-" + std::to_string(random() % 6)};
            if (chance(25)) line.principals.push_back(person());
            world.lines.push_back(line);
        }
        for (const auto* name : {"a", "b", "c", "d", "e"}) {
            if (chance(60)) world.group.push_back(name);
            if (chance(60)) world.second.push_back(name);
        }
        world.need = random() % 4;
        world.need_of_second = random() % 4;
        if (chance(20)) world.author = person();
        for (int key = 0; key < 6; ++key) {
            if (chance(75)) world.signed_by.push_back("key-" + std::to_string(key));
        }
        const auto expected = most_seats(world, good_pairs(world), 0, 0, 0, {});
        const auto filled = count(world).filled;
        ASSERT_EQ(filled[0] + filled[1], expected) << "round " << round;
        ASSERT_TRUE(filled[0] <= world.need && filled[1] <= world.need_of_second);
        ++seen[expected];
    }
    for (unsigned seats = 0; seats <= 4; ++seats) EXPECT_GT(seen[seats], 20) << seats;
}

TEST(Threshold, WhoIsInBothGroupsIsSeatedWhereOneIsMissing) {
    World world;
    world.lines = {{{"a"}, "key-a"}, {{"b"}, "key-b"}};
    world.group = {"a", "b"};
    world.second = {"a"};
    world.need_of_second = 1;
    world.signed_by = {"key-a", "key-b"};
    EXPECT_THAT(count(world).filled, testing::ElementsAre(1, 1));
    world.signed_by = {"key-a"};
    EXPECT_THAT(count(world).filled, testing::ElementsAre(1, 0));
    world.second = {"a", "b"};
    world.lines[1].key = "key-a";  // one key of two people is one person
    EXPECT_THAT(count(world).filled, testing::ElementsAre(1, 0));
}

TEST(Threshold, TheAuthorHasSignedOnlyByAKeyThatIsHisNow) {
    auto world = five();
    world.author = "b";
    world.signed_by = {"key-a"};
    EXPECT_EQ(count(world).author, Standing::unknown);
    world.signed_by = {"key-a", "key-b"};
    EXPECT_EQ(count(world).author, Standing::author);
    world.group = {"a"};
    EXPECT_EQ(count(world).author, Standing::authorship);
    world.author_counts = true;
    EXPECT_EQ(count(world).author, Standing::authorship);
    world.group = {"a", "b"};
    EXPECT_EQ(count(world).author, Standing::good);
    world.lines[1].expired = true;
    EXPECT_EQ(count(world).author, Standing::not_valid);
    // Valid under another name, the author's key proves nothing of the author and counts for
    // nobody.
    world.lines.push_back({{"c"}, "key-b"});
    world.group.push_back("c");
    world.author_counts = false;
    EXPECT_EQ(count(world).author, Standing::not_valid);
    EXPECT_THAT(count(world).approvers, testing::ElementsAre("a"));
    world.lines.pop_back();
    world.lines[1].expired = false;
    world.revoked = {"key-b"};
    EXPECT_EQ(count(world).author, Standing::revoked);
}

TEST(Threshold, SoftwareKeysAndTokensThatAskedNobodyDoNotCountWherePolicySaysSo) {
    auto world = five();
    world.author = "b";
    world.signed_by = {"key-a", "key-b"};
    world.hardware = true;
    EXPECT_EQ(count(world).author, Standing::not_hardware);
    EXPECT_EQ(count(world).signatures[0].standing, Standing::not_hardware);
    world.tokens = {"key-a", "key-b"};
    EXPECT_EQ(count(world).signatures[0].standing, Standing::good);
    EXPECT_EQ(count(world).author, Standing::author);
    world.verified = true;
    EXPECT_EQ(count(world).signatures[0].standing, Standing::not_verified);
    EXPECT_EQ(count(world).author, Standing::not_verified);
    world.flags = 4;  // verified and not touched: no valid signature at all
    EXPECT_EQ(count(world).signatures[0].standing, Standing::invalid);
    world.flags = 5;
    EXPECT_EQ(count(world).signatures[0].standing, Standing::good);
    EXPECT_EQ(count(world).author, Standing::author);
    world.hardware = false;
    world.tokens = {};
    EXPECT_EQ(count(world).signatures[0].standing, Standing::not_verified);
}

TEST(Threshold, TheMatchingMovesPeopleBetweenTheirKeys) {
    // "a" could take either key; only if it leaves the first to "b" do both count.
    World world;
    world.lines = {{{"a"}, "key-1"}, {{"a"}, "key-2"}, {{"b"}, "key-1"}};
    world.group = {"a", "b"};
    world.signed_by = {"key-1", "key-2"};
    EXPECT_THAT(count(world).approvers, testing::ElementsAre("a", "b"));
}

TEST(Threshold, TheAuthorsKeyUnderASecondNameDoesNotCount) {
    World world;
    world.lines = {{{"alice", "alice@example.com"}, "key-1"}, {{"bob"}, "key-2"}};
    world.group = {"alice@example.com", "bob"};
    world.author = "alice";
    world.signed_by = {"key-1", "key-2"};
    EXPECT_THAT(count(world).approvers, testing::ElementsAre("bob"));
}

TEST(Threshold, EachSignatureIsToldItsStanding) {
    auto world = five();
    world.group = {"a", "b", "c", "d"};
    world.author = "b";
    world.revoked = {"key-c"};
    world.lines[3].expired = true;
    world.signed_by = {"key-a", "key-b", "key-c", "key-d", "key-e", "key-z"};
    world.signed_as_file = {"key-a"};
    world.signed_elsewhat = {"key-a"};
    std::vector<Standing> standings;
    const auto result = count(world);
    for (const auto& signature : result.signatures) standings.push_back(signature.standing);
    EXPECT_THAT(standings,
                testing::ElementsAre(Standing::good, Standing::author, Standing::revoked,
                                     Standing::not_valid, Standing::not_in_group, Standing::unknown,
                                     Standing::unknown, Standing::invalid));
    EXPECT_EQ(result.signatures[0].principals, "a");
    EXPECT_EQ(result.signatures[0].fingerprint, fingerprint(key_of("key-a").public_key()));
    EXPECT_EQ(result.signatures[5].fingerprint, "");
}

TEST(Threshold, OfSeveralLinesForAKeyTheOneThatHelpsCounts) {
    World world;
    world.lines = {{{"a"}, "key-1", true}, {{"a"}, "key-1"}, {{"a"}, "key-1", true}};
    world.group = {"a"};
    world.signed_by = {"key-1"};
    EXPECT_EQ(count(world).signatures[0].standing, Standing::good);
    EXPECT_THAT(count(world).approvers, testing::ElementsAre("a"));
}

}  // namespace
}  // namespace bulkhead::approval
