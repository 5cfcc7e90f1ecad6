#include "tests/backend/control.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "tests/backend/dialects/requests.hpp"
#include "tests/backend/reference_backend.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;

constexpr std::size_t kShownOutput = 1U << 20U;
constexpr std::size_t kAnyLength = 0;

// --- parameters of requests ---

int number_in(const Call& call, const std::string& name, int otherwise) {
    const auto found = call.query.find(name);
    if (found == call.query.end()) return otherwise;
    int number = otherwise;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
    return number;
}

/// ?wait=SECONDS, 0..300: how long the answer may wait for what is asked, so that a shell script
/// need not poll.
std::chrono::seconds wait_of(const Call& call) {
    return std::chrono::seconds(std::clamp(number_in(call, "wait", 0), 0, 300));
}

Answer answer_of(const Outcome<>& outcome) {
    return outcome ? Answer::json(200, {{"ok", true}})
                   : Answer::error(409, "refused", outcome.error());
}

// --- values in answers ---

std::string shown(WallTime at) {
    const auto time = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

json shown(const OutputStream& stream, bool with_text) {
    auto holes = json::array();
    for (const auto& hole : stream.holes())
        holes.push_back({{"at", hole.at}, {"length", hole.length}});
    json view{{"bytes", stream.held()},
              {"next_offset", stream.next_offset()},
              {"sha256", stream.sha256()},
              {"holes", holes}};
    if (!with_text) return view;
    view["text"] = stream.text(kShownOutput);
    view["text_is_the_end_only"] = stream.held() > kShownOutput;
    return view;
}

json shown(const Job& job, bool with_text) {
    return {{"id", job.id},
            {"dialect", job.dialect},
            {"target", job.target},
            {"work", job.work},
            {"state", name_of(job.state)},
            {"agent", job.agent},
            {"handed_out", job.handed_out},
            {"stdout", shown(*job.out, with_text)},
            {"stderr", shown(*job.err, with_text)},
            {"result", job.result},
            {"results_refused", job.results_refused}};
}

json shown(const Enrolment& enrolment) {
    return {{"agent_id", enrolment.agent_id},          {"host_id", enrolment.host_id},
            {"hostname", enrolment.hostname},          {"times", enrolment.times},
            {"revoked", enrolment.credential.empty()}, {"request", enrolment.request}};
}

json shown(const Heartbeat& heartbeat) {
    return {{"dialect", heartbeat.dialect},
            {"who", heartbeat.who},
            {"at", shown(heartbeat.at)},
            {"body", heartbeat.body}};
}

json shown(const Finding& finding) {
    return {{"dialect", finding.dialect},
            {"who", finding.who},
            {"times", finding.times},
            {"first_seen", shown(finding.first_seen)},
            {"last_seen", shown(finding.last_seen)},
            {"finding", finding.body}};
}

json shown(const Alert& alert) {
    return {{"kind", alert.kind},
            {"who", alert.who},
            {"at", shown(alert.at)},
            {"detail", alert.detail}};
}

json shown(const Inventory& inventory) {
    return {{"dialect", inventory.dialect},
            {"who", inventory.who},
            {"at", shown(inventory.at)},
            {"compressed", inventory.compressed},
            {"body", inventory.body}};
}

json shown(const RequestRecord& request) {
    auto headers = request.headers;
    if (headers.contains("authorization")) headers["authorization"] = "(hidden)";
    return {{"at", shown(request.at)},
            {"method", request.method},
            {"path", request.path},
            {"target", request.target},
            {"status", request.status},
            {"headers", headers},
            {"body_bytes", request.body_bytes},
            {"misbehaviour", request.misbehaviour}};
}

json shown(const Misbehaviour& wrong) {
    return {{"kind", name_of(wrong.kind)},
            {"path", wrong.path},
            {"method", wrong.method},
            {"times", wrong.times},
            {"delay_ms", wrong.delay.count()}};
}

template <class All>
json list_of(const All& all) {
    auto view = json::array();
    for (const auto& one : all) view.push_back(shown(one));
    return view;
}

// --- jobs ---

Answer queue_job(const Call& call, ReferenceBackend& backend) {
    static const Shape shape =
        object({optional("dialect", text()), optional("host", text()), optional("node", text()),
                optional("script", text(kAnyLength)), optional("catalogue", text()),
                optional("params", map_of_text(64)), optional("id", text(128))});
    const auto body = json_body(call, shape);
    if (!body) return body.error();
    const auto word = [&](const char* name) { return body->value(name, std::string{}); };
    const bool node = body->contains("node");
    const auto id =
        backend.queue_job({.dialect = body->value("dialect", node ? "hyprbox" : "bulkhead"),
                           .target = node ? word("node") : word("host"),
                           .script = word("script"),
                           .catalogue = word("catalogue"),
                           .params = body->value("params", std::map<std::string, std::string>{}),
                           .id = word("id")});
    return id ? Answer::json(200, {{"id", *id}}) : Answer::error(400, "bad_request", id.error());
}

// The body is the script itself, so that `curl --data-binary @job.sh` needs no quoting.
Answer queue_script(const Call& call, ReferenceBackend& backend) {
    const auto word = [&](const char* name) {
        const auto found = call.query.find(name);
        return found == call.query.end() ? std::string{} : found->second;
    };
    const bool node = call.query.contains("node");
    if (call.body.empty()) return Answer::error(400, "bad_request", "the body is the script");
    const auto id = backend.queue_job({.dialect = node ? "hyprbox" : "bulkhead",
                                       .target = node ? word("node") : word("host"),
                                       .script = call.body,
                                       .catalogue = "",
                                       .params = {},
                                       .id = word("id")});
    return id ? Answer::json(200, {{"id", *id}}) : Answer::error(400, "bad_request", id.error());
}

Answer list_jobs(const Call&, ReferenceBackend& backend) {
    auto view = json::array();
    for (const auto& job : backend.jobs()) view.push_back(shown(job, false));
    return Answer::json(200, view);
}

Answer show_job(const Call& call, ReferenceBackend& backend) {
    const auto& id = call.captured.at("id");
    if (!backend.job(id)) return Answer::error(404, "unknown_job", "there is no such job");
    backend.wait_for_result(id, wait_of(call));
    return Answer::json(200, shown(*backend.job(id), true));
}

Answer show_output(const Call& call, ReferenceBackend& backend) {
    const auto job = backend.job(call.captured.at("id"));
    if (!job) return Answer::error(404, "unknown_job", "there is no such job");
    const bool error = call.captured.at("stream") == "stderr";
    return {.status = 200,
            .body = (error ? *job->err : *job->out).text(64U << 20U),
            .content_type = "application/octet-stream"};
}

Answer with_job(const Call& call, Outcome<> (ReferenceBackend::*act)(const std::string&),
                ReferenceBackend& backend) {
    static const Shape shape = object({{"id", text(128)}});
    const auto body = json_body(call, shape);
    return body ? answer_of((backend.*act)((*body)["id"])) : body.error();
}

Answer cancel_job(const Call& call, ReferenceBackend& backend) {
    return with_job(call, &ReferenceBackend::cancel_job, backend);
}

Answer redeliver_job(const Call& call, ReferenceBackend& backend) {
    return with_job(call, &ReferenceBackend::redeliver_job, backend);
}

// --- what was received ---

Answer list_heartbeats(const Call& call, ReferenceBackend& backend) {
    const auto wanted = static_cast<std::uint64_t>(std::max(0, number_in(call, "count", 1)));
    backend.wait_for([&](const State& state) { return state.heartbeats_ever >= wanted; },
                     wait_of(call));
    return Answer::json(200, list_of(backend.heartbeats()));
}

Answer list_agents(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.enrolments()));
}

Answer list_requests(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.requests()));
}

Answer list_findings(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.findings()));
}

Answer list_alerts(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.alerts()));
}

Answer list_inventory(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.inventories()));
}

// --- tokens and agents ---

Answer add_token(const Call& call, ReferenceBackend& backend) {
    static const Shape shape = object({{"token", text(255)}, optional("node", text())});
    const auto body = json_body(call, shape);
    if (!body) return body.error();
    if (body->contains("node"))
        backend.add_node_token((*body)["token"], (*body)["node"]);
    else
        backend.add_install_token((*body)["token"]);
    return Answer::json(200, {{"ok", true}});
}

Answer change_grapheon(const Call& call, ReferenceBackend& backend) {
    static const Shape shape =
        object({optional("agent", text(kAnyLength)), optional("action", text()),
                optional("policy", any_object().or_null()), optional("enrollment_key", text()),
                optional("approves", boolean())});
    const auto body = json_body(call, shape);
    if (!body) return body.error();
    if (body->contains("policy")) backend.set_grapheon_policy((*body)["policy"]);
    if (body->contains("enrollment_key"))
        backend.add_enrollment_key((*body)["enrollment_key"],
                                   {.approves = body->value("approves", false)});
    if (!body->contains("action")) return Answer::json(200, {{"ok", true}});
    const auto done =
        backend.change_grapheon_agent(body->value("agent", std::string()), (*body)["action"]);
    return done ? Answer::json(200, {{"ok", true}, {"api_key", *done}})
                : Answer::error(409, "refused", done.error());
}

Answer revoke(const Call& call, ReferenceBackend& backend) {
    static const Shape shape = object({{"agent", text()}});
    const auto body = json_body(call, shape);
    return body ? answer_of(backend.revoke((*body)["agent"])) : body.error();
}

Answer change_settings(const Call& call, ReferenceBackend& backend) {
    static const Shape shape =
        object({optional("heartbeat_seconds", integer()), optional("lease_ms", integer())});
    const auto body = json_body(call, shape);
    if (!body) return body.error();
    if (body->contains("heartbeat_seconds"))
        backend.set_heartbeat_seconds((*body)["heartbeat_seconds"]);
    if (body->contains("lease_ms"))
        backend.set_lease(std::chrono::milliseconds((*body)["lease_ms"].get<int>()));
    return Answer::json(200, {{"ok", true}});
}

// --- misbehaviour ---

Answer start_misbehaving(const Call& call, ReferenceBackend& backend) {
    static const Shape shape = object({{"kind", text()},
                                       optional("path", text()),
                                       optional("method", text()),
                                       optional("times", integer(-1)),
                                       optional("delay_ms", integer()),
                                       optional("status", integer(200)),
                                       optional("retry_after", text()),
                                       optional("location", text()),
                                       optional("mebibytes", integer(1)),
                                       optional("chunked", boolean()),
                                       optional("takes_effect", boolean())});
    const auto body = json_body(call, shape);
    if (!body) return body.error();
    const auto kind = misbehaviour_named((*body)["kind"].get<std::string>());
    if (!kind) return Answer::error(400, "bad_request", "kind: is not known");
    const Misbehaviour plain;
    backend.misbehave({.kind = *kind,
                       .path = body->value("path", plain.path),
                       .method = body->value("method", plain.method),
                       .times = body->value("times", plain.times),
                       .delay = std::chrono::milliseconds(body->value("delay_ms", 0)),
                       .status = body->value("status", plain.status),
                       .retry_after = body->value("retry_after", plain.retry_after),
                       .location = body->value("location", plain.location),
                       .mebibytes = body->value("mebibytes", plain.mebibytes),
                       .chunked = body->value("chunked", plain.chunked),
                       .takes_effect = body->value("takes_effect", plain.takes_effect)});
    return Answer::json(200, {{"ok", true}});
}

Answer list_misbehaviours(const Call&, ReferenceBackend& backend) {
    return Answer::json(200, list_of(backend.misbehaviours()));
}

Answer stop_misbehaving(const Call&, ReferenceBackend& backend) {
    backend.behave();
    return Answer::json(200, {{"ok", true}});
}

// The body is the bundle.
Answer put_artifact(const Call& call, ReferenceBackend& backend) {
    backend.put_artifact(call.captured.at("id"), call.body);
    return Answer::json(200, {{"ok", true}});
}

Answer put_approval(const Call& call, ReferenceBackend& backend) {
    backend.put_approval(call.captured.at("id"), call.body);
    return Answer::json(200, {{"ok", true}});
}

Answer show_artifact(const Call& call, ReferenceBackend& backend) {
    return Answer::json(200, {{"states", backend.artifact_states(call.captured.at("id"))}});
}

Answer unassign_artifact(const Call& call, ReferenceBackend& backend) {
    backend.unassign_artifact(call.captured.at("id"));
    return Answer::json(200, {{"ok", true}});
}

}  // namespace

void add_control_routes(Router& router, ReferenceBackend& backend) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, ReferenceBackend&)) {
        router.add(method, path,
                   [handler, &backend](const Call& call) { return handler(call, backend); });
    };
    add("POST", "/control/jobs", queue_job);
    add("POST", "/control/scripts", queue_script);
    add("GET", "/control/jobs", list_jobs);
    add("GET", "/control/jobs/{id}", show_job);
    add("GET", "/control/jobs/{id}/output/{stream}", show_output);
    add("POST", "/control/cancel", cancel_job);
    add("POST", "/control/redeliver", redeliver_job);
    add("GET", "/control/heartbeats", list_heartbeats);
    add("GET", "/control/agents", list_agents);
    add("GET", "/control/requests", list_requests);
    add("GET", "/control/findings", list_findings);
    add("GET", "/control/inventory", list_inventory);
    add("GET", "/control/alerts", list_alerts);
    add("PUT", "/control/artifacts/{id}", put_artifact);
    add("PUT", "/control/artifacts/{id}/approval", put_approval);
    add("GET", "/control/artifacts/{id}", show_artifact);
    add("DELETE", "/control/artifacts/{id}", unassign_artifact);
    add("POST", "/control/tokens", add_token);
    add("POST", "/control/revoke", revoke);
    add("POST", "/control/grapheon", change_grapheon);
    add("POST", "/control/settings", change_settings);
    add("POST", "/control/misbehave", start_misbehaving);
    add("GET", "/control/misbehave", list_misbehaviours);
    add("DELETE", "/control/misbehave", stop_misbehaving);
}

}  // namespace bulkhead::reference
