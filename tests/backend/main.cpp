// reference-backend: the reference backend as a program, for demonstrations of an agent and for
// developing one.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <span>

#include "tests/backend/reference_backend.hpp"

namespace {

using bulkhead::reference::KeepOutput;
using bulkhead::reference::Outcome;
using bulkhead::reference::ReferenceBackend;

struct Settings {
    ReferenceBackend::Options backend{.control = true};
    std::vector<std::string> node_tokens = {};
    std::string node = {};
    std::string ready_file = {};
    bool print = false;
    bool help = false;
};

using Taken = std::optional<std::string>;  // what is wrong with the value; nullopt: nothing

Taken set_number(int& to, std::string_view text, int most) {
    int number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || stop != text.data() + text.size() || number < 0 || number > most)
        return "must be a number from 0 to " + std::to_string(most);
    to = number;
    return std::nullopt;
}

Taken set_keep(KeepOutput& to, std::string_view text) {
    if (text == "file")
        to = KeepOutput::file;
    else if (text == "memory")
        to = KeepOutput::memory;
    else if (text == "count")
        to = KeepOutput::count_only;
    else
        return "must be file, memory or count";
    return std::nullopt;
}

Taken set_lease(Settings& settings, std::string_view text) {
    int seconds = 0;
    auto wrong = set_number(seconds, text, 86'400);
    settings.backend.lease = std::chrono::seconds(seconds);
    return wrong;
}

template <class T, class V>
Taken assign(T& to, V value) {
    to = value;
    return std::nullopt;
}

struct Option {
    const char* name;
    const char* value;  // what it takes, or null
    const char* help;
    Taken (*take)(Settings&, std::string_view);
};

constexpr Option kOptions[] = {
    {"--port", "N", "listen for agents on 127.0.0.1:N (default: any free port)",
     [](Settings& s, std::string_view v) { return set_number(s.backend.port, v, 65'535); }},
    {"--control-port", "N",
     "the control interface on 127.0.0.1:N, plain HTTP (default: any free port)",
     [](Settings& s, std::string_view v) { return set_number(s.backend.control_port, v, 65'535); }},
    {"--directory", "DIR",
     "keep certificates and job output here (default: a temporary one, removed at the end)",
     [](Settings& s, std::string_view v) { return assign(s.backend.directory, v); }},
    {"--plain", nullptr, "HTTP instead of HTTPS",
     [](Settings& s, std::string_view) { return assign(s.backend.tls, false); }},
    {"--client-certificates", nullptr,
     "demand a client certificate; client.pem and client.key lie in DIR",
     [](Settings& s, std::string_view) { return assign(s.backend.client_certificates, true); }},
    {"--install-token", "TOKEN",
     "a token that enrols one host of the bulkhead dialect; may be repeated",
     [](Settings& s, std::string_view v) {
         s.backend.install_tokens.emplace_back(v);
         return Taken{};
     }},
    {"--node-token", "TOKEN", "a token of the hyprbox dialect; may be repeated",
     [](Settings& s, std::string_view v) {
         s.node_tokens.emplace_back(v);
         return Taken{};
     }},
    {"--node", "ID",
     "the node those tokens are pinned to (default: none, good for heartbeats only)",
     [](Settings& s, std::string_view v) { return assign(s.node, v); }},
    {"--heartbeat-seconds", "N",
     "tell agents to send a heartbeat every N seconds (default: leave it to them)",
     [](Settings& s, std::string_view v) {
         return set_number(s.backend.heartbeat_seconds, v, 86'400);
     }},
    {"--lease", "SECONDS",
     "hand a job out again after this long without a sign of its agent (default: 60)", set_lease},
    {"--keep-output", "HOW", "file, memory, or count (only length and SHA-256; default: file)",
     [](Settings& s, std::string_view v) { return set_keep(s.backend.keep_output, v); }},
    {"--print", nullptr, "say on standard output what happens, job output behind \"| \"",
     [](Settings& s, std::string_view) { return assign(s.print, true); }},
    {"--ready-file", "FILE", "write {url, ca_file, control_url} as JSON to FILE once listening",
     [](Settings& s, std::string_view v) { return assign(s.ready_file, v); }},
    {"--help", nullptr, "this text",
     [](Settings& s, std::string_view) { return assign(s.help, true); }},
};

void print_help() {
    std::printf("usage: reference-backend [options]\n\n");
    for (const auto& option : kOptions) {
        const auto form =
            std::string(option.name) + (option.value ? std::string(" ") + option.value : "");
        std::printf("  %-24s %s\n", form.c_str(), option.help);
    }
    std::printf(R"(
The control interface, with curl:
  POST   /control/jobs        {"host"|"node", "script" | "catalogue" and "params", "id"?, "dialect"?}
  POST   /control/scripts?host=H|node=N   the body is the script: curl --data-binary @job.sh
  GET    /control/jobs        GET /control/jobs/ID?wait=SECONDS   GET /control/jobs/ID/output/stdout
  POST   /control/cancel      {"id"}
  POST   /control/redeliver   {"id"}: hand the same job out again
  GET    /control/heartbeats?count=N&wait=SECONDS
  GET    /control/agents      /control/requests   /control/findings   /control/inventory
  POST   /control/tokens      {"token"} or, for hyprbox, {"token", "node"}
  POST   /control/revoke      {"agent"}
  POST   /control/grapheon    {"enrollment_key"?, "approves"?, "policy"?, "agent"?,
                               "action"?: approve, reject, revoke, disable, enable, rotate}
  POST   /control/settings    {"heartbeat_seconds"?, "lease_ms"?}
  POST   /control/misbehave   {"kind", "path"?, "method"?, "times"?, "delay_ms"?, "status"?, "retry_after"?,
                               "location"?, "mebibytes"?, "chunked"?, "takes_effect"?}
         kinds: none (delay only), status, gateway, redirect, cut_before_headers, cut_in_body, not_json,
                truncated_json, wrong_types, oversized, drip, gzip_bomb,
                deep_json, odd_text
  GET    /control/misbehave   DELETE /control/misbehave
)");
}

const Option* option_named(std::string_view name) {
    for (const auto& option : kOptions)
        if (name == option.name) return &option;
    return nullptr;
}

Outcome<Settings> parse(std::span<char*> arguments) {
    Settings settings;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string name = arguments[i];
        const auto* const option = option_named(name);
        if (option == nullptr) return std::unexpected(name + ": no such option; see --help");
        const bool takes_value = option->value != nullptr;
        if (takes_value && ++i == arguments.size())
            return std::unexpected(name + ": needs a value");
        if (const auto wrong = option->take(settings, takes_value ? arguments[i] : ""))
            return std::unexpected(name + ": " + *wrong);
    }
    for (const auto& token : settings.node_tokens)
        settings.backend.node_tokens[token] = settings.node;
    return settings;
}

/// Writes the file under another name and renames it, so that no reader sees half of it.
Outcome<> write_ready_file(const std::string& file, const ReferenceBackend& backend) {
    if (file.empty()) return {};
    const auto unfinished = file + ".new";
    std::ofstream out(unfinished, std::ios::trunc);
    out << nlohmann::json{{"url", backend.url()},
                          {"ca_file", backend.ca_file()},
                          {"control_url", backend.control_url()}}
        << '\n';
    out.close();
    if (!out || std::rename(unfinished.c_str(), file.c_str()) != 0)
        return std::unexpected("cannot write " + file);
    return {};
}

void announce(const ReferenceBackend& backend) {
    std::cout << "url      " << backend.url() << '\n';
    if (!backend.ca_file().empty()) std::cout << "ca file  " << backend.ca_file() << '\n';
    std::cout << "control  " << backend.control_url() << std::endl;
}

int fail(const std::string& why) {
    std::cerr << "reference-backend: " << why << '\n';
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    auto settings = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (!settings) return fail(settings.error()) + 1;
    if (settings->help) {
        print_help();
        return 0;
    }
    // The signals are blocked before any thread is made, so that only sigwait(3) takes them.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    if (settings->print)
        settings->backend.narrate = [](std::string_view line) { std::cout << line << std::endl; };
    ReferenceBackend backend(settings->backend);
    if (const auto started = backend.start(); !started) return fail(started.error());
    announce(backend);
    if (const auto ready = write_ready_file(settings->ready_file, backend); !ready)
        return fail(ready.error());
    int signal = 0;
    sigwait(&ends, &signal);
    backend.stop();
    return 0;
}
