// That no secret is in what an agent says, on whichever way it fails: its streams, the audit log,
// its status, what it sends, and what other users see of its processes.
#include <sys/stat.h>

#include <filesystem>

#include "common/base/bytes.hpp"
#include "common/base/parse.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/connect_proxy.hpp"
#include "tests/support/files.hpp"
#include "tests/worker/backend/http/raw_server.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using worker::test::RawServer;

// Every secret here has this word in it, in one of these forms.
constexpr std::string_view kWord = "Planted";
const std::string kLogin = "Planted-user:Planted#pass/1";
const std::string kEncodedLogin = "Planted-user:Planted%23pass%2F1";
using Environment = std::map<std::string, std::string>;

class Secrets : public Pair {
  protected:
    void allow(int port) {
        place().append("policy/profiles/worker.profile",
                       "connect 127.0.0.1 " + std::to_string(port) + "  # of this test\n");
    }
    std::string put(const std::string& name, std::string_view content) {
        if (!place().exists("keys")) {
            EXPECT_EQ(::mkdir((place() / "keys").c_str(), 0700), 0);
            place().let_backends_have(place() / "keys", "bulkhead");
        }
        place().write("keys/" + name, content);
        EXPECT_EQ(::chmod((place() / ("keys/" + name)).c_str(), 0600), 0);
        return place() / ("keys/" + name);
    }
    // To the end; what it said is appended to agent.log.
    std::optional<int> once(const std::string& file, const Environment& environment = {},
                            std::vector<std::string> more = {}) {
        place().write("agent.yaml", file);
        more.insert(more.begin(), "--once");
        start(more, environment);
        return stop(0);
    }
    static void expect_clean(const std::string& text, std::string_view what) {
        for (const auto& part : {std::string(kWord), to_base64(as_bytes(kLogin))}) {
            EXPECT_EQ(text.find(part), text.npos) << what << " has a secret:\n" << text;
        }
    }
    void expect_silence() {
        expect_clean(log(), "the log");
        for (const auto& entry : fs::recursive_directory_iterator(place() / "log")) {
            if (entry.is_regular_file())
                expect_clean(content_of(entry.path()), entry.path().c_str());
        }
        for (const auto& beat : heartbeats()) expect_clean(beat.dump(), "a heartbeat");
    }
    std::string through(const std::string& more) { return Pair::configuration() + more; }
};

struct BadStart {
    std::string file;
    Environment environment = {};
    std::vector<std::string> arguments = {};
    std::string says;
    int code = 2;
};

TEST_F(Secrets, AreNotInWhatIsSaidOfABadStart) {
    const auto good = Pair::configuration();
    const BadStart rows[] = {
        {.file = "backend:\n  url: https://bob:Planted@127.0.0.1\n",
         .says = "agent.yaml:2: url: URL must not hold a user or password"},
        {.file = "backend:\n  url: https://bob:12/Planted@127.0.0.1\n",
         .says = "agent.yaml:2: url: URL must not hold @"},
        {.file = "backend:\n  url: https://b\n  proxy: http://" + kEncodedLogin + "@p:1\n",
         .says = "agent.yaml:3: proxy: URL must not hold a user or password"},
        {.file = "backend:\n  url: https://b\n  proxy: http://" + kLogin + "@p:1\n",
         .says = "agent.yaml:3: proxy: "},
        {.file = "backend:\n  url: https://b\n  install_token: *Planted-token\n",
         .says = "agent.yaml:3: not YAML"},
        {.file = "backend:\n  url: https://b\n  Planted-token-0: x\n",
         .says = "agent.yaml:3: (a name that is not shown): unknown key"},
        {.file = "backend:\n  url: https://b\n  install_token: 'Planted token'\n",
         .says = "agent.yaml:3: install_token: "},
        {.file = "backend:\n  url: https://b\n  install_token: 'Planted\xff'\n",
         .says = "agent.yaml:1: not UTF-8"},
        {.file = good,
         .environment = {{"HTTPS_PROXY", "http://" + kLogin + "@127.0.0.1:8080"}},
         .says = "HTTPS_PROXY: the URL of a proxy ends with its port"},
        {.file = good,
         .environment = {{"all_proxy", "Planted://127.0.0.1:8080"}},
         .says = "all_proxy: not the URL of a proxy"},
        {.file = good,
         .environment = {{"https_proxy", kEncodedLogin + "@127.0.0.1:1"}},
         .says = "connect 127.0.0.1 1  # why",
         .code = 1},  // the agent starts, and its worker reaches nobody
        {.file = good,
         .environment = {{"BULKHEAD_PROXY_CREDENTIAL_FILE", kLogin}},
         .says = "BULKHEAD_PROXY_CREDENTIAL_FILE: must be an absolute path"},
        {.file = good,
         .environment = {{"BULKHEAD_CREDENTIAL", "Planted credential"}},
         .says = "BULKHEAD_CREDENTIAL: "},
        {.file = "heartbeat_interval: 1s\n",
         .environment = {{"HYPRBOX_API_URL", "https://bob:Planted@h"},
                         {"HYPRBOX_NODE_TOKEN", "Planted token"}},
         .says = "HYPRBOX_API_URL: URL must not hold a user or password"},
        {.file = good, .arguments = {"--install-token", "Planted-token"}, .says = "unknown option"},
        {.file = good,
         .arguments = {"--proxy", "http://" + kEncodedLogin + "@p:1"},
         .says = "--proxy: URL must not hold a user or password"},
        {.file = through("").insert(good.find("  install_token"),
                                    "  proxy: http://127.0.0.1:8080\n  proxy_credential_file: " +
                                        put("no-login", "Planted-password\n") + "\n"),
         .says = "keys/no-login: not of the form user:password"},
        {.file = through("").insert(good.find("  install_token"),
                                    "  client_certificate_file: " + backend().ca_file() +
                                        "\n  client_key_file: " +
                                        put("key",
                                            "-----BEGIN PRIVATE KEY-----\nPlanted\n"
                                            "-----END PRIVATE KEY-----\n") +
                                        "\n"),
         .says = "client_key_file: not a private key without passphrase"},
    };
    allow(8080);
    for (const auto& row : rows) {
        place().write("agent.log", "");
        const auto code = once(row.file, row.environment, row.arguments);
        EXPECT_EQ(code, row.code) << row.says << "\n" << log();
        EXPECT_NE(log().find(row.says), std::string::npos) << row.says << "\n" << log();
        expect_silence();
    }
    EXPECT_TRUE(backend().requests().empty());
}

class ThroughProxy : public Secrets {
  protected:
    void SetUp() override {
        Secrets::SetUp();
        if (IsSkipped()) return;
        allow(proxy_.port());
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(proxy_.port()); }
    std::string sent_login() const {
        const auto& header = proxy_.header();
        constexpr std::string_view kField = "Proxy-Authorization: Basic ";
        const auto at = header.find(kField);
        if (at == header.npos) return "";
        const auto end = header.find('\r', at);
        const auto bytes =
            parse_base64(header.substr(at + kField.size(), end - at - kField.size()));
        if (!bytes) return "not base64";
        return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    }
    ConnectProxy proxy_;
};

TEST_F(ThroughProxy, TheLoginOfTheEnvironmentIsUsedAndNowhereToBeSeen) {
    start({}, {{"HTTPS_PROXY", "http://" + kEncodedLogin + "@" + address()}});
    ASSERT_TRUE(wait_for_heartbeats(1));
    const auto worker = std::to_string(worker_pid());
    expect_clean(content_of("/proc/" + worker + "/environ"), "the worker's environment");
    expect_clean(content_of("/proc/" + worker + "/cmdline"), "the worker's command line");
    expect_clean(status(), "the status");
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(sent_login(), kLogin);
    expect_silence();
}

TEST_F(ThroughProxy, TheLoginOfAFileIsUsedAndReadAgain) {
    auto file = Pair::configuration();
    const auto path = put("login", kLogin + "\n");
    file.insert(file.find("  install_token"),
                "  proxy: http://" + address() + "\n  proxy_credential_file: " + path + "\n");
    EXPECT_EQ(once(file), 0);
    EXPECT_EQ(sent_login(), kLogin);
    proxy_.refuse("HTTP/1.1 407 Planted#pass/1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    start();
    EXPECT_TRUE(wait_for_log("the proxy wants a user and a password, or others"));
    EXPECT_TRUE(wait_for_status("see proxy_credential_file"));
    expect_clean(status(), "the status");
    put("login.new", "Planted-user:Planted-2\n");
    fs::rename(place() / "keys/login.new", path);
    reload();  // or it would be some seconds
    EXPECT_TRUE(wait_for_log("\"event\":\"files-reloaded\""));
    proxy_.refuse("");
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(sent_login(), "Planted-user:Planted-2");
    expect_silence();
}

// The setting wins over all that the environment says.
TEST_F(ThroughProxy, NoProxyIsForTheEnvironmentsAlone) {
    auto file = Pair::configuration();
    file.insert(file.find("  install_token"), "  proxy: http://" + address() + "\n");
    EXPECT_EQ(once(file, {{"NO_PROXY", "127.0.0.1"}, {"HTTPS_PROXY", "http://127.0.0.1:8080"}}), 0);
    const auto asked = proxy_.connections();
    EXPECT_GE(asked, 1);
    EXPECT_EQ(once(Pair::configuration(), {{"NO_PROXY", "10.0.0.0/8, 127.0.0.0/8"},
                                           {"HTTPS_PROXY", "http://" + address()}}),
              0);
    EXPECT_EQ(proxy_.connections(), asked);
}

TEST_F(ThroughProxy, NoWayInWhichOneFailsRepeatsTheLogin) {
    const std::string echo = kLogin + " " + kEncodedLogin + " " + to_base64(as_bytes(kLogin));
    auto file = Pair::configuration();
    file.insert(file.find("  install_token"), "  timeout: 2s\n  connect_timeout: 500ms\n");
    const auto failing = [&](const std::string& url, const std::string& answer) {
        proxy_.refuse(answer);
        EXPECT_EQ(once(file, {{"HTTPS_PROXY", url}}), 1) << answer;
    };
    for (const auto& status : std::vector<std::string>{"407 " + echo, "503 " + echo}) {
        failing("http://" + kEncodedLogin + "@" + address(),
                "HTTP/1.1 " + status + "\r\nX-Echo: " + echo + "\r\nContent-Length: 0\r\n\r\n");
    }
    failing("http://" + kEncodedLogin + "@" + address(), echo);
    failing("https://" + kEncodedLogin + "@" + address(), echo);
    failing("socks5h://" + kEncodedLogin + "@" + address(), echo);
    expect_silence();
}

// Says to everybody what it was sent.
struct Echo {
    std::string status;
    std::string fields = "";
    std::string before = "";  // the body
};

TEST_F(Secrets, AreNotInWhatIsSaidOfABackendThatRepeatsThem) {
    const Echo* now = nullptr;
    RawServer server([&now](const std::string& request, const RawServer::Say& say) {
        auto line = request.substr(0, request.find("\r\n\r\n"));
        for (char& c : line) c = c == '\r' || c == '\n' ? ' ' : c;
        const auto body = now->before + line;
        say("HTTP/1.1 " + now->status + "\r\n" + now->fields + "Location: http://e.test/?" + line +
            "\r\nX-Echo: " + line + "\r\nConnection: close\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    const auto port = server.url().substr(server.url().rfind(':') + 1);
    allow(std::stoi(port));
    const Echo rows[] = {{"200 OK"},
                         {"200 OK", "Content-Type: text/html\r\n", "<html>"},
                         {"200 OK", "Content-Encoding: gzip\r\n"},
                         {"200 OK", "", "{\"error\": \""},
                         {"302 Found"},
                         {"401 Unauthorized"},
                         {"403 Forbidden", "Content-Type: text/html\r\n", "<html>"},
                         {"404 Not Found"},
                         {"407 Proxy Authentication Required"},
                         {"413 Too Large"},
                         {"500 Oops"},
                         {"Planted OK"}};
    for (const auto* dialect : {"bulkhead", "lunasentri", "hyprbox"}) {
        const std::string name = dialect;
        const auto options = name == "hyprbox" ? "  options: {node_id: n}\n" : "";
        const auto secret = name == "bulkhead" ? "  install_token: Planted-token\n"
                                               : "  credential: Planted-credential\n";
        for (const auto& row : rows) {
            now = &row;
            const auto asked = server.connections();
            once("backend:\n  dialect: " + name + "\n  url: " + server.url() + "\n" + secret +
                 options);
            EXPECT_GT(server.connections(), asked) << name << " " << row.status;
        }
    }
    expect_silence();
    const Echo failing{"500 Oops"};
    now = &failing;
    start();
    EXPECT_TRUE(wait_for_status("status 500"));
    expect_clean(status(), "the status");
    EXPECT_EQ(stop(), 0);
    expect_silence();
}

}  // namespace
}  // namespace bulkhead::test
