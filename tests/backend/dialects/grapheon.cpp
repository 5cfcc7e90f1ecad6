// The grapheon dialect: agents choose their own id, wait for an administrator's approval, and
// report new elements of their inventory. As in Grapheon, one bad element makes it refuse the whole
// report.
#include <algorithm>

#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/grapheon_shapes.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using namespace grapheon;
using nlohmann::json;
using std::chrono::system_clock;

constexpr std::string_view kName = "grapheon";
constexpr std::size_t kMaxSent = 262'144;                          // AGENT_MAX_REPORT_BYTES
constexpr const char* kServerTime = "2026-11-22T04:12:33.491561";  // UTC; Grapheon sends no zone

Answer refusal(int status, const std::string& detail) {
    return Answer::json(status, {{"detail", detail}});
}

OrAnswer<json> parsed(const Call& call) {
    auto body = json::parse(call.body, nullptr, false);
    if (body.is_object()) return body;
    Problems problems;
    problems.add("", "JSON decode error", "json_invalid");
    return std::unexpected(*problems.answer());
}

// --- registration ---

std::optional<Answer> refuse_registration(const Grapheon& state, const std::string& key,
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
    const auto& standing = agent->second.standing;
    if (standing == "rejected" || standing == "revoked") {
        return refusal(403, "Agent registration is " + standing);
    }
    if (agent->second.enrollment_key != key) {
        return refusal(409, "Agent UUID is already associated with a different enrollment key");
    }
    return std::nullopt;
}

json agent_view(const GrapheonAgent& agent) {
    return {{"id", agent.id}, {"enrollment_state", agent.standing}};
}

Answer enroll(Grapheon& state, const json& body) {
    const auto uuid = body["agent_uuid"].get<std::string>();
    const auto key = body["enrollment_key"].get<std::string>();
    if (auto refused = refuse_registration(state, key, uuid)) return *std::move(refused);
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

std::optional<Answer> refuse_key(const Grapheon& state, const std::string& api_key,
                                 std::string& owner) {
    if (api_key.empty()) return refusal(401, "Missing agent API key");
    const auto found = std::ranges::find_if(
        state.agents, [&](const auto& entry) { return entry.second.api_key == api_key; });
    if (found == state.agents.end() || !found->second.enabled) {
        return refusal(401, "Invalid agent API key");
    }
    const auto& standing = found->second.standing;
    if (standing != "active") {
        return refusal(403, "Agent is not approved for check-in (" + standing + ")");
    }
    owner = found->first;
    return std::nullopt;
}

/// Refuses what Grapheon's schema accepts and its ingest step does not: 0.0.0.0 and :: as local_ip.
std::optional<Answer> refuse_hosts(const json& body) {
    const auto connections = body.find("connections");
    if (connections == body.end()) return std::nullopt;
    for (const auto& connection : *connections) {
        const auto ip = connection["local_ip"].get<std::string>();
        if (!is_ip(ip, false)) return refusal(422, "Invalid host IP '" + ip + "'");
    }
    return std::nullopt;
}

std::optional<Answer> refuse_by_policy(const json& body, const Grapheon& state) {
    if (!state.enforces_policy || !state.policy.is_object()) return std::nullopt;
    const auto enabled = state.policy.value("enabled_commands", json::object());
    for (const auto& [array, command] : {std::pair{"addresses", "ip_addr"},
                                         {"neighbors", "ip_neigh"},
                                         {"connections", "ss_tunap"},
                                         {"routes", "ip_route"}}) {
        if (enabled.value(command, true) || !body.contains(array) || body[array].empty()) continue;
        return refusal(403, "Agent report violates assigned policy: " + std::string(array) +
                                " disabled by policy command " + command);
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
    if (call.sent_body_bytes > kMaxSent) {
        return refusal(413, "Compressed report exceeds server limit");
    }
    const auto encoding = call.header("content-encoding");
    if (!encoding.empty() && encoding != "gzip") {
        return refusal(415, "Unsupported content encoding '" + encoding + "'");
    }
    if (call.body_unreadable) return refusal(400, "Invalid gzip payload");
    const auto most =
        state.policy.is_object() ? state.policy.value("max_report_bytes", kMaxSent) : kMaxSent;
    if (call.body.size() > most) {
        return refusal(413, "Decoded report exceeds policy size limit");
    }
    return std::nullopt;
}

/// The checks are in Grapheon's order: API key, size, schema, agent_uuid, addresses.
Answer check_in(const Call& call, Services services) {
    const auto state = services.store.read([](const State& all) {
        Grapheon light = all.grapheon;
        for (auto& [uuid, agent] : light.agents) agent.known.clear();
        return light;
    });
    std::string uuid;
    if (auto refused = refuse_key(state, call.header(state.api_key_header), uuid)) return *refused;
    if (auto refused = refuse_sent(call, state)) return *refused;
    const auto body = parsed(call);
    if (!body) return body.error();
    Problems problems;
    check_host(*body, problems);
    check_text(*body, "observed_at", "", 20, 40, true, problems);
    check_number(*body, "sequence_number", "", INT64_MAX, false, problems);
    check_arrays(*body, {"addresses", "neighbors", "connections", "routes"}, problems);
    if (auto wrong = problems.answer()) return *wrong;
    if ((*body)["agent_uuid"] != uuid) {
        return refusal(409, "Payload agent_uuid does not match the authenticated agent");
    }
    if (auto refused = refuse_by_policy(*body, state)) return *refused;
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

/// Tells an agent its policy and whether an administrator waits for a report; changes nothing.
Answer poll(const Call& call, Services services) {
    return services.store.read([&](const State& state) -> Answer {
        if (!state.grapheon.polls) return refusal(404, "Not Found");
        std::string owner;
        const auto key = call.header(state.grapheon.api_key_header);
        if (auto refused = refuse_key(state.grapheon, key, owner)) return *refused;
        return {.status = 200,
                .body = json{{"agent", {{"id", state.grapheon.agents.at(owner).id}}},
                             {"policy", state.grapheon.policy},
                             {"collection_request", {{"requested", true}}}}
                            .dump()};
    });
}

}  // namespace

void add_grapheon_routes(Router& router, Services services) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, Services)) {
        router.add(method, path, [=](const Call& call) { return handler(call, services); });
    };
    add("POST", "/api/agents/register", register_agent);
    add("POST", "/api/agents/check-in", check_in);
    add("POST", "/api/agents/poll", poll);
}

}  // namespace bulkhead::reference
