// What stands on the wire and in the files of NATS.
#include "worker/backend/nats/nats_protocol.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/worker/backend/nats/nats_keys.hpp"
#include "worker/backend/nats/nats_url.hpp"

namespace bulkhead::worker {
namespace {

using test::NatsKey;
using test::NatsRole;

std::string why(const auto& result) { return result ? "" : result.error().what; }

TEST(NatsUrl, IsOneServerWithItsPort) {
    const auto plain = parse_nats_url("tls://nats.example");
    ASSERT_OK(plain);
    EXPECT_EQ(plain->place(), "nats.example:4222");
    EXPECT_TRUE(plain->tls);
    EXPECT_EQ(parse_nats_url("nats://nats.example:80")->port, 80);
    EXPECT_EQ(parse_nats_url("tls://[2001:db8::1]")->place(), "[2001:db8::1]:4222");
    EXPECT_EQ(parse_nats_url("tls://[2001:db8::1]:5222/")->port, 5222);
    for (const char* text : {"nats.example", "https://nats.example", "tls://u:p@nats.example",
                             "tls://a,tls://b", "tls://a/b", "tls://", "tls://a:0", "tls://a:70000",
                             "tls://a?b", "ws://a", "TLS://a b"}) {
        EXPECT_FALSE(parse_nats_url(text)) << text;
    }
}

TEST(NatsUrl, PlainTextStaysOnThisHostUnlessTheSettingsSaySo) {
    EXPECT_OK(parse_telemetry_url("nats://127.0.0.1", false));
    EXPECT_OK(parse_telemetry_url("nats://localhost", false));
    EXPECT_OK(parse_telemetry_url("tls://nats.example", false));
    EXPECT_OK(parse_telemetry_url("nats://nats.example", true));
    EXPECT_NE(why(parse_telemetry_url("nats://nats.example", false)).find("tls://"),
              std::string::npos);
}

TEST(Nkey, ASeedGivesItsPublicKey) {
    // The pair of docs.nats.io, "NKeys".
    const auto known =
        NatsUserKey::of_seed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY");
    ASSERT_OK(known);
    EXPECT_EQ(known->public_key(), "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4");
    const NatsKey made(NatsRole::user);
    EXPECT_EQ(NatsUserKey::of_seed(made.seed())->public_key(), made.public_key());
}

TEST(Nkey, WhatIsNoSeedOfAUserIsSaid) {
    const NatsKey user(NatsRole::user);
    auto flipped = user.seed();
    flipped[20] = flipped[20] == 'A' ? 'B' : 'A';
    EXPECT_NE(why(NatsUserKey::of_seed(flipped)).find("checksum"), std::string::npos);
    EXPECT_NE(why(NatsUserKey::of_seed(user.public_key())).find("public key"), std::string::npos);
    EXPECT_NE(why(NatsUserKey::of_seed(NatsKey(NatsRole::account).seed())).find("account"),
              std::string::npos);
    for (const auto& text : {std::string(), std::string("SU"), user.seed() + "A",
                             "SU" + std::string(56, '1'), "SU" + std::string(56, 'A')}) {
        const auto told = why(NatsUserKey::of_seed(text));
        EXPECT_NE(told, "") << text;
        EXPECT_TRUE(text.size() < 4 || told.find(text.substr(2)) == told.npos) << "no secret";
    }
}

TEST(NatsCredentials, HoldAJwtAndASeed) {
    const NatsKey user(NatsRole::user);
    const auto jwt = user.jwt("x", R"("type":"user")");
    const auto login = parse_nats_credentials(test::credentials_of(jwt, user.seed()));
    ASSERT_OK(login);
    EXPECT_EQ(login->jwt.reveal(), jwt);
    EXPECT_EQ(login->key->public_key(), user.public_key());
    EXPECT_NE(why(parse_nats_credentials("")).find("NATS USER JWT"), std::string::npos);
    EXPECT_NE(why(parse_nats_credentials("-----BEGIN NATS USER JWT-----\n" + jwt + "\n-----END"))
                  .find("SEED"),
              std::string::npos);
    EXPECT_FALSE(parse_nats_credentials(test::credentials_of("no jwt", user.seed())));
    EXPECT_FALSE(parse_nats_credentials(test::credentials_of(jwt, "SUNO")));
}

TEST(NatsLine, IsOneOfFew) {
    const auto is = [](const char* line, std::size_t which) {
        const auto operation = parse_nats_line(line);
        return operation && operation->index() == which;
    };
    EXPECT_TRUE(is("INFO {}", 0));
    EXPECT_TRUE(is("info {\"nonce\":null}", 0));
    EXPECT_TRUE(is("PING", 1));
    EXPECT_TRUE(is("pong", 2));
    EXPECT_TRUE(is("+OK", 3));
    const auto refusal = parse_nats_line("-ERR 'Permissions Violation for Publish to \"a\"'");
    ASSERT_OK(refusal);
    EXPECT_EQ(std::get<NatsRefusal>(*refusal).text, "Permissions Violation for Publish to \"a\"");
    for (const char* line : {"", "HTTP/1.1 200 OK", "MSG a 1 2", "PINGS", "INFO", "INFO []",
                             "INFO {\"max_payload\":-1}", "INFO {\"nonce\":7}", "INFO {",
                             "INFO {\"tls_required\":\"yes\"}"}) {
        EXPECT_FALSE(parse_nats_line(line)) << line;
    }
    EXPECT_FALSE(parse_nats_line("INFO {\"nonce\":\"" + std::string(257, 'n') + "\"}"));
}

TEST(NatsLines, AreCutWhereverTheBytesAreCut) {
    const std::string text = "INFO {}\r\nPING\nPONG\r\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        NatsLines lines;
        std::string all;
        for (const auto& part : {text.substr(0, cut), text.substr(cut)}) {
            ASSERT_OK(lines.add(part));
            while (const auto line = lines.next()) all += *line + "|";
        }
        EXPECT_EQ(all, "INFO {}|PING|PONG|");
        EXPECT_TRUE(lines.empty());
    }
}

TEST(NatsLines, AreBounded) {
    NatsLines lines;
    ASSERT_OK(lines.add(std::string(NatsLines::kMaxLine, 'a')));
    EXPECT_FALSE(lines.add("a"));
    NatsLines other;
    EXPECT_FALSE(other.add(std::string_view("PI\0NG", 5)));
}

TEST(NatsSubject, HasNoWildcard) {
    for (const char* good : {"a", "agent.telemetry", "agent.telemetry.host-1", "A_b.c"}) {
        EXPECT_OK(check_nats_subject(good)) << good;
    }
    for (const char* bad :
         {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a\tb", "$SYS.a", "a\r\nPUB b 0"}) {
        EXPECT_FALSE(check_nats_subject(bad)) << bad;
    }
    EXPECT_FALSE(check_nats_subject(std::string(257, 'a')));
}

TEST(NatsConnectLine, ShowsOneLoginAndNothingElse) {
    const NatsClientName who{.name = "bulkhead h", .version = "1"};
    const NatsKey user(NatsRole::user);
    NatsLogin login{.key = *NatsUserKey::of_seed(user.seed()),
                    .setting = "telemetry.nkey_seed_file"};
    EXPECT_NE(why(connect_line({}, login, who, true)).find("telemetry.nkey_seed_file"),
              std::string::npos);
    const auto line = connect_line({.nonce = "n"}, login, who, true);
    ASSERT_OK(line);
    EXPECT_EQ(line->reveal().find(user.seed()), std::string::npos);
    EXPECT_NE(line->reveal().find("\"nkey\":\"" + user.public_key()), std::string::npos);
    NatsLogin token;
    token.token = Secret("a\"b");
    EXPECT_EQ(connect_line({}, token, who, false)->reveal(),
              "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,"
              "\"auth_token\":\"a\\\"b\",\"name\":\"bulkhead h\",\"lang\":\"bulkhead\","
              "\"version\":\"1\",\"protocol\":1,\"echo\":false}\r\n");
}

}  // namespace
}  // namespace bulkhead::worker
