// Holds our verdict on signatures against that of ssh-keygen -Y verify itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <span>

#include "common/approval/sshsig.hpp"
#include "common/approval/threshold.hpp"
#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"
#include "common/crypto/sha512.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::approval {
namespace {

using test::armor;
using test::SigningKey;

const UnixTime kNow = parse_utc("2026-08-25T12:00:00Z").value();
constexpr std::string_view kNowOption = "verify-time=20260825120000Z";

class Directory {
  public:
    Directory() {
        auto pattern = (std::filesystem::temp_directory_path() / "bulkhead-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string write(const std::string& name, std::string_view content) const {
        const auto path = path_ + "/" + name;
        std::ofstream(path, std::ios::binary).write(content.data(), std::ssize(content));
        std::filesystem::permissions(path, std::filesystem::perms(0600));
        return path;
    }
    std::string read(const std::string& name) const { return test::content_of(path_ + "/" + name); }

  private:
    std::string path_;
};

pid_t spawn(std::vector<std::string> words, const std::string& input) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(error, 0) << words[0] << ": install openssh-client";
    return error == 0 ? pid : -1;
}

// Runs many and hands each exit to its listener; as many at once as is useful.
class Pool {
  public:
    ~Pool() { finish(); }

    void run(std::vector<std::string> words, const std::string& input,
             std::function<void(bool success)> then) {
        if (waiting_.size() >= 4) reap();
        const auto pid = spawn(std::move(words), input);
        if (pid > 0) waiting_.emplace(pid, std::move(then));
    }
    void finish() {
        while (!waiting_.empty()) reap();
    }

  private:
    void reap() {
        const auto [pid, then] = *waiting_.begin();
        waiting_.erase(waiting_.begin());
        int status = -1;
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        then(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }

    std::map<pid_t, std::function<void(bool)>> waiting_;
};

// Everybody who signs, each with something of their own.
struct Cast {
    std::map<std::string, SigningKey> keys;
    std::vector<std::string> names;
    std::string allowed;
    std::string revoked;

    Cast() {
        const auto add = [&](const std::string& name, std::string_view options,
                             PublicKey::Kind kind = PublicKey::Kind::ed25519) {
            keys.try_emplace(name, name, kind);
            names.push_back(name);
            if (options != "none") {
                allowed += name + " " + std::string(options) + " " + keys.at(name).line() + " x\n";
            }
        };
        add("alice", "");
        add("alice@example.com", "namespaces=\"file,bulkhead-job-v1\"");
        add("token", "", PublicKey::Kind::sk_ed25519);
        add("current", "valid-after=\"20260825120000Z\",valid-before=\"202608260000Z\"");
        add("until-now", "valid-before=\"202608251200Z\"");
        add("early", "valid-after=\"20260825120001Z\"");
        add("expired", "valid-before=\"20260825Z\"");
        add("filer", "namespaces=\"file\"");
        add("revoked", "");
        add("stranger", "none");
        allowed += "second " + keys.at("alice").line() + "\n";
        revoked = "# lost\n" + keys.at("revoked").line() + " x\n";
        names.push_back("second");
    }
};

unsigned char* raw(std::span<std::byte> bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* raw(ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// The same signature with the group's order added to its scalar: less than 2^253, as before, and so
// equal for whoever reduces it.
Bytes with_larger_scalar(Bytes blob) {
    constexpr std::string_view kOrder =
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    const auto order = parse_hex(kOrder).value();
    ::sodium_add(raw(std::span(blob).last(32)), raw(order), order.size());
    return blob;
}

// A signature that only who has the private key can make, with the neutral element for R.
Bytes with_small_r(const SigningKey& key, Bytes blob, std::string_view message) {
    std::array<unsigned char, 64> hash{};
    const auto seed = crypto::sha256(as_bytes("alice"));  // as SigningKey makes it
    ::crypto_hash_sha512(hash.data(), raw(ByteView(seed)), seed.size());
    std::array<unsigned char, 32> secret{};
    std::copy_n(hash.begin(), 32, secret.begin());
    secret[0] &= 248;
    secret[31] = static_cast<unsigned char>((secret[31] & 63) | 64);
    std::string challenge = std::string(1, '\1') + std::string(31, '\0');
    challenge += as_text(key.public_key().point);
    challenge += "SSHSIG" + ssh_string(kNamespace) + ssh_string("") + ssh_string("sha512") +
                 ssh_string(as_text(crypto::sha512(as_bytes(message))));
    const auto digest = crypto::sha512(as_bytes(challenge));
    std::array<unsigned char, 32> reduced{};
    ::crypto_core_ed25519_scalar_reduce(reduced.data(), raw(ByteView(digest)));
    const auto signature = std::span(blob).last(64);
    std::ranges::copy(as_bytes(challenge).first(32), signature.begin());
    ::crypto_core_ed25519_scalar_mul(raw(signature.last(32)), reduced.data(), secret.data());
    return blob;
}

class SshKeygen : public testing::Test {
  protected:
    bool ours(std::string_view armored, std::string_view message, const std::string& principal) {
        const auto blobs = dearmor(armored);
        if (!blobs || blobs->size() != 1) return false;
        const std::vector<std::string> members{principal};
        return count_approvers(message, *blobs, allowed_,
                               {.quotas = {{1, members}}, .author = "nobody"}, kNow)
                   .approvers == members;
    }

    std::vector<std::string> verify(const std::string& signature, const std::string& principal) {
        return {"ssh-keygen",
                "-Y",
                "verify",
                "-f",
                allowed_path_,
                "-r",
                revoked_path_,
                "-I",
                principal,
                "-n",
                std::string(kNamespace),
                "-O",
                std::string(kNowOption),
                "-s",
                signature};
    }

    Directory directory_;
    Cast cast_;
    std::string allowed_path_ = directory_.write("allowed_signers", cast_.allowed);
    std::string revoked_path_ = directory_.write("revoked_signers", cast_.revoked);
    AllowedSigners allowed_ = [&] {
        auto signers = parse_allowed_signers(cast_.allowed).value();
        signers.revoked = parse_revoked_signers(cast_.revoked).value();
        return signers;
    }();
    Pool pool_;
};

TEST_F(SshKeygen, GivesTheSameVerdictOnTenThousandSignatures) {
    std::mt19937 random(20260825);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    const auto flip = [&](auto& bytes) {
        using Byte = std::remove_reference_t<decltype(bytes[0])>;
        auto& byte = bytes[below(bytes.size())];
        byte = static_cast<Byte>(static_cast<unsigned>(byte) ^ (1U << below(8)));
    };
    constexpr std::string_view kBase64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    int accepted = 0;
    int differ = 0;
    const int rounds = 10'000;
    for (int round = 0; round < rounds; ++round) {
        const auto name = cast_.names[below(cast_.names.size())];
        const auto& key = cast_.keys.at(name == "second" ? "alice" : name);
        auto principal = below(20) == 0 ? cast_.names[below(cast_.names.size())] : name;
        std::string message(below(300), '\0');
        for (auto& c : message) c = static_cast<char>(random());

        auto blob = key.sign(message);
        const auto kind = below(10);
        if (kind == 0) blob = key.sign(message, {.name_space = below(2) == 0 ? "file" : ""});
        if (kind == 1) flip(blob);
        if (kind == 2) blob.resize(below(blob.size()));
        if (kind == 3) blob.push_back(std::byte{0});
        if (kind == 4) message += "\n";
        auto text = armor(blob);
        if (kind == 5) {
            // Another base64 digit where one stands: the lines stay as they are.
            const auto at = text.find('\n') + 1 + below(200);
            if (kBase64.contains(text[at])) text[at] = kBase64[below(64)];
        }
        if (kind == 6) text[below(29)] ^= static_cast<char>(1 << below(7));  // BEGIN line
        if (kind == 7) text.resize(text.size() - 2 - below(30));             // END line
        // The other cases stay undamaged.

        const auto n = std::to_string(round);
        const auto signature = directory_.write(n + ".sig", text);
        const auto input = directory_.write(n, message);
        const bool us = ours(text, message, principal);
        accepted += us ? 1 : 0;
        pool_.run(verify(signature, principal), input,
                  [us, kind, name, n, signature, input, &differ](bool them) {
                      if (us == them) {
                          std::filesystem::remove(signature);
                          std::filesystem::remove(input);
                          return;
                      }
                      ++differ;
                      ADD_FAILURE() << "case " << n << " of kind " << kind << " by " << name
                                    << ": we say " << us << ", ssh-keygen " << them;
                  });
    }
    pool_.finish();
    EXPECT_EQ(differ, 0);
    // Of the ten kinds some three are undamaged, and half of the signers are allowed.
    EXPECT_GT(accepted, rounds / 10);
    EXPECT_LT(accepted, rounds / 2);
}

// Armor as editors, mail programs and clipboards leave it.
TEST_F(SshKeygen, GivesTheSameVerdictOnDamagedArmor) {
    const unsigned seed = 20261201;
    std::mt19937 random(seed);
    const auto plain = cast_.keys.at("alice").armored("m");
    const std::string_view last_words = "END SSH SIGNATURE-----";
    const std::vector<std::string> inserts{"\n", "\r\n", "\r",     " ",        "\t",
                                           "\v", "\f",   "  \n\n", "\xc2\xa0", "\xef\xbb\xbf",
                                           "=",  "-",    "A"};
    const auto input = directory_.write("m", "m");
    int accepted = 0;
    for (int round = 0; round < 400; ++round) {
        auto text = plain;
        // Any place, and as often the end of a line or the start of the next.
        auto at = random() % (plain.size() + 1);
        if (random() % 2 == 0) at = plain.find('\n', at % (plain.size() - 1)) + random() % 2;
        text.insert(at, inserts[random() % inserts.size()]);
        if (random() % 3 == 0) text.pop_back();
        const auto end = text.find(last_words);
        const bool more =
            end != text.npos &&
            text.find_first_not_of(" \t\n\v\f\r", end + last_words.size()) != text.npos;
        if (more) continue;  // text after the end: below
        const bool us = ours(text, "m", "alice");
        accepted += us ? 1 : 0;
        pool_.run(verify(directory_.write(std::to_string(round) + ".sig", text), "alice"), input,
                  [us, text](bool them) {
                      EXPECT_EQ(us, them) << "we say " << us << " to\n" << text;
                  });
    }
    pool_.finish();
    EXPECT_GT(accepted, 100);
    EXPECT_LT(accepted, 350);
}

// Where we refuse what ssh-keygen takes, we do so knowingly.
TEST_F(SshKeygen, IsLessStrictInTheseWays) {
    const auto& alice = cast_.keys.at("alice");
    const auto& token = cast_.keys.at("token");
    const auto plain = alice.armored("m");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"alice", armor(alice.sign("m", {.hash = "sha256"}))},
        {"token", armor(token.sign("m", {.flags = 0}))},  // nobody touched it
        {"alice", plain + "text after the end\n"},
        {"alice", std::string(plain).insert(plain.rfind("\n-----END"), 1, '\0')},
        // libsodium's: no other encoding of a signature that stands, and no point of small order.
        {"alice", armor(with_larger_scalar(alice.sign("m")))},
        {"alice", armor(with_small_r(alice, alice.sign("m"), "m"))},
    };
    const auto input = directory_.write("m", "m");
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& [principal, text] = cases[i];
        EXPECT_FALSE(ours(text, "m", principal)) << i;
        pool_.run(verify(directory_.write(std::to_string(i) + ".sig", text), principal), input,
                  [i](bool them) { EXPECT_TRUE(them) << i; });
    }
    pool_.finish();
}

// Of these nobody has to know a private key: R is the base point and the scalar is 1.
TEST_F(SshKeygen, TakesAKeyOfSmallOrderAndWeDoNot) {
    PublicKey neutral;
    neutral.point = {std::byte{1}};
    const auto line = "nobody ssh-ed25519 " + to_base64(as_bytes(key_blob(neutral))) + "\n";
    const auto ours = parse_allowed_signers(line);
    ASSERT_TRUE(ours && ours->refused.size() == 1);
    EXPECT_EQ(ours->refused[0].why,
              "key: a point of small order: signatures by it can be made without a private key");
    auto blob = cast_.keys.at("alice").sign("m");
    const auto& point = cast_.keys.at("alice").public_key().point;
    std::ranges::copy(neutral.point,
                      std::search(blob.begin(), blob.end(), point.begin(), point.end()));
    const auto signature = std::span(blob).last(64);
    std::ranges::fill(signature, std::byte{0x66});
    std::ranges::fill(signature.last(32), std::byte{0});
    signature[0] = std::byte{0x58};
    signature[32] = std::byte{1};
    EXPECT_EQ(match_sshsig(blob, neutral, "m"), Match::invalid) << "even if it were listed";
    allowed_path_ = directory_.write("allowed_signers", line);
    pool_.run(verify(directory_.write("forged.sig", armor(blob)), "nobody"),
              directory_.write("m", "m"), [](bool them) { EXPECT_TRUE(them); });
    pool_.finish();
}

// Lines of allowed_signers as people, editors and other programs write them. Whoever counts here
// counts for ssh-keygen; of `alike` that has to be so the other way round, too.
TEST_F(SshKeygen, ReadsEachLineOfAllowedSignersThatCountsAlike) {
    const unsigned seed = 20261130;
    std::mt19937 random(seed);
    const auto one_of = [&](const std::vector<std::string>& choices) {
        return choices[random() % choices.size()];
    };
    const std::string ssh_rsa =
        "ssh-rsa "
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQCK97d9tw8Xm4/+nTMko+iJOSp5DvlcmwCPCaIDWa75bSGU"
        "SbTWAV6LaTVxhtCTStk+hXSUs6l5eR4gzHwg0928fc/OaZQGyIBbnmbfRSOciZCN3MY+1rhJU/jH"
        "OL4Ocj+uOnHjb0NUoYyNo81ze5o7upBqJv0ccg9oLsnSQ7Dp9PDtmZMfSHpvzD8mRT7wGRepw7GZ"
        "Lg3H3gxESFh39diVz7gLLWlC6LfjieRCaak2wBzGHqh3O5qJJExa3G3/FZL6oo03t8lTPDiEAGA3"
        "iqjHL/MTSvOs7dM+KaS1uqiWCExOOtPzhOWfNwLk09Q5pPWSWbRJYs2otM/K1XWAg9Qn"
        " old";
    const auto& alice = cast_.keys.at("alice");
    const auto& bob = cast_.keys.at("current");
    const std::string message = "m";
    const auto input = directory_.write("m", message);
    const auto signature = alice.armored(message);
    const auto signature_path = directory_.write("m.sig", signature);
    int good = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = one_of({"", "", "# B\xc3\xbcro\r\n", "\n", "\r\n", " \t\n"});
        const auto lines = 1 + random() % 3;
        for (unsigned i = 0; i < lines; ++i) {
            text += one_of({"alice", "alice", "alice", "bob", "alice,bob", "\"alice\"", "al*",
                            "!alice", "*", "\"alice", "Alice", "al\"ice\"", "bob,!alice,*"}) +
                    one_of({" ", "\t", "  ", "\r"}) +
                    one_of({"",
                            "",
                            "",
                            "namespaces=\"bulkhead-job-v1\" ",
                            "NameSpaces=\"file,bulkhead-job-v1\" ",
                            "namespaces=\"file\" ",
                            "namespaces=\"*\" ",
                            "valid-before=\"20270101Z\" ",
                            "valid-before=\"20270101z\" ",
                            "valid-before=\"202701010000UTC\" ",
                            "VALID-AFTER=\"20270101Z\" ",
                            "valid-before=\"20270101\" ",
                            "cert-authority ",
                            "Cert-Authority,namespaces=\"x\" ",
                            "new=\"x\" ",
                            "namespaces=\"a b\" ",
                            ",",
                            "namespaces=\"bulkhead-job-v1\", ",
                            "namespaces=\"a\",namespaces=\"bulkhead-job-v1\" ",
                            "valid-after=\"19700101Z\" ",
                            "no-touch-required "}) +
                    one_of({alice.line(), alice.line(), bob.line(), ssh_rsa, "ssh-ed25519 AAAA",
                            "ssh-ed25519", alice.line().substr(0, 60), "x " + alice.line()}) +
                    one_of({"", " comment", " B\xc3\xbcro", "\t# x", " \x01"}) +
                    one_of({"\n", "\n", "\r\n", i + 1 == lines ? "" : "\n"});
        }
        allowed_ = parse_allowed_signers(text).value();
        const bool us = ours(signature, message, "alice");
        good += us ? 1 : 0;
        const auto path = directory_.write("signers-" + std::to_string(round), text);
        allowed_path_ = path;
        if (!us) continue;
        pool_.run(verify(signature_path, "alice"), input, [text, seed](bool them) {
            EXPECT_TRUE(them) << "seed " << seed << ", ssh-keygen refuses: " << text;
        });
    }
    pool_.finish();
    EXPECT_GT(good, 100) << "seed " << seed;
    const std::vector<std::string> alike{
        "alice " + alice.line(),
        "alice " + alice.line() + "\r\n",
        "# B\xc3\xbcro\r\n\r\nalice " + alice.line() + " B\xc3\xbcro\r\n",
        "alice NAMESPACES=\"bulkhead-job-v1\",Valid-Before=\"20270101z\" " + alice.line() + "\n",
        "alice valid-before=\"20270101utc\" " + alice.line() + "\n",
        "bob " + ssh_rsa + "\nalice " + alice.line() + "\n",
        "bob new-option=\"x\" " + bob.line() + "\nalice " + alice.line() + "\n",
        "\"alice\" " + alice.line() + "\n",
        "alice\t \t" + alice.line() + "\t\n"};
    for (std::size_t i = 0; i < alike.size(); ++i) {
        allowed_ = parse_allowed_signers(alike[i]).value();
        EXPECT_TRUE(ours(signature, message, "alice")) << alike[i];
        allowed_path_ = directory_.write("alike-" + std::to_string(i), alike[i]);
        pool_.run(verify(signature_path, "alice"), input,
                  [line = alike[i]](bool them) { EXPECT_TRUE(them) << line; });
    }
    pool_.finish();
}

// What ssh-keygen finds revoked is revoked here, or the list is not taken at all. Its lists are of
// lines that ssh-keygen can read; where it cannot, it takes no signature.
TEST_F(SshKeygen, RevokesNoKeyThatCountsHere) {
    const unsigned seed = 20261201;
    std::mt19937 random(seed);
    const auto one_of = [&](const std::vector<std::string>& choices) {
        return choices[random() % choices.size()];
    };
    const auto& alice = cast_.keys.at("alice");
    const auto input = directory_.write("m", "m");
    const auto signature = alice.armored("m");
    const auto path = directory_.write("m.sig", signature);
    int free = 0;
    for (int round = 0; round < 600; ++round) {
        std::string text = one_of({"", "# B\xc3\xbcro\r\n", "\n"});
        const auto lines = 1 + random() % 3;
        for (unsigned i = 0; i < lines; ++i) {
            text += one_of({"", "", " ", "\t", "# ", "#"}) +
                    one_of({alice.line(), cast_.keys.at("filer").line(),
                            cast_.keys.at("token").line()}) +
                    one_of({"", " alice", " B\xc3\xbcro", " # x", " \x01"}) +
                    one_of({"\n", "\n", "\r\n", ""});
        }
        const auto revoked = parse_revoked_signers(text);
        allowed_.revoked = revoked.value_or(Revocations{});
        if (!revoked || !ours(signature, "m", "alice")) continue;
        ++free;
        revoked_path_ = directory_.write("revoked-" + std::to_string(round), text);
        pool_.run(verify(path, "alice"), input, [text, seed](bool them) {
            EXPECT_TRUE(them) << "seed " << seed << ", revoked for ssh-keygen alone: " << text;
        });
    }
    pool_.finish();
    EXPECT_GT(free, 50) << "seed " << seed;
}

TEST_F(SshKeygen, SignsWhatWeAccept) {
    for (const auto* name : {"alice", "alice@example.com", "current"}) {
        const auto key = directory_.write(name, cast_.keys.at(name).private_file());
        for (const auto* message : {"", "m", "bulkhead-job v1\nend\n"}) {
            const auto input = directory_.write("message", message);
            bool signed_it = false;
            pool_.run({"ssh-keygen", "-Y", "sign", "-f", key, "-n", std::string(kNamespace), input},
                      "/dev/null", [&](bool them) { signed_it = them; });
            pool_.finish();
            ASSERT_TRUE(signed_it);
            const auto text = directory_.read("message.sig");
            EXPECT_EQ(text, cast_.keys.at(name).armored(message));  // Ed25519 is deterministic
            EXPECT_TRUE(ours(text, message, name));
            std::filesystem::remove(input + ".sig");
        }
    }
}

}  // namespace
}  // namespace bulkhead::approval
