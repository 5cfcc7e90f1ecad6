#include "worker/backend/grapheon/grapheon_answers.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/json/inventory_json.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker::grapheon {

namespace {

using Kind = Failure::Kind;
using std::chrono::seconds;

constexpr std::size_t kMaxText = 4'096;
constexpr std::size_t kMaxErrors = 5'000;

std::string text_at(const JsonValue& value, std::string_view member) {
    const auto found = value.find(member);
    if (!found) return "";
    return found->text(kMaxText).value_or("");
}

// The reason in an answer: "detail", followed by the first three errors of a validation (422).
std::string said(const JsonValue& body) {
    auto text = text_at(body, "detail");
    const auto errors = body.find("errors");
    if (!errors) return text;
    const auto items = errors->items(kMaxErrors);
    if (!items) return text;
    for (std::size_t i = 0; i < std::min<std::size_t>(items->size(), 3); ++i) {
        text += "; " + text_at((*items)[i], "field") + ": " + text_at((*items)[i], "message");
    }
    return text;
}

std::optional<seconds> seconds_at(const JsonValue& policy, std::string_view member,
                                  std::int64_t least, std::int64_t most) {
    const auto found = policy.find(member);
    const auto number = found ? found->integer(least, most) : fail("absent");
    return number ? std::optional(seconds(*number)) : std::nullopt;
}

// The number of the agent in "agent", as the backend's pages show it.
std::string number_of(const JsonValue& body) {
    const auto agent = body.find("agent");
    const auto id = agent ? agent->find("id") : std::nullopt;
    const auto number = id ? id->integer(0, 1'000'000'000'000) : fail("absent");
    return number ? "agent " + std::to_string(*number) : "an agent";
}

// "enabled_commands" of the policy; a switch that is absent is on. nullopt: the policy has none.
std::optional<CollectionSet> switches_at(const JsonValue& policy) {
    static constexpr std::array<std::pair<std::string_view, Collection>, kCollections> kSwitches{
        {{"ip_addr", Collection::addresses},
         {"ip_neigh", Collection::neighbours},
         {"ss_tunap", Collection::connections},
         {"ip_route", Collection::routes}}};
    const auto commands = policy.find("enabled_commands");
    if (!commands || !commands->is_object()) return std::nullopt;
    auto enabled = CollectionSet().set();
    for (const auto& [name, collection] : kSwitches) {
        const auto value = commands->find(name);
        if (value && value->truth().value_or(true) == false) enabled.reset(index_of(collection));
    }
    return enabled;
}

// The index in `sent` of the element that a path such as "connections.0.state" names; it may begin
// with "body.". nullopt: the path names no element.
std::optional<std::size_t> element_of(std::string_view path,
                                      const std::vector<InventoryElement>& sent) {
    const auto steps = split(path, '.');
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        const auto index = parse_number<std::size_t>(steps[i + 1]);
        if (!index) continue;
        const auto in_array = [&](const InventoryElement& element) {
            return array_of(element.collection) == steps[i];
        };
        const auto first = std::ranges::find_if(sent, in_array);
        const auto at = static_cast<std::size_t>(first - sent.begin()) + *index;
        if (at < sent.size() && in_array(sent[at])) return at;
    }
    return std::nullopt;
}

// The elements that hold the address of a detail such as "Invalid host IP '0.0.0.0'". remote_ip is
// not compared: Grapheon accepts any address there.
std::vector<std::size_t> holders_of(std::string_view detail,
                                    const std::vector<InventoryElement>& sent) {
    const auto parts = split(detail, '\'');
    if (parts.size() < 3 || parts[1].empty()) return {};
    std::vector<std::size_t> holders;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        for (const auto* member : {"local_ip", "ip_address", "gateway", "source_ip"}) {
            const auto wanted = '"' + std::string(member) + "\":\"" + std::string(parts[1]) + '"';
            if (sent[i].json.find(wanted) == std::string::npos) continue;
            holders.push_back(i);
            break;
        }
    }
    return holders;
}

std::unexpected<Failure> judge_invalid(const HttpAnswer& answer, const JsonValue& body,
                                       const std::vector<InventoryElement>& sent) {
    auto refusal = judge_failure(answer, said(body)).error();
    bool envelope = false;
    const auto errors = body.find("errors");
    const auto items = errors ? errors->items(kMaxErrors) : fail("absent");
    if (items) {
        for (const auto& item : *items) {
            const auto at = element_of(text_at(item, "field"), sent);
            if (at) refusal.elements.push_back(*at);
            envelope |= !at;
        }
    } else {
        refusal.elements = holders_of(text_at(body, "detail"), sent);
    }
    std::ranges::sort(refusal.elements);
    const auto rest = std::ranges::unique(refusal.elements);
    refusal.elements.erase(rest.begin(), rest.end());
    // The answer names neither an element nor a member of the envelope. An element may still be the
    // cause: sent again in halves, the report shows which.
    if (refusal.elements.empty() && !envelope) refusal.kind = Kind::too_large;
    return std::unexpected(std::move(refusal));
}

}  // namespace

InventoryPolicyChange policy_of(const JsonValue& body) {
    const auto policy = body.find("policy");
    if (!policy) return {};
    InventoryPolicyChange change;
    change.interval = seconds_at(*policy, "checkin_interval_seconds", 60, 86'400);
    change.jitter = seconds_at(*policy, "jitter_seconds", 0, 3'600);
    change.collect_timeout = seconds_at(*policy, "command_timeout_seconds", 1, 300);
    change.enabled = switches_at(*policy);
    if (const auto found = policy->find("max_report_bytes")) {
        const auto bytes = found->integer(16'384, 10'485'760);
        if (bytes) change.max_report_bytes = static_cast<std::uint64_t>(*bytes);
    }
    return change;
}

Answer<Standing> judge_standing(const HttpAnswer& answer) {
    using enum Standing::Kind;
    const auto body = JsonValue::parse(answer.body);
    const auto why = judge_failure(answer, body ? said(*body) : "").error();
    switch (answer.status) {
        case 200:
            if (!body) return judge_unreadable(body.error());
            // Of a check-in and of a poll.
            if (text_at(*body, "status") != "accepted" && !body->find("collection_request")) {
                return judge_unreadable({"neither a check-in that was accepted nor a poll"});
            }
            return Standing{.kind = known,
                            .text = "the backend knows this host as " + number_of(*body) +
                                    " and takes its reports",
                            .next = {}};
        case 401:
            return Standing{.kind = unknown,
                            .text =
                                "the API key is rotated, unknown, or of an agent that was "
                                "deactivated: " +
                                why.text,
                            .next = {}};
        case 403:
            return Standing{.kind = unknown,
                            .text = "the backend takes no reports of this host: " + why.text,
                            .next = {}};
        case 409:
            return Standing{.kind = unknown,
                            .text = "the API key is of another agent: " + why.text,
                            .next = {}};
        default:
            return std::unexpected(why);
    }
}

Answer<Enrolled> judge_register(const HttpAnswer& answer, const std::string& agent_id) {
    const auto body = JsonValue::parse(answer.body);
    if (answer.status != 200) return judge_failure(answer, body ? said(*body) : "");
    if (!body) return judge_unreadable(body.error());
    const auto status = text_at(*body, "status");
    if (status == "pending") {
        return failure(Kind::not_yet, "registered; an administrator has to approve this agent");
    }
    if (status != "active") return judge_unreadable({"status: neither pending nor active"});
    Secret key(text_at(*body, "api_key"));
    if (key.empty()) {
        return failure(Kind::credential_lost,
                       "the backend issued this agent's API key before, and it is not here");
    }
    if (const auto usable = check_credential(key.reveal()); !usable) {
        return judge_unreadable(usable.error());
    }
    return Enrolled{.identity = {.agent_id = agent_id, .credential = std::move(key)},
                    .heartbeat_interval = {},
                    .inventory_policy = policy_of(*body)};
}

Answer<InventoryReceipt> judge_check_in(const HttpAnswer& answer,
                                        const std::vector<InventoryElement>& sent) {
    const auto body = JsonValue::parse(answer.body);
    switch (answer.status) {
        case 200:
            if (!body) return judge_unreadable(body.error());
            if (text_at(*body, "status") != "accepted") {
                return judge_unreadable({"status: not accepted"});
            }
            return InventoryReceipt{policy_of(*body)};
        case 403:
            return failure(Kind::not_yet,
                           judge_failure(answer, body ? said(*body) : "").error().text);
        case 422:
            if (!body) return judge_failure(answer, "");
            return judge_invalid(answer, *body, sent);
        default:
            return judge_failure(answer, body ? said(*body) : "");
    }
}

}  // namespace bulkhead::worker::grapheon
