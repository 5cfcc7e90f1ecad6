// The grapheon dialect: agents that name themselves, wait for an administrator and then report
// what is new on their network. As strict as the real one: one bad element refuses all of a report.
#include <arpa/inet.h>

#include <algorithm>

#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::string_view kName = "grapheon";
constexpr std::size_t kMaxSent = 262'144;                          // AGENT_MAX_REPORT_BYTES
constexpr const char* kServerTime = "2026-11-22T04:12:33.491561";  // UTC, and without saying so

Answer refusal(int status, const std::string& detail) {
    return Answer::json(status, {{"detail", detail}});
}

// --- validation ---

struct Problems {
    json errors = json::array();

    void add(const std::string& field, const std::string& message, const std::string& type) {
        errors.push_back({{"field", field}, {"message", message}, {"type", type}});
    }
    [[nodiscard]] std::optional<Answer> answer() const {
        if (errors.empty()) return std::nullopt;
        return Answer::json(422, {{"detail", "Validation failed"}, {"errors", errors}});
    }
};

const json* member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

void check_text(const json& object, const char* name, const std::string& at, std::size_t least,
                std::size_t most, bool required, Problems& problems) {
    const auto* value = member(object, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_string()) return problems.add(at + name, "not a string", "string_type");
    const auto size = value->get_ref<const std::string&>().size();
    if (size < least) problems.add(at + name, "too short", "string_too_short");
    if (size > most) problems.add(at + name, "too long", "string_too_long");
}

bool is_ip(const std::string& text, bool unspecified_too) {
    const auto bare = text.substr(0, text.find('%'));
    unsigned char octets[16] = {};
    const bool v4 = ::inet_pton(AF_INET, bare.c_str(), octets) == 1;
    if (!v4 && ::inet_pton(AF_INET6, bare.c_str(), octets) != 1) return false;
    return unspecified_too || std::ranges::any_of(octets, [](auto octet) { return octet != 0; });
}

void check_ip(const json& element, const char* name, const std::string& at, bool required,
              bool unspecified_too, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_string() || !is_ip(value->get<std::string>(), unspecified_too)) {
        problems.add(at + name, "Value error, invalid IP address", "value_error");
    }
}

void check_mac(const json& element, const std::string& at, Problems& problems) {
    const auto* value = member(element, "mac_address");
    if (value == nullptr) return;
    const auto text = value->is_string() ? value->get<std::string>() : std::string();
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        good = i % 3 == 2 ? text[i] == ':' || text[i] == '-'
                          : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    }
    if (!good) problems.add(at + "mac_address", "Value error, invalid MAC", "value_error");
}

void check_number(const json& element, const char* name, const std::string& at, std::int64_t most,
                  bool required, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_number_integer()) return problems.add(at + name, "not an integer", "int_type");
    const auto number = value->get<std::int64_t>();
    if (number < 0 || number > most) problems.add(at + name, "out of range", "less_than_equal");
}

void check_word(const json& element, const char* name, const std::string& at, bool required,
                std::initializer_list<std::string_view> words, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    auto text = value->is_string() ? value->get<std::string>() : std::string();
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (std::ranges::find(words, text) == words.end()) {
        problems.add(at + name, "Value error, not permitted", "value_error");
    }
}

void check_element(const std::string& array, const json& element, const std::string& at,
                   Problems& problems) {
    if (!element.is_object()) return problems.add(at, "not an object", "model_type");
    if (array == "addresses" || array == "neighbors") {
        check_ip(element, "ip_address", at, true, false, problems);
        check_mac(element, at, problems);
        check_number(element, "prefix_length", at, 128, false, problems);
        check_text(element, "state", at, 0, 50, false, problems);
    } else if (array == "connections") {
        check_ip(element, "local_ip", at, true, true, problems);
        check_ip(element, "remote_ip", at, false, true, problems);
        check_number(element, "local_port", at, 65'535, true, problems);
        check_number(element, "remote_port", at, 65'535, false, problems);
        check_word(element, "protocol", at, true, {"tcp", "udp", "sctp", "ip", "icmp"}, problems);
        check_word(element, "state", at, false,
                   {"listen", "established", "time_wait", "close_wait", "fin_wait1", "fin_wait2",
                    "syn_recv", "syn_sent", "closing", "last_ack", "closed", "unknown"},
                   problems);
        check_text(element, "process_name", at, 0, 255, false, problems);
    } else {
        check_text(element, "destination", at, 1, 255, true, problems);
        check_ip(element, "gateway", at, false, false, problems);
        check_ip(element, "source_ip", at, false, false, problems);
    }
}

void check_arrays(const json& body, std::initializer_list<const char*> arrays, Problems& problems) {
    for (const auto* array : arrays) {
        const auto found = body.find(array);
        if (found == body.end()) continue;
        if (!found->is_array()) {
            problems.add(array, "Input should be a valid list", "list_type");
            continue;
        }
        for (std::size_t i = 0; i < found->size(); ++i) {
            check_element(array, (*found)[i], std::string(array) + "." + std::to_string(i) + ".",
                          problems);
        }
    }
}

void check_host(const json& body, Problems& problems) {
    check_text(body, "agent_uuid", "", 1, 128, true, problems);
    for (const auto* name :
         {"hostname", "platform", "platform_release", "display_name", "site_name", "fqdn"}) {
        check_text(body, name, "", 0, 255, false, problems);
    }
    check_text(body, "agent_version", "", 0, 100, false, problems);
    if (const auto* metadata = member(body, "metadata"); metadata && !metadata->is_object()) {
        problems.add("metadata", "Input should be a valid dictionary", "dict_type");
    }
}

OrAnswer<json> parsed(const Call& call) {
    auto body = json::parse(call.body, nullptr, false);
    if (body.is_object()) return body;
    Problems problems;
    problems.add("", "JSON decode error", "json_invalid");
    return std::unexpected(*problems.answer());
}

// --- registration ---

std::optional<Answer> refuse_key(const Grapheon& state, const std::string& key,
                                 const std::string& uuid) {
    const auto found = state.keys.find(key);
    if (found == state.keys.end() || !found->second.active) {
        return refusal(401, "Invalid enrollment key");
    }
    if (found->second.expired) return refusal(403, "Enrollment key has expired");
    const auto agent = state.agents.find(uuid);
    if (agent == state.agents.end()) {
        if (found->second.registrations >= found->second.limit) {
            return refusal(403, "Enrollment key registration limit reached");
        }
        return std::nullopt;
    }
    if (agent->second.enrollment_key != key) {
        return refusal(409, "Agent UUID is already associated with a different enrollment key");
    }
    const auto& standing = agent->second.standing;
    if (standing == "rejected" || standing == "revoked") {
        return refusal(403, "Agent registration is " + standing);
    }
    return std::nullopt;
}

json agent_view(const GrapheonAgent& agent) {
    return {{"id", agent.id}, {"enrollment_state", agent.standing}};
}

Answer enroll(Grapheon& state, const json& body) {
    const auto uuid = body["agent_uuid"].get<std::string>();
    const auto key = body["enrollment_key"].get<std::string>();
    if (auto refused = refuse_key(state, key, uuid)) return *std::move(refused);
    auto& agent = state.agents[uuid];
    if (agent.id == 0) {
        agent.id = static_cast<int>(state.agents.size());
        agent.enrollment_key = key;
        agent.standing = state.keys[key].approves ? "active" : "pending";
        ++state.keys[key].registrations;
    }
    agent.registration = body;
    ++agent.registrations;
    json api_key;
    if (agent.standing == "active" && agent.api_key.empty()) {
        agent.api_key = "gpak_" + random_hex(21) + "a";
        api_key = agent.api_key;
    }
    return Answer::json(200, {{"status", agent.standing == "active" ? "active" : "pending"},
                              {"approval_required", agent.standing != "active"},
                              {"message", "Agent registration " + agent.standing},
                              {"api_key", api_key},
                              {"server_time", kServerTime},
                              {"agent", agent_view(agent)},
                              {"policy", state.policy}});
}

Answer register_agent(const Call& call, Services services) {
    if (!call.header("content-encoding").empty()) return refusal(400, "Invalid JSON");
    const auto body = parsed(call);
    if (!body) return body.error();
    Problems problems;
    check_text(*body, "enrollment_key", "", 1, 512, true, problems);
    check_host(*body, problems);
    check_arrays(*body, {"addresses"}, problems);
    if (auto wrong = problems.answer()) return *wrong;
    auto answer =
        services.store.change([&](State& state) { return enroll(state.grapheon, *body); });
    services.narrator.say("registration of " + (*body)["agent_uuid"].get<std::string>() + ": " +
                          std::to_string(answer.status));
    return answer;
}

// --- check-in ---

std::optional<Answer> refuse_caller(const Grapheon& state, const std::string& api_key,
                                    const std::string& uuid) {
    const auto found = std::ranges::find_if(state.agents, [&](const auto& entry) {
        return !api_key.empty() && entry.second.api_key == api_key;
    });
    if (found == state.agents.end() || !found->second.enabled) {
        return refusal(401, "Invalid agent API key");
    }
    const auto& agent = found->second;
    if (agent.standing != "active") return refusal(403, "Agent is " + agent.standing);
    if (found->first != uuid) return refusal(409, "Agent UUID does not match the API key");
    return std::nullopt;
}

/// What the schema lets pass and the host table does not take.
std::optional<Answer> refuse_hosts(const json& body) {
    const auto connections = body.find("connections");
    if (connections == body.end()) return std::nullopt;
    for (const auto& connection : *connections) {
        const auto ip = connection["local_ip"].get<std::string>();
        if (!is_ip(ip, false)) return refusal(422, "Invalid host IP '" + ip + "'");
    }
    return std::nullopt;
}

json count_of(const json& body, const char* array) {
    return body.contains(array) ? body[array].size() : 0;
}

json addresses_seen(const json& body) {
    auto seen = json::array();
    for (const auto* array : {"addresses", "neighbors", "connections"}) {
        if (!body.contains(array)) continue;
        for (const auto& element : body[array]) {
            for (const auto* name : {"ip_address", "local_ip", "remote_ip"}) {
                if (const auto* value = member(element, name)) seen.push_back(*value);
            }
        }
    }
    return seen;
}

Answer accept(Grapheon& state, const json& body) {
    auto& agent = state.agents[body["agent_uuid"].get<std::string>()];
    ++agent.check_ins;
    for (const auto* array : {"addresses", "neighbors", "connections", "routes"}) {
        if (!body.contains(array)) continue;
        for (const auto& element : body[array]) agent.known[array].insert(dump(element));
    }
    return Answer::json(
        200,
        {{"status", "accepted"},
         {"server_time", kServerTime},
         {"agent", agent_view(agent)},
         {"policy", state.policy},
         {"checkin", {{"id", agent.check_ins}, {"status", "accepted"}, {"records_created", 0}}},
         {"summary",
          {{"ip_addresses_seen", addresses_seen(body)},
           {"mac_addresses_seen", json::array()},
           {"neighbor_count", count_of(body, "neighbors")},
           {"connection_count", count_of(body, "connections")},
           {"route_count", count_of(body, "routes")}}}});
}

std::optional<Answer> refuse_sent(const Call& call, const Grapheon& state) {
    const auto encoding = call.header("content-encoding");
    if (!encoding.empty() && encoding != "gzip") {
        return refusal(415, "Unsupported Content-Encoding");
    }
    if (call.sent_body_bytes > kMaxSent) return refusal(413, "Report too large");
    if (call.body_unreadable) return refusal(400, "Invalid gzip body");
    const auto most =
        state.policy.is_object() ? state.policy.value("max_report_bytes", kMaxSent) : kMaxSent;
    if (call.body.size() > most) return refusal(413, "Report too large");
    return std::nullopt;
}

Answer check_in(const Call& call, Services services) {
    const auto state = services.store.read([](const State& all) {
        Grapheon light = all.grapheon;
        for (auto& [uuid, agent] : light.agents) agent.known.clear();
        return light;
    });
    if (auto refused = refuse_sent(call, state)) return *refused;
    const auto body = parsed(call);
    if (!body) return body.error();
    Problems problems;
    check_host(*body, problems);
    check_text(*body, "observed_at", "", 20, 40, true, problems);
    check_number(*body, "sequence_number", "", INT64_MAX, false, problems);
    check_arrays(*body, {"addresses", "neighbors", "connections", "routes"}, problems);
    const auto uuid = body->value("agent_uuid", json()).is_string()
                          ? (*body)["agent_uuid"].get<std::string>()
                          : std::string();
    if (auto refused = refuse_caller(state, call.header(state.api_key_header), uuid)) {
        return *refused;
    }
    if (auto wrong = problems.answer()) return *wrong;
    if (auto refused = refuse_hosts(*body)) return *refused;
    auto answer = services.store.change([&](State& all) {
        auto accepted = accept(all.grapheon, *body);
        all.add(Inventory{std::string(kName), uuid, *body,
                          call.header("content-encoding") == "gzip", system_clock::now()});
        return accepted;
    });
    services.narrator.say("check-in of " + uuid + ": " + count_of(*body, "addresses").dump() +
                          " addresses, " + count_of(*body, "neighbors").dump() + " neighbours, " +
                          count_of(*body, "connections").dump() + " connections, " +
                          count_of(*body, "routes").dump() + " routes");
    return answer;
}

}  // namespace

void add_grapheon_routes(Router& router, Services services) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, Services)) {
        router.add(method, path, [=](const Call& call) { return handler(call, services); });
    };
    add("POST", "/api/agents/register", register_agent);
    add("POST", "/api/agents/check-in", check_in);
}

}  // namespace bulkhead::reference
