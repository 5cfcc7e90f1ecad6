#include "cli/migrate/aegisflux.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/backend/dialect/option.hpp"
#include "worker/backend/dialect/value_type.hpp"

namespace bulkhead::cli::migration {

namespace {

constexpr std::array<std::string_view, 9> kWebSocket{
    "AEGIS_BACKEND_HOST", "AEGIS_BACKEND_PORT", "AEGIS_BACKEND_URL",
    "--backend-url",      "AEGIS_AGENT_ID",     "AEGIS_DRY_RUN",
    "AEGIS_MTLS",         "AEGIS_TRUSTSTORE",   "AEGIS_VERBOSE"};

constexpr std::string_view kShippedAddress = "127.0.0.1:7070";

// "5s" -> "5": the old agent read the percentage as a Go duration and took its seconds. nullopt: it
// could not, and kept its 3 percent.
std::optional<std::string> percent_of(const std::string& text) {
    const auto span = worker::original::go_duration(text);
    if (!span || !*span) return std::nullopt;
    const auto time = worker::parse_span(**span);
    if (!time) return std::nullopt;
    const auto thousandths = time->count();
    auto number = std::to_string(thousandths / 1'000);
    if (thousandths % 1'000 != 0) {
        number += "." + std::to_string(1'000 + thousandths % 1'000).substr(1);
        while (number.ends_with('0')) number.pop_back();
    }
    return number;
}

std::string cpu_note(const Found& limit) {
    const auto percent = percent_of(limit.text);
    const auto meant = percent ? "meant " + *percent + " percent of a processor, by its seconds"
                               : std::string(
                                     "is no duration of Go, so the old agent did not take it, and "
                                     "kept its 3 percent");
    return limit.where + ": AGENT_CPU_MAX " + meant +
           ", for the agent as a whole. Now each approval limits its artifact: max-cpu-percent.";
}

std::string verify_note(const Found& mode) {
    if (mode.text != "permissive" && mode.text != "disabled") return "";
    return mode.where + ": AGENT_VERIFY=" + mode.text +
           " let the old agent load what nobody had signed. No setting does that here: each "
           "artifact needs an approval by the signers that approval.policy names.";
}

std::string shared_id_note(const std::string& host_id) {
    if (host_id != "host-unknown" && host_id != "localhost") return "";
    return "options.host_id: " + host_id +
           " is what the old agent takes on every host that is given no other: all of them get the "
           "same assignments, and are one host to the backend. Give each its own AGENT_HOST_ID, "
           "and "
           "assign to that.";
}

std::string address_note(const Installation& installation) {
    const auto address = status_address(installation);
    if (!address) return "";
    return "The old agent answered /healthz and /status at " + quoted(*address, 80) +
           ", the new one does at " + std::string(kShippedAddress) +
           ". For the old address: systemctl edit bulkhead-http.socket, with the lines [Socket], "
           "ListenStream= and ListenStream=" +
           *address + "; then everybody who reaches it reads the status, as before.";
}

}  // namespace

const Found* value_of(const Installation& installation, std::string_view name) {
    const auto all = installation.found | std::views::reverse;
    const auto one = std::ranges::find_if(
        all, [name](const Found& found) { return found.name == name && !found.text.empty(); });
    return one == all.end() ? nullptr : &*one;
}

const Found* websocket_setting(const Installation& installation) {
    for (const auto name : kWebSocket) {
        if (const auto* const found = value_of(installation, name)) return found;
    }
    return nullptr;
}

Result<std::optional<NatsServer>> nats_server(const Installation& installation) {
    const auto* found = value_of(installation, "NATS_URL");
    if (found == nullptr) found = value_of(installation, "AGENT_NATS_URL");
    if (found == nullptr) return std::nullopt;
    NatsServer server{.where = found->where + ": " + found->name};
    auto text = found->text.substr(0, found->text.find(','));
    server.several = text.size() != found->text.size();
    // Go's client of NATS takes nats:// and port 4222 where there is none.
    auto scheme = std::string("nats://");
    if (const auto colon = text.find("://"); colon != text.npos) {
        scheme = text.substr(0, colon + 3);
        text = text.substr(colon + 3);
    }
    if (scheme != "nats://" && scheme != "tls://") {
        return fail(server.where + ": " + quoted(scheme, 32) +
                    " is no scheme that telemetry goes by; write nats:// or tls://");
    }
    while (text.ends_with('/')) text.pop_back();
    if (const auto at = text.rfind('@'); at != text.npos) {
        const auto login = text.substr(0, at);
        text = text.substr(at + 1);
        if (login.find('%') != login.npos) {
            return fail(
                server.where +
                ": the login in it is percent-encoded; write it as it is, or without it and "
                "give telemetry.user and telemetry.password_file by hand");
        }
        const auto colon = login.find(':');
        server.user = colon == login.npos ? "" : login.substr(0, colon);
        auto& secret = colon == login.npos ? server.token : server.password;
        secret = Secret(colon == login.npos ? login : login.substr(colon + 1));
    }
    const auto bracket = text.rfind(']');
    const auto port = text.find(':', bracket == text.npos ? 0 : bracket);
    server.url = scheme + text + (port == text.npos ? ":4222" : "");
    return server;
}

std::optional<std::string> status_address(const Installation& installation) {
    std::string host;
    std::string port;
    if (const auto* const address = value_of(installation, "AGENT_HTTP_ADDR")) {
        const auto colon = address->text.rfind(':');
        if (colon == std::string::npos) return std::nullopt;
        host = address->text.substr(0, colon);
        port = address->text.substr(colon + 1);
    } else if (const auto* const number = value_of(installation, "AGENT_HTTP_PORT")) {
        port = number->text;
    }
    const auto number = parse_number<std::uint16_t>(port);
    if (!number || *number == 0) return std::nullopt;
    constexpr std::string_view kOfAddress =
        "ABCDEFabcdef0123456789.:[]";  // systemd.socket(5) takes no names
    if (host == "localhost") host = "127.0.0.1";
    if (host.find_first_not_of(kOfAddress) != host.npos) return std::nullopt;
    // Without a host, Go listens on all addresses of both families, and so does systemd.
    const auto address = host.empty() ? port : host + ":" + port;
    if (address == kShippedAddress) return std::nullopt;
    return address;
}

std::vector<std::string> aegisflux_notes(const Installation& installation,
                                         const std::string& host_id) {
    std::vector<std::string> notes;
    const auto add = [&notes](std::string note) {
        if (!note.empty()) notes.push_back(std::move(note));
    };
    add(shared_id_note(host_id));
    if (const auto* const mode = value_of(installation, "AGENT_VERIFY")) add(verify_note(*mode));
    if (const auto* const limit = value_of(installation, "AGENT_CPU_MAX")) add(cpu_note(*limit));
    add(address_note(installation));
    return notes;
}

}  // namespace bulkhead::cli::migration
