// The hyprbox dialect: node tokens, jobs that are RUNNING once they are delivered, and output as
// text without offsets. Members whose name HyprBox does not document ("chunk", "output") are
// accepted under either name.
#include <algorithm>

#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::string_view kName = "hyprbox";
constexpr std::size_t kAnyLength = 0;

Shape heartbeat_shape() {
    return object({{"node_id", text()},
                   {"hostname", text()},
                   {"os", text()},
                   {"cpu_percent", number()},
                   {"ram_percent", number()},
                   {"disk_percent", number()},
                   {"status", one_of({"online"})},
                   {"agent_version", text()},
                   optional("ip", text()),
                   optional("region", text()),
                   optional("kernel", text()),
                   optional("architecture", text())});
}

Shape findings_shape() {
    const auto finding = object({{"type", text()},
                                 {"key", text()},
                                 {"severity", one_of({"INFO", "WARN", "CRITICAL"})},
                                 {"title", text()},
                                 {"message", text()},
                                 {"metadata", any_object()},
                                 optional("relatedEntities", list(text()))});
    return object({{"nodeId", text()}, {"findings", list(finding)}});
}

Shape output_shape() {
    return object({optional("chunk", text(kAnyLength)), optional("output", text(kAnyLength))});
}

Shape complete_shape() {
    return object({{"exitCode", integer(-1)},
                   optional("output", text(kAnyLength)),
                   optional("errorMsg", text().or_null())});
}

/// The node that the caller's token is pinned to; empty for a token of the whole fleet.
OrAnswer<std::string> token_node(const Call& call, const Store& store) {
    return store.read([&](const State& state) -> OrAnswer<std::string> {
        const auto found = state.node_tokens.find(call.bearer());
        if (found == state.node_tokens.end())
            return std::unexpected(
                Answer::error(401, "unknown_token", "the node token is not known"));
        return found->second;
    });
}

/// Refuses a token that is not pinned to exactly this node, which writing and claiming require.
std::optional<Answer> refuse_node(const Call& call, const Store& store, const std::string& node) {
    const auto pinned = token_node(call, store);
    if (!pinned) return pinned.error();
    if (node.empty() || *pinned != node)
        return Answer::error(403, "wrong_node", "the token is not pinned to this node");
    return std::nullopt;
}

Answer heartbeat(const Call& call, Services services) {
    if (const auto node = token_node(call, services.store); !node) return node.error();
    auto body = json_body(call, heartbeat_shape());
    if (!body) return body.error();
    const auto node = (*body)["node_id"].get<std::string>();
    services.narrator.say(heartbeat_line(node, *body));
    services.store.change([&](State& state) {
        state.add(Heartbeat{std::string(kName), node, std::move(*body), system_clock::now()});
    });
    return Answer::json(200, {{"ok", true}});
}

Answer pending_job(const Call& call, Services services) {
    const auto asked = call.query.find("nodeId");
    if (asked == call.query.end()) return Answer::error(400, "bad_request", "nodeId: is missing");
    const auto& node = asked->second;
    if (const auto refusal = refuse_node(call, services.store, node)) return *refusal;
    const auto claimed = services.store.change([&](State& state) -> json {
        const auto due = std::ranges::find_if(state.jobs, [&](const Job& job) {
            const auto& wanted = job.agent.empty() ? job.target : job.agent;
            return job.dialect == kName && job.deliver && (wanted.empty() || wanted == node);
        });
        if (due == state.jobs.end()) return nullptr;
        due->deliver = false;
        due->agent = node;
        ++due->handed_out;
        due->last_sign = steady_clock::now();
        if (due->state == JobState::queued) due->state = JobState::running;
        return {{"id", due->id}, {"script", due->work["script"]}};
    });
    if (!claimed.is_null())
        services.narrator.say("job " + claimed["id"].get<std::string>() + " handed to " + node);
    return Answer::json(200, {{"job", claimed}});
}

/// The job in the path, if it is running on the caller's node.
OrAnswer<Job> running_job(const Call& call, Services services) {
    const auto pinned = token_node(call, services.store);
    if (!pinned) return std::unexpected(pinned.error());
    const auto job = services.store.read([&](const State& state) -> std::optional<Job> {
        const auto* found = state.find_job(call.captured.at("id"));
        if (found == nullptr || found->dialect != kName) return std::nullopt;
        return *found;
    });
    if (!job) return std::unexpected(Answer::error(404, "unknown_job", "no such job"));
    if (!job->agent.empty() && job->agent != *pinned)
        return std::unexpected(Answer::error(403, "wrong_node", "the job runs on another node"));
    if (job->state != JobState::running)
        return std::unexpected(Answer::error(409, "not_running", "the job is not running"));
    return *job;
}

void take_output(const Job& job, const json& body, Services services) {
    for (const auto* name : {"chunk", "output"}) {
        const auto found = body.find(name);
        if (found == body.end()) continue;
        job.out->append(found->get_ref<const std::string&>());
        services.narrator.output(job.id, found->get_ref<const std::string&>());
    }
}

Answer output(const Call& call, Services services) {
    const auto job = running_job(call, services);
    if (!job) return job.error();
    const auto body = json_body(call, output_shape());
    if (!body) return body.error();
    if (body->empty()) return Answer::error(400, "bad_request", "chunk: is missing");
    take_output(*job, *body, services);
    services.store.change(
        [&](State& state) { state.find_job(job->id)->last_sign = steady_clock::now(); });
    return Answer::json(200, {{"ok", true}});
}

Answer complete(const Call& call, Services services) {
    const auto job = running_job(call, services);
    if (!job) return job.error();
    auto body = json_body(call, complete_shape());
    if (!body) return body.error();
    take_output(*job, *body, services);
    body->erase("output");
    const bool failed = (*body)["exitCode"] != 0 || !body->value("errorMsg", json()).is_null();
    (*body)["status"] = failed ? "FAILED" : "SUCCEEDED";
    const bool first = services.store.change([&](State& state) {
        auto& kept = *state.find_job(job->id);
        if (kept.state != JobState::running) return false;  // reported on another connection too
        kept.result = *body;
        kept.state = JobState::done;
        return true;
    });
    if (!first) return Answer::error(409, "not_running", "the job is not running");
    services.narrator.end_output(job->id);
    services.narrator.say(result_line(job->id, *body));
    return Answer::json(200, {{"status", (*body)["status"]}});
}

Answer findings(const Call& call, Services services) {
    if (const auto node = token_node(call, services.store); !node) return node.error();
    const auto body = json_body(call, findings_shape());
    if (!body) return body.error();
    const auto node = (*body)["nodeId"].get<std::string>();
    if (const auto refusal = refuse_node(call, services.store, node)) return *refusal;
    const auto now = system_clock::now();
    services.store.change([&](State& state) {
        for (const auto& finding : (*body)["findings"])
            state.add_or_refresh({std::string(kName), node, finding, now, now});
    });
    say_findings(services.narrator, node, (*body)["findings"]);
    return Answer::json(200, {{"ok", true}});
}

Answer health(const Call&, Services) { return Answer::json(200, {{"status", "ok"}}); }

}  // namespace

void add_hyprbox_routes(Router& router, Services services) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, Services)) {
        router.add(method, path, [=](const Call& call) { return handler(call, services); });
    };
    add("GET", "/health", health);
    add("POST", "/api/nodes/heartbeat", heartbeat);
    add("GET", "/api/jobs/pending", pending_job);
    add("POST", "/api/jobs/{id}/output", output);
    add("POST", "/api/jobs/{id}/complete", complete);
    add("POST", "/api/findings", findings);
}

}  // namespace bulkhead::reference
