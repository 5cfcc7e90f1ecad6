// What an operator gets to read when something is wrong.
#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

using test::problems;

const std::string kUrl = "backend: {url: https://b}\n";

TEST(Mistakes, AnUnknownKeyHasItsLineAndASuggestion) {
    EXPECT_EQ(problems(kUrl + "heartbeat_intervall: 5s"),
              "agent.yaml:2: heartbeat_intervall: unknown key; did you mean heartbeat_interval?");
    EXPECT_EQ(problems(kUrl + "spol: {max_bytes: 5MiB}"),
              "agent.yaml:2: spol: unknown key; did you mean spool?");
    EXPECT_EQ(problems(kUrl + "spool: {max_byte: 5MiB}"),
              "agent.yaml:2: spool.max_byte: unknown key; did you mean spool.max_bytes?");
    EXPECT_EQ(problems("backend:\n  url: https://b\n  ca-file: /x"),
              "agent.yaml:3: ca-file: unknown key; did you mean ca_file?");
    EXPECT_EQ(problems(kUrl + "zzzzzzzzzzzz: 1"), "agent.yaml:2: zzzzzzzzzzzz: unknown key");
}

TEST(Mistakes, AValueInPlaceOfSettingsIsNoUnknownKey) {
    constexpr auto* kExpected = ": expected settings, each as \"name: value\"";
    EXPECT_EQ(problems(kUrl + "jobs: 5"), std::string("agent.yaml:2: jobs") + kExpected);
    EXPECT_EQ(problems("backend:\n  url: https://b\n  options: x"),
              std::string("agent.yaml:3: options") + kExpected);
    EXPECT_EQ(problems("backend:\n  url: https://b\n  options:"),
              std::string("agent.yaml:3: options") + kExpected);
}

TEST(Mistakes, AProxyIsNamedWhereItIsWrong) {
    const auto with = [](const std::string& proxy) {
        return problems("backend:\n  url: https://b\n  proxy: " + proxy);
    };
    EXPECT_EQ(with("http://p:3128"), "");
    EXPECT_EQ(with("p:3128"), "agent.yaml:3: proxy: URL must begin with https:// (or http://)");
    EXPECT_NE(with("http://p:99999").find("agent.yaml:3: proxy: "), std::string::npos);
    EXPECT_EQ(with("http://me:word@p:3128"),
              "agent.yaml:3: proxy: URL must not hold a user or password; name a file that holds "
              "user:password by proxy_credential_file");
    EXPECT_EQ(with("http://me:w#rd@p:3128").find("w#rd"), std::string::npos);
    EXPECT_NE(with("http://p:3128/path"), "");
}

TEST(Mistakes, AnotherServerOfABackendIsJudgedAsItsUrlIs) {
    const auto with = [](const std::string& url, const std::string& other) {
        return problems("backend:\n  dialect: aegisflux\n  url: " + url +
                        "\n  options:\n    registration_url: " + other);
    };
    const std::string at = "agent.yaml:5: options.registration_url: ";
    EXPECT_EQ(with("https://b", "https://actions.example.com:8083"), "");
    EXPECT_EQ(with("http://localhost", "http://localhost:8083"), "");
    EXPECT_EQ(with("http://localhost", "http://actions.example.com:8083"),
              at + "plain http to another host; use https, or set allow_plaintext: true");
    EXPECT_EQ(with("https://b", "http://localhost:8083"),
              at + "plain http beside a url with https");
    EXPECT_EQ(with("https://b", "actions"), at + "URL must begin with https:// (or http://)");
}

TEST(Mistakes, ADialectsOwnDurationIsASumAsAnyOther) {
    const auto with = [](const std::string& span) {
        return problems(
            "backend: {dialect: lunasentri, url: https://b, credential: k, options: "
            "{retry_backoff: " +
            span + "}}");
    };
    EXPECT_EQ(with("1m30s"), "");
    EXPECT_NE(with("1m30"), "");
    EXPECT_NE(with("\"\""), "");
}

TEST(Mistakes, AKeyInTheWrongPlaceIsToldWhereItBelongs) {
    EXPECT_NE(problems(kUrl + "url: https://c").find("belongs into backend:"), std::string::npos);
    EXPECT_NE(problems("backend: {url: https://b, log_level: info}").find("to the top"),
              std::string::npos);
}

TEST(Mistakes, AnUnknownOptionOfADialectIsSuggestedToo) {
    EXPECT_EQ(problems("backend:\n  dialect: hyprbox\n  options:\n    nodeid: x"),
              "agent.yaml:4: options.nodeid: the dialect hyprbox has no such option; did you mean "
              "node_id?");
    EXPECT_EQ(problems("backend: {url: https://b, options: {node_id: x}}"),
              "agent.yaml:1: options.node_id: the dialect bulkhead has no such option");
    EXPECT_EQ(problems("backend: {dialect: hyprbox, options: {output_path: /x}}"),
              "agent.yaml:1: options.output_path: must hold {id}, the place of the job's id");
}

TEST(Mistakes, AnUnknownDialectIsNamed) {
    EXPECT_EQ(problems("backend: {url: https://b, dialect: bulkhaed}"),
              "agent.yaml:1: dialect: unknown dialect bulkhaed; did you mean bulkhead?");
}

TEST(Mistakes, ABadValueSaysWhatToWrite) {
    const auto wrong = [](std::string line) { return problems(kUrl + line); };
    EXPECT_EQ(wrong("heartbeat_interval: 60"),
              "agent.yaml:2: heartbeat_interval: not a duration; write 30s, 5m, 1h or 7d");
    EXPECT_EQ(wrong("heartbeat_interval: 0s"), "agent.yaml:2: heartbeat_interval: must be 1s..24h");
    EXPECT_EQ(wrong("status_socket: yes"), "agent.yaml:2: status_socket: write true or false");
    EXPECT_EQ(wrong("log_level: loud"),
              "agent.yaml:2: log_level: unknown log level; choose debug, info, warning or error");
    EXPECT_EQ(wrong("spool: {max_bytes: 5 GB}"),
              "agent.yaml:2: spool.max_bytes: not a size; write 4096, 512KiB, 64MiB or 2GiB");
    EXPECT_EQ(wrong("jobs: {max_running: 0}"), "agent.yaml:2: jobs.max_running: must be 1..16");
    EXPECT_EQ(wrong("jobs: {max_running: many}"), "agent.yaml:2: jobs.max_running: not a number");
    EXPECT_EQ(wrong("log_level:"), "agent.yaml:2: log_level: has no value");
    EXPECT_EQ(wrong("log_level: [info]"), "agent.yaml:2: log_level: expected one value");
    EXPECT_EQ(wrong("log_level: {a: b}"), "agent.yaml:2: log_level: expected one value");
}

TEST(Mistakes, ABadBackendSaysWhy) {
    const auto wrong = [](std::string entry) { return problems("backend: {" + entry + "}"); };
    EXPECT_EQ(wrong(""),
              "backend bulkhead: url is missing; set it in the file, with BULKHEAD_URL or --url");
    EXPECT_EQ(wrong("url: b.example.com"),
              "agent.yaml:1: url: URL must begin with https:// (or http://)");
    EXPECT_EQ(wrong("url: https://b, ca_file: ca.pem"),
              "agent.yaml:1: ca_file: must be an absolute path");
    EXPECT_EQ(wrong("url: https://b, pinned_key: abc"),
              "agent.yaml:1: pinned_key: must be sha256// and 44 characters of base64");
    EXPECT_EQ(wrong("url: https://b, name: ../x"),
              "agent.yaml:1: name: must be 1..32 of a-z, 0-9 and -, beginning with a letter or "
              "digit");
    EXPECT_EQ(wrong("url: https://b, proxy: 'socks5://x'"),
              "agent.yaml:1: proxy: URL must begin with https:// (or http://)");
    EXPECT_EQ(wrong("url: https://b, client_key_file: /k"),
              "backend bulkhead: client_certificate_file and client_key_file go together");
}

TEST(Mistakes, TheWrongKindOfSecretIsNoticed) {
    EXPECT_EQ(problems("backend: {dialect: hyprbox, install_token: x}"),
              "backend hyprbox: the dialect hyprbox does not enroll; give it a credential instead "
              "of an install token");
    EXPECT_EQ(problems("backend: {url: https://b, credential: x}"),
              "backend bulkhead: the dialect bulkhead enrolls; give it an install token instead of "
              "a credential");
    EXPECT_EQ(problems("backend: {url: https://b, install_token: x, install_token_file: /x}"),
              "backend bulkhead: give either install_token or install_token_file");
}

TEST(Mistakes, AMessageNeverShowsASecret) {
    const auto text = problems("backend: {url: https://b, install_token: 'hush hush'}");
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find("hush"), text.npos) << text;
    const auto flag = problems(ConfigSources{.arguments = {"--install-token=hush"}});
    EXPECT_EQ(flag.find("hush"), flag.npos) << flag;
}

// Where a secret stands in a wrong place, or the file is no YAML on the line that holds one.
TEST(Mistakes, AreToldWithoutASecretWhereverItStands) {
    const std::string secret = "Hunter2-of-bob";
    for (const std::string& file : {
             "backend: {url: 'https://bob:" + secret + "@b'}",
             "backend: {url: 'https://bob:12/" + secret + "@b'}",
             "backend: {url: 'https://bob:12#" + secret + "@b'}",
             "backend: {url: 'http://bob@" + secret + "@b:x'}",
             "backend: {dialect: aegisflux, url: https://b, options: {registration_url: "
             "'https://bob:" +
                 secret + "@b'}}",
             "backend: {dialect: aegisflux, url: https://b, options: {registration_url: "
             "'https://bob:1/" +
                 secret + "@b'}}",
             "backend: {url: https://b, proxy: 'http://bob:" + secret + "@p:1'}",
             "backend: {url: https://b, proxy: 'http://bob:" + secret + "#@p:1'}",
             "backend: {url: https://b, proxy_credential_file: 'bob:" + secret + "'}",
             "backend: {url: https://b, install_token_file: " + secret + "}",
             "backend: {url: https://b, install_token: '" + secret + " and more'}",
             "backend: {url: https://b, install_token: [" + secret + "]}",
             "backend: {url: https://b, install_token: *" + secret + "}",
             "backend: {url: https://b, install_token: !" + secret + "! x}",
             "backend: {url: https://b, install_token: &" + secret + "}",
             "backend: {url: https://b, install_token: \"" + secret + "\\q\"}",
             "backend: {url: https://b, install_token: \"" + secret + "}",
             "backend: {url: https://b, install_token:" + secret + "}",
             "backend:\n  url: https://b\n  install_token: " + secret + ": x\n",
             "backend:\n  url: https://b\n  install_token=" + secret + ": x\n",
             "backend:\n  url: https://b\n  " + secret + ": x\n",
             "backend:\n  url: https://b\n  install_token: x\n  " + secret + "\n",
             "backend:\n  url: https://b\n  options: {" + secret + ": x}\n",
             "backend: {url: https://b}\n" + secret + ": x\n" + secret + ": x\n",
             "backend: {url: https://b}\njobs: {" + secret + ": x}\n",
             "backend: {url: https://b}\n" + secret + ": {a: b}\n",
             "%" + secret + "\n--- x",
             "%YAML " + secret + "\n--- x",
             "%TAG ! " + secret + " " + secret + "\n--- x",
             "backend: {url: https://b, dialect: bulkhead, credential: '" + secret + "'}",
             "backend: {url: https://b, install_token: '" + secret + "\xff'}",
             "backend: {url: https://b, pinned_key: '" + secret + "'}",
             "backend: {url: https://b, install_token: '" + secret + std::string(5'000, 'x') + "'}",
         }) {
        const auto text = problems(file);
        EXPECT_NE(text, "") << file;
        EXPECT_EQ(text.find("Hunter2"), text.npos) << text << " for " << file;
    }
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"--install-token", secret},
                                               {"--install-token=" + secret},
                                               {"--install_token", secret},
                                               {"-t", secret},
                                               {secret},
                                               {"http://bob:" + secret + "@p"},
                                               {"--proxy", "http://bob:" + secret + "@p:1"},
                                               {"--proxy=http://bob:" + secret + "@p:1"},
                                               {"--url", "https://bob:" + secret + "@b"},
                                               {"--log-level", "--credential", secret}}) {
        auto sources = test::from_file("backend: {url: https://b}");
        sources.arguments = arguments;
        const auto text = problems(sources);
        EXPECT_NE(text, "");
        EXPECT_EQ(text.find("Hunter2"), text.npos) << text;
    }
    for (const auto* variable :
         {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "BULKHEAD_PROXY", "BULKHEAD_URL",
          "BULKHEAD_PROXY_CREDENTIAL_FILE", "HYPRBOX_API_URL", "BULKHEAD_TIMEOUT"}) {
        for (const std::string& text :
             {"http://bob:" + secret + "#x@p:1", "http://bob:" + secret + " x@p:1", " " + secret,
              "http://bob:1/" + secret + "@p:1"}) {
            auto sources = test::from_file("log_level: info");
            if (!std::string_view(variable).starts_with("HYPR")) {
                sources = test::from_file("backend: {url: https://b}");
            }
            sources.environment = {{variable, text}};
            const auto told = problems(sources);
            EXPECT_NE(told, "") << variable << " " << text;
            EXPECT_EQ(told.find("Hunter2"), told.npos) << told;
        }
    }
}

TEST(Mistakes, AllOfThemAreToldTogether) {
    auto sources = test::from_file("log_level: loud\nspol: 1\nbackend: {url: nonsense}\n");
    sources.arguments = {"--urll=https://b", "--jobs-max-running", "99", "stray"};
    sources.environment = {{"BULKHEAD_SPOOL_MAX_BYTE", "1MiB"}, {"BULKHEAD_TIMEOUT", "never"}};
    EXPECT_EQ(problems(sources),
              "agent.yaml:2: spol: unknown key; did you mean spool?\n"
              "BULKHEAD_SPOOL_MAX_BYTE: unknown environment variable; did you mean "
              "BULKHEAD_SPOOL_MAX_BYTES?\n"
              "--urll: unknown option; did you mean --url?\n"
              "stray: unknown option\n"
              "agent.yaml:1: log_level: unknown log level; choose debug, info, warning or error\n"
              "--jobs-max-running: must be 1..16\n"
              "BULKHEAD_TIMEOUT: not a duration; write 30s, 5m, 1h or 7d\n"
              "agent.yaml:3: url: URL must begin with https:// (or http://)");
}

TEST(Mistakes, AFlagWithoutItsValue) {
    EXPECT_NE(problems(ConfigSources{.arguments = {"--url"}}).find("--url: needs a value"),
              std::string::npos);
}

TEST(Mistakes, AKeyGivenTwice) {
    EXPECT_EQ(problems("log_level: info\nlog_level: debug\n" + kUrl),
              "agent.yaml:2: log_level: stands already in line 1");
    EXPECT_EQ(problems("backend:\n  url: https://a\n  url: https://b\n"),
              "agent.yaml:3: url: stands already in line 2");
}

TEST(Mistakes, BackendsThatCannotBeToldApart) {
    EXPECT_EQ(problems("backends:\n  - url: https://a\n  - url: https://b\n"),
              "backend bulkhead: two backends have this name; give each its own");
    EXPECT_NE(problems("backend: {url: https://a}\nbackends: [{url: https://b}]")
                  .find("either backend or backends"),
              std::string::npos);
    EXPECT_NE(problems("backends: []").find("at least one backend"), std::string::npos);
    EXPECT_NE(problems("backends: {url: https://a}").find("at least one backend"),
              std::string::npos);
    EXPECT_NE(problems("backends: [https://a]").find("expected its settings"), std::string::npos);
    EXPECT_NE(problems("backend: https://a").find("expected its settings"), std::string::npos);
}

TEST(Mistakes, ATextThatIsNoConfigurationAtAll) {
    EXPECT_NE(problems("- a\n- b").find("agent.yaml:1: expected settings"), std::string::npos);
    EXPECT_NE(problems("just words").find("agent.yaml:1: expected settings"), std::string::npos);
    EXPECT_TRUE(problems("a: b\n c: d: e\n").starts_with("agent.yaml:2: not YAML"));
    EXPECT_NE(problems("").find("url is missing"), std::string::npos);
    EXPECT_TRUE(problems("").starts_with("agent.yaml is empty. "));
    EXPECT_TRUE(problems("# url: x\n").starts_with("agent.yaml holds no settings. "));
    ConfigSources none{.file_name = "agent.yaml"};
    EXPECT_TRUE(problems(none).starts_with("agent.yaml does not exist (the one that was shipped"));
    EXPECT_EQ(problems("a: [\n").find('\n'), std::string::npos) << "what follows would be untrue";
    EXPECT_EQ(problems("backend:\n\turl: https://x\n"),
              "agent.yaml:2: a tab indents this line, and YAML takes blanks alone; replace it");
    EXPECT_TRUE(problems("a: b\n c: d: e\nf:\n\t# a tab\n").starts_with("agent.yaml:2: not YAML"))
        << "a tab behind the error is not its cause";
}

}  // namespace
}  // namespace bulkhead::worker
