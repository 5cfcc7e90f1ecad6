#include "worker/backend/grapheon/grapheon_dialect.hpp"

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/grapheon/grapheon_answers.hpp"
#include "worker/backend/grapheon/gzip.hpp"
#include "worker/backend/json/inventory_json.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kUuidLength = 36;

std::string clipped(std::string_view text) { return BoundaryText<kMaxName>::clipped(text).str(); }

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

// The members about this host that registrations and check-ins share.
void put_host(JsonWriter& json, const GrapheonOptions& options, std::string_view agent_version,
              const SystemInfo& system) {
    const auto version = options.agent_version.empty() ? "bulkhead " + std::string(agent_version)
                                                       : options.agent_version;
    json.put("hostname",
             options.hostname.empty() ? clipped(system.hostname) : std::string(options.hostname))
        .put("agent_version", BoundaryText<100>::clipped(version).str())
        .put("platform", "linux")
        .put("platform_release", clipped(system.kernel_release));
}

std::string registration(const GrapheonOptions& options, const EnrollRequest& request) {
    JsonWriter json;
    json.begin_object()
        .put("enrollment_key", request.install_token.reveal())
        .put("agent_uuid", request.agent_id)
        .put("display_name", unless_empty(options.display_name))
        .put("site_name", unless_empty(options.site_name));
    put_host(json, options, request.agent_version, request.system);
    json.begin_object("metadata").put("runtime", "bulkhead").end();
    Inventory only{.links = request.inventory.links, .addresses = request.inventory.addresses};
    return with_arrays(std::move(json), inventory_elements(only, options.wildcard_listeners).rows,
                       {Collection::addresses});
}

void put_head(JsonWriter& json, const std::string& name, const std::optional<ChainHead>& chain) {
    if (!chain) return;
    json.put(name + "_size", chain->size).put(name + "_head", chain->head);
}

// "audit-gap policy-rejected"
std::string codes_of(std::span<const Trouble> troubles) {
    std::string codes;
    for (const auto& one : troubles) codes += (codes.empty() ? "" : " ") + one.code;
    return codes;
}

std::string check_in(const GrapheonOptions& options, const std::string& agent_id,
                     const InventoryReport& report) {
    JsonWriter json;
    json.begin_object()
        .put("agent_uuid", agent_id)
        .put("observed_at", format_utc(report.observed_at))
        .put("sequence_number", report.sequence)
        .put("full_snapshot", report.first);
    put_host(json, options, report.agent_version, report.system);
    // The backend keeps this object with each check-in, whatever members it has.
    json.begin_object("metadata").put("runtime", "bulkhead").put("delta_mode", "set-diff");
    if (!report.policy_digest.empty()) json.put("policy_digest", report.policy_digest);
    put_head(json, "audit", report.audit);
    put_head(json, "ledger", report.ledger);
    if (!report.troubles.empty()) json.put("troubles", codes_of(report.troubles));
    json.end();
    return with_arrays(std::move(json), report.elements,
                       {Collection::addresses, Collection::neighbours, Collection::connections,
                        Collection::routes});
}

}  // namespace

const DialectTraits& GrapheonDialect::traits() const {
    static const DialectTraits kTraits{
        .heartbeats = false,
        .credential_name = "API key",
        .rejection_hint = "ask an admin to rotate it, or to make this agent active again"};
    return kTraits;
}

std::optional<Exchange<Standing>> GrapheonDialect::ask_standing(
    const StandingQuestion& question) const {
    const auto ask = [header = options_.api_key_header,
                      key = question.identity.credential.reveal()](std::string path,
                                                                   std::string body) {
        return HttpRequest{
            .method = "POST",
            .path = std::move(path),
            .headers = {{header, Secret(key)}, {"Content-Type", Secret("application/json")}},
            .body = std::move(body),
            .max_answer_bytes = grapheon::kMaxAnswerBytes};
    };
    JsonWriter poll;
    poll.begin_object().put("agent_uuid", question.identity.agent_id).end();
    JsonWriter report;
    report.begin_object()
        .put("agent_uuid", question.identity.agent_id)
        .put("observed_at", format_utc(question.now))
        .put("full_snapshot", false)
        .end();
    // Servers up to 0.10 have no polls. A check-in would end a collection that an administrator has
    // asked for, which is only to be had where there are polls.
    const auto check_in = [ask, body = std::move(report).take()] {
        return Exchange<Standing>{.request = ask("/api/agents/check-in", body),
                                  .judge = &grapheon::judge_standing};
    };
    return Exchange<Standing>{.request = ask("/api/agents/poll", std::move(poll).take()),
                              .judge = [check_in](const HttpAnswer& answer) -> Answer<Standing> {
                                  if (answer.status == 404 || answer.status == 405)
                                      return Standing{.next = check_in};
                                  return grapheon::judge_standing(answer);
                              }};
}

EnrollTraits GrapheonEnrollment::enroll_traits() const {
    return {.gives_again = false,
            .names_itself = true,
            .sends_addresses = true,
            .pause_after_refusal = options_.timer_interval};
}

Exchange<Enrolled> GrapheonEnrollment::enroll(const EnrollRequest& request) const {
    return {.request = {.method = "POST",
                        .path = "/api/agents/register",
                        .headers = {{"Content-Type", Secret("application/json")}},
                        .body = registration(options_, request),
                        .max_answer_bytes = grapheon::kMaxAnswerBytes},
            .judge = [id = request.agent_id](const HttpAnswer& answer) {
                return grapheon::judge_register(answer, id);
            }};
}

Result<Adopted> GrapheonEnrollment::adopt(const OriginalIdentity& files) const {
    const auto line = [&files](std::string_view name) {
        const auto found = files.find(name);
        const auto text = found == files.end() ? "" : found->second.reveal();
        return std::string(trimmed(text.substr(0, text.find_first_of("\r\n"))));
    };
    Adopted adopted{
        .agent_id = line("agent_uuid"), .key = {}, .credential = Secret(line("api_key"))};
    if (adopted.agent_id.empty() && !adopted.credential.empty()) {
        return fail("an api_key, but no agent_uuid that it belongs to");
    }
    if (!adopted.agent_id.empty() && adopted.agent_id.size() != kUuidLength) {
        return fail("agent_uuid: holds no UUID");
    }
    if (!adopted.agent_id.empty()) TRY(within("agent_uuid", check_agent_id(adopted.agent_id)));
    if (!adopted.credential.empty()) {
        TRY(within("api_key", check_credential(adopted.credential.reveal())));
    }
    return adopted;
}

GrapheonInventory::GrapheonInventory(const GrapheonOptions& options) : options_(options) {
    traits_.timer_interval = options.timer_interval;
}

InventoryElements GrapheonInventory::elements(const Inventory& inventory) const {
    return inventory_elements(inventory, options_.wildcard_listeners);
}

Exchange<InventoryReceipt> GrapheonInventory::report(const Identity& identity,
                                                     const InventoryReport& report) const {
    return {.request = {.method = "POST",
                        .path = "/api/agents/check-in",
                        .headers = {{options_.api_key_header, Secret(identity.credential.reveal())},
                                    {"Content-Type", Secret("application/json")},
                                    {"Content-Encoding", Secret("gzip")}},
                        .body = gzip(check_in(options_, identity.agent_id, report)),
                        .max_answer_bytes = grapheon::kMaxAnswerBytes},
            .judge = [sent = report.elements](const HttpAnswer& answer) {
                return grapheon::judge_check_in(answer, sent);
            }};
}

}  // namespace bulkhead::worker
