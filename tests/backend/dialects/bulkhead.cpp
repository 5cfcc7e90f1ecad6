// The bulkhead dialect, version 1, as worker/backend/bulkhead/openapi.yaml documents it. It refuses
// what is not documented, so that tests show when an agent departs from the document.
#include <algorithm>

#include "common/base/text.hpp"
#include "tests/backend/dialects/artifacts.hpp"
#include "tests/backend/dialects/bulkhead_shapes.hpp"
#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::string_view kName = "bulkhead";
constexpr std::size_t kMaxBody = 1U << 20U;
constexpr std::size_t kMaxInventory = 16U << 20U;  // after decompression
constexpr std::uint64_t kLongestWait = 300;

Answer unauthorized(std::string_view code, std::string_view message) {
    auto answer = Answer::error(401, code, message);
    answer.headers.emplace("WWW-Authenticate", "Bearer");
    return answer;
}

bool has_media_type(const Call& call, std::string_view wanted) {
    const auto given = call.header("content-type");
    return given == wanted || given.starts_with(std::string(wanted) + ";");
}

/// Refuses a body by its size, encoding or media type. Only inventories may be gzip.
std::optional<Answer> unusable_body(const Call& call, std::string_view media_type,
                                    bool may_be_gzip) {
    const auto encoding = call.header("content-encoding");
    if (call.sent_body_bytes > kMaxBody || call.body_too_large ||
        call.body.size() > kMaxInventory || (encoding.empty() && call.body.size() > kMaxBody))
        return Answer::error(413, "too_large", "the body is larger than 1 MiB");
    if (!encoding.empty() && !(may_be_gzip && encoding == "gzip"))
        return Answer::error(415, "unsupported_encoding", "Content-Encoding: " + encoding);
    if (!has_media_type(call, media_type))
        return Answer::error(415, "unsupported_media_type",
                             "Content-Type must be " + std::string(media_type));
    return std::nullopt;
}

OrAnswer<json> body_of(const Call& call, const Shape& shape, bool may_be_gzip = false) {
    if (auto unusable = unusable_body(call, "application/json", may_be_gzip))
        return std::unexpected(*unusable);
    return json_body(call, shape);
}

OrAnswer<std::string> agent_of(const Call& call, const Store& store) {
    const auto agent = store.read([&](const State& state) {
        const auto found = state.credentials.find(call.bearer());
        return found == state.credentials.end() ? std::string{} : found->second;
    });
    if (agent.empty())
        return std::unexpected(unauthorized("unknown_credential", "the credential is not known"));
    return agent;
}

/// The body, if its agent_id is that of the caller's credential.
OrAnswer<json> signed_body(const Call& call, const Store& store, const Shape& shape,
                           bool may_be_gzip = false) {
    const auto agent = agent_of(call, store);
    if (!agent) return std::unexpected(agent.error());
    auto body = body_of(call, shape, may_be_gzip);
    if (body && (*body)["agent_id"] != *agent)
        return std::unexpected(
            Answer::error(403, "wrong_agent", "agent_id: the credential is another agent's"));
    return body;
}

json pace(const State& state) {
    return state.heartbeat_seconds == 0 ? json::object()
                                        : json{{"heartbeat_seconds", state.heartbeat_seconds}};
}

std::string name_of_agent(const State& state, const std::string& agent_id) {
    const auto found = state.enrolments.find(agent_id);
    return found == state.enrolments.end() ? agent_id : found->second.hostname;
}

// --- enrolment ---

std::optional<Answer> refuse_token(const State& state, const std::string& token,
                                   const std::string& host_id) {
    const auto known = state.install_tokens.find(token);
    if (known == state.install_tokens.end())
        return unauthorized("unknown_token", "the install token is not known");
    const auto& [used_by, expired] = known->second;
    if (expired) return Answer::error(403, "token_expired", "the install token has expired");
    if (!used_by.empty() && used_by != host_id)
        return Answer::error(403, "token_used", "the install token has enrolled another host");
    for (const auto& [id, enrolment] : state.enrolments)
        if (enrolment.host_id == host_id && enrolment.install_token != token)
            return Answer::error(409, "already_enrolled",
                                 "the host is enrolled with another install token");
    return std::nullopt;
}

/// The enrolment of this token and host, a new one if there is none: the same token and host enroll
/// the same agent again, because the first answer may have been lost.
Enrolment& enrolment_for(State& state, const std::string& token, const std::string& host_id) {
    for (auto& [id, enrolment] : state.enrolments)
        if (enrolment.host_id == host_id && enrolment.install_token == token) return enrolment;
    const auto agent_id = "agent-" + std::to_string(state.next_agent++);
    auto& enrolment = state.enrolments[agent_id];
    enrolment.agent_id = agent_id;
    enrolment.host_id = host_id;
    enrolment.install_token = token;
    return enrolment;
}

Answer enroll(const Call& call, Services services) {
    const auto body = body_of(call, bulkhead_shapes::enroll());
    if (!body) return body.error();
    const auto answer = services.store.change([&](State& state) {
        const auto token = (*body)["install_token"].get<std::string>();
        const auto host_id = (*body)["host_id"].get<std::string>();
        if (auto refusal = refuse_token(state, token, host_id)) return *refusal;
        state.install_tokens[token].host_id = host_id;
        auto& enrolment = enrolment_for(state, token, host_id);
        state.credentials.erase(enrolment.credential);
        enrolment.credential = "bhc_" + random_hex(32);
        enrolment.hostname = (*body)["hostname"];
        enrolment.request = *body;
        ++enrolment.times;
        state.credentials[enrolment.credential] = enrolment.agent_id;
        auto reply = pace(state);
        reply["agent_id"] = enrolment.agent_id;
        reply["credential"] = enrolment.credential;
        return Answer::json(200, reply);
    });
    const auto host = (*body)["hostname"].get<std::string>();
    services.narrator.say(answer.status == 200
                              ? "enrolled " + host
                              : "enrolment of " + host + " refused: " + answer.body);
    return answer;
}

Answer leave(const Call& call, Services services) {
    const auto agent = agent_of(call, services.store);
    if (!agent) return agent.error();
    const auto host = services.store.change([&](State& state) {
        auto name = name_of_agent(state, *agent);
        state.credentials.erase(call.bearer());
        state.enrolments.erase(*agent);
        return name;
    });
    services.narrator.say(host + " has left");
    return Answer::empty();
}

// --- heartbeats ---

void note_running_jobs(State& state, const std::string& agent, const json& running) {
    for (const auto& id : running)
        if (auto* job = state.find_job(id.get<std::string>());
            job != nullptr && job->agent == agent)
            job->last_sign = steady_clock::now();
}

/// A ledger's count only rises, and its head changes with each record: a host that shows less, or
/// another head at the same count, was set back as a whole, which it cannot see itself.
void watch_ledger(State& state, Enrolment& agent, const json& beat, std::string& line) {
    if (!beat.contains("ledger")) return;
    const auto size = beat["ledger"]["size"].get<std::uint64_t>();
    const auto head = beat["ledger"]["head"].get<std::string>();
    const bool forked = size == agent.ledger_size && head != agent.ledger_head;
    if (size < agent.ledger_size || forked) {
        const auto detail = "the ledger has " + std::to_string(size) + " records, it had " +
                            std::to_string(agent.ledger_size) +
                            (forked ? " with another head" : "");
        state.add(Alert{"host-rolled-back", agent.agent_id, detail, system_clock::now()});
        line += "; ALERT host-rolled-back: " + detail;
    }
    agent.ledger_size = size;
    agent.ledger_head = head;
}

/// "; TROUBLE jobs-failing (worker)": what the host says of its health.
std::string health_in(const json& beat) {
    std::string told;
    if (!beat.contains("health")) return told;
    for (const auto& one : beat["health"]["troubles"]) {
        told += (told.empty() ? "; TROUBLE " : ", ") + quoted(one["code"].get<std::string>(), 64) +
                " (" + one["says"].get<std::string>() + ")";
    }
    return told;
}

Answer heartbeat(const Call& call, Services services) {
    auto body = signed_body(call, services.store, bulkhead_shapes::heartbeat());
    if (!body) return body.error();
    std::string line;
    const auto answer = services.store.change([&](State& state) {
        const auto agent = (*body)["agent_id"].get<std::string>();
        if ((*body)["host_id"] != state.enrolments[agent].host_id)
            return Answer::error(403, "wrong_host",
                                 "host_id: the agent was enrolled on another host");
        note_running_jobs(state, agent, (*body)["jobs"]["running"]);
        line = heartbeat_line(name_of_agent(state, agent), *body);
        line += health_in(*body);
        watch_ledger(state, state.enrolments[agent], *body, line);
        state.add(Heartbeat{std::string(kName), agent, std::move(*body), system_clock::now()});
        auto reply = pace(state);
        if (!state.artifacts.empty()) reply["artifacts"] = assigned_artifacts(state);
        return reply.empty() ? Answer::empty() : Answer::json(200, reply);
    });
    services.narrator.say(line);
    return answer;
}

// --- jobs ---

bool is_for(const Job& job, const Enrolment& agent) {
    if (job.dialect != kName) return false;
    if (!job.agent.empty()) return job.agent == agent.agent_id;
    return job.target.empty() || job.target == agent.host_id || job.target == agent.hostname ||
           job.target == agent.agent_id;
}

json take_cancellations(State& state, const std::string& agent) {
    auto ids = json::array();
    for (auto& job : state.jobs) {
        if (!job.cancel_wanted || job.agent != agent) continue;
        job.cancel_wanted = false;
        ids.push_back(job.id);
    }
    return ids;
}

/// True if the job is to be delivered: it is new, redeliver_job() was called, or its agent has not
/// reported about it for longer than the lease.
bool is_due(const State& state, const Job& job, SteadyTime& wake) {
    if (job.deliver) return true;
    if (job.state != JobState::running) return false;
    const auto expiry = job.last_sign + state.lease;
    wake = std::min(wake, expiry);
    return expiry <= steady_clock::now();
}

json hand_out(Job& job, const std::string& agent) {
    job.deliver = false;
    job.agent = agent;
    job.last_sign = steady_clock::now();
    ++job.handed_out;
    if (job.state == JobState::queued) job.state = JobState::running;
    auto reply = job.work;
    reply["id"] = job.id;
    return {{"job", reply}};
}

std::optional<json> news_for(State& state, const std::string& agent, SteadyTime& wake) {
    if (!state.enrolments.contains(agent)) return std::nullopt;  // it has left while it waited
    if (auto ids = take_cancellations(state, agent); !ids.empty()) return json{{"cancel", ids}};
    for (auto& job : state.jobs)
        if (is_for(job, state.enrolments[agent]) && is_due(state, job, wake))
            return hand_out(job, agent);
    return std::nullopt;
}

Answer next_job(const Call& call, Services services) {
    const auto agent = agent_of(call, services.store);
    if (!agent) return agent.error();
    const auto wait = number_in_query(call, "wait", "0");
    if (!wait) return wait.error();
    if (*wait > kLongestWait)
        return Answer::error(400, "bad_request", "wait: is longer than 300 seconds");
    const auto deadline = steady_clock::now() + seconds(*wait);
    bool gone = false;
    const auto news =
        services.store.take(deadline, [&](State& state, SteadyTime& wake) -> std::optional<json> {
            gone = call.caller_left();  // a job sent to it would be lost until its lease ends
            if (gone) return json();
            return news_for(state, *agent, wake);
        });
    if (gone || !news) return Answer::empty();
    if (news->contains("job"))
        services.narrator.say(
            "job " + (*news)["job"]["id"].get<std::string>() + " handed to " +
            services.store.read([&](const State& s) { return name_of_agent(s, *agent); }));
    return Answer::json(200, *news);
}

/// What a report about a job needs, without the script, which may be large.
struct HeldJob {
    std::string id;
    std::shared_ptr<OutputStream> out;
    std::shared_ptr<OutputStream> err;
};

/// The job in the path, if it was delivered to this caller; else 404, also for a job of another.
OrAnswer<HeldJob> job_of(const Call& call, Services services) {
    const auto agent = agent_of(call, services.store);
    if (!agent) return std::unexpected(agent.error());
    return services.store.read([&](const State& state) -> OrAnswer<HeldJob> {
        const auto* job = state.find_job(call.captured.at("id"));
        if (job == nullptr || job->dialect != kName || job->agent != *agent)
            return std::unexpected(
                Answer::error(404, "unknown_job", "no such job was handed to this agent"));
        return HeldJob{job->id, job->out, job->err};
    });
}

OrAnswer<OutputStream::Taken> take_chunk(const Call& call, OutputStream& stream, bool want_fresh) {
    const auto offset = number_in_query(call, "offset");
    if (!offset) return std::unexpected(offset.error());
    const auto skip = call.header("bulkhead-skip-from");
    if (skip.empty()) return stream.take(*offset, call.body, want_fresh);
    const auto skip_from = whole_number(skip, "Bulkhead-Skip-From");
    if (!skip_from) return std::unexpected(skip_from.error());
    if (*skip_from > *offset)
        return std::unexpected(
            Answer::error(400, "bad_request", "Bulkhead-Skip-From: lies behind the offset"));
    return stream.take_after_hole(*skip_from, *offset, call.body, want_fresh);
}

Answer put_output(const Call& call, Services services) {
    auto job = job_of(call, services);
    if (!job) return job.error();
    if (auto unusable = unusable_body(call, "application/octet-stream", false)) return *unusable;
    const auto& name = call.captured.at("stream");
    if (name != "stdout" && name != "stderr")
        return Answer::error(404, "unknown_stream", "a stream is stdout or stderr");
    auto& stream = name == "stdout" ? *job->out : *job->err;
    const auto taken = take_chunk(call, stream, services.narrator.listening());
    if (!taken) return taken.error();
    services.narrator.output(job->id + "/" + name, taken->fresh);
    services.store.change(
        [&](State& state) { state.find_job(job->id)->last_sign = steady_clock::now(); });
    return Answer::json(taken->accepted ? 200 : 409, {{"next_offset", taken->next_offset}});
}

Answer post_result(const Call& call, Services services) {
    const auto job = job_of(call, services);
    if (!job) return job.error();
    const auto body = body_of(call, bulkhead_shapes::result());
    if (!body) return body.error();
    const bool recorded = services.store.change([&](State& state) {
        auto& kept = *state.find_job(job->id);
        if (!kept.result.is_null()) ++kept.results_refused;
        if (!kept.result.is_null()) return false;
        kept.result = *body;
        kept.state = JobState::done;
        kept.cancel_wanted = false;
        return true;
    });
    if (!recorded)
        return Answer::error(409, "already_recorded", "the result of this job is already known");
    services.narrator.end_output(job->id + "/stdout");
    services.narrator.end_output(job->id + "/stderr");
    services.narrator.say(result_line(job->id, *body));
    return Answer::empty();
}

// --- reports ---

Answer findings(const Call& call, Services services) {
    const auto body = signed_body(call, services.store, bulkhead_shapes::findings());
    if (!body) return body.error();
    const auto agent = (*body)["agent_id"].get<std::string>();
    const auto now = system_clock::now();
    const auto who = services.store.change([&](State& state) {
        for (const auto& finding : (*body)["findings"])
            state.add_or_refresh({std::string(kName), agent, finding, now, now});
        // A report is the whole set: a finding that it lacks is resolved.
        std::erase_if(state.findings, [&](const Finding& known) {
            return known.dialect == kName && known.who == agent && known.last_seen != now;
        });
        return name_of_agent(state, agent);
    });
    say_findings(services.narrator, who, (*body)["findings"]);
    return Answer::empty();
}

Answer inventory(const Call& call, Services services) {
    auto body = signed_body(call, services.store, bulkhead_shapes::inventory(), true);
    if (!body) return body.error();
    const auto agent = (*body)["agent_id"].get<std::string>();
    auto line =
        "inventory #" + (*body)["sequence"].dump() + ((*body)["full"] == true ? " full" : " delta");
    const bool compressed = !call.header("content-encoding").empty();
    const auto who = services.store.change([&](State& state) {
        state.add(Inventory{std::string(kName), agent, std::move(*body), compressed,
                            system_clock::now()});
        return name_of_agent(state, agent);
    });
    services.narrator.say(line + " of " + who);
    return Answer::empty();
}

// --- artifacts ---

Answer artifact_part(const Call& call, Services services,
                     Answer (*answer_of)(const State&, const std::string&)) {
    const auto agent = agent_of(call, services.store);
    if (!agent) return agent.error();
    return services.store.read(
        [&](const State& state) { return answer_of(state, call.captured.at("id")); });
}

Answer get_bundle(const Call& call, Services services) {
    return artifact_part(call, services, &bundle_of);
}

Answer get_approval(const Call& call, Services services) {
    return artifact_part(call, services, &approval_of);
}

Answer put_state(const Call& call, Services services) {
    const auto agent = agent_of(call, services.store);
    if (!agent) return agent.error();
    const auto body = body_of(call, bulkhead_shapes::artifact_state());
    if (!body) return body.error();
    const auto& id = call.captured.at("id");
    const auto answer =
        services.store.change([&](State& state) { return take_state(state, id, *body); });
    services.narrator.say("artifact " + id + ": " + (*body)["state"].get<std::string>() + ", " +
                          (*body)["reason"].get<std::string>());
    return answer;
}

}  // namespace

void add_bulkhead_routes(Router& router, Services services) {
    const auto add = [&](const char* method, const char* path,
                         Answer (*handler)(const Call&, Services)) {
        router.add(method, path, [=](const Call& call) { return handler(call, services); });
    };
    add("POST", "/v1/enroll", enroll);
    add("DELETE", "/v1/agents/self", leave);
    add("POST", "/v1/heartbeat", heartbeat);
    add("GET", "/v1/jobs/next", next_job);
    add("PUT", "/v1/jobs/{id}/output/{stream}", put_output);
    add("POST", "/v1/jobs/{id}/result", post_result);
    add("POST", "/v1/findings", findings);
    add("POST", "/v1/inventory", inventory);
    add("GET", "/v1/artifacts/{id}/bundle", get_bundle);
    add("GET", "/v1/artifacts/{id}/approval", get_approval);
    add("PUT", "/v1/artifacts/{id}/state", put_state);
}

}  // namespace bulkhead::reference
