// State: everything the reference backend knows, as plain data. The Store locks it and notifies of
// changes.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <set>

#include "tests/backend/message.hpp"
#include "tests/backend/output_stream.hpp"

namespace bulkhead::reference {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

struct Enrolment {
    std::string agent_id;
    std::string host_id;
    std::string hostname;
    std::string install_token;
    std::string credential;  // the latest; empty once revoked
    nlohmann::json request;  // the latest
    int times = 0;
    std::uint64_t ledger_size = 0;  // as its latest heartbeat had it
    std::string ledger_head;
};

/// What somebody has to look at.
struct Alert {
    std::string kind;  // host-rolled-back
    std::string who;   // agent id
    std::string detail;
    WallTime at;
};

struct Heartbeat {
    std::string dialect;
    std::string who;  // agent id or node id
    nlohmann::json body;
    WallTime at;
};

enum class JobState { queued, running, done, cancelled };

struct Job {
    std::string id;
    std::string dialect;
    std::string target;   // host id, host name, agent id or node id; empty: the first that asks
    nlohmann::json work;  // {"script"} or {"catalogue", "params"}
    JobState state = JobState::queued;
    std::string agent;  // the agent that it was delivered to
    int handed_out = 0;
    bool deliver = true;         // in the answer to the next request for a job
    bool cancel_wanted = false;  // named once in the next answer to its agent
    SteadyTime last_sign;        // when its agent last reported about it
    std::shared_ptr<OutputStream> out;
    std::shared_ptr<OutputStream> err;  // unused by dialects that mix the two
    nlohmann::json result;              // null until reported
    int results_refused = 0;            // reports after the first
};

struct Finding {
    std::string dialect;
    std::string who;
    nlohmann::json body;
    WallTime first_seen;
    WallTime last_seen;
    int times = 1;
};

struct Inventory {
    std::string dialect;
    std::string who;
    nlohmann::json body;
    bool compressed = false;
    WallTime at;
};

struct RequestRecord {
    std::string method;
    std::string path;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::size_t body_bytes = 0;
    int status = 0;            // of the answer, also if the connection was cut before
    std::string misbehaviour;  // the kind that was applied; empty: none
    WallTime at;
};

struct InstallToken {
    std::string host_id;  // of the host that it enrolled; empty: unused
    bool expired = false;
};

/// The forms of the answers of AegisFlux's three registries.
enum class ArtifactShape { named, ids, array };

struct AegisFlux {
    struct Registration {
        std::string host_id;
        std::string public_key;  // octets
        std::string signed_text;
        nlohmann::json request;
    };
    ArtifactShape shape = ArtifactShape::named;
    nlohmann::json assigned = nlohmann::json::array();  // to every host
    std::map<std::string, Registration> open;           // by registration id, not completed yet
    std::map<std::string, std::string> last_seen;       // by agent id, as its latest heartbeat says
    std::map<std::string, nlohmann::json> records;      // by agent id, as an operator sees them
    // As the actions API of 2025: each registration gets another id, and there are no heartbeats.
    bool older = false;
};

/// An eBPF artifact, of any dialect that has them.
struct Artifact {
    std::string bundle;                  // octets
    std::string approval;                // the same; empty: there is none
    bool assigned = false;               // to every host
    std::vector<nlohmann::json> states;  // as hosts report them
};

struct GrapheonKey {
    bool active = true;
    bool expired = false;
    bool approves = false;  // agents are active without an administrator's approval
    int limit = 1'000;      // agents it may register
    int registrations = 0;
};

struct GrapheonAgent {
    int id = 0;
    std::string enrollment_key;
    std::string standing;  // pending, active, rejected, revoked
    bool enabled = true;
    std::string api_key;  // empty until it is issued, in one answer
    nlohmann::json registration;
    int registrations = 0;
    int check_ins = 0;
    std::map<std::string, std::set<std::string>> known;  // elements by array, as JSON
};

struct Grapheon {
    std::map<std::string, GrapheonKey> keys;
    std::map<std::string, GrapheonAgent> agents;  // by uuid
    nlohmann::json policy;                        // in every answer; null: none
    bool enforces_policy = false;                 // as later versions: 403 for what it disables
    bool polls = false;                           // as later versions: POST /api/agents/poll
    std::string api_key_header = "x-agent-api-key";
};

/// A machine of lunasentri.
struct Machine {
    std::string name;
    bool enabled = true;
    nlohmann::json system = nlohmann::json::object();  // the latest value of each member
};

struct State {
    std::map<std::string, InstallToken> install_tokens;
    std::map<std::string, std::string> node_tokens;  // token -> node; an empty node: any
    std::map<std::string, std::string> credentials;  // credential -> agent id
    std::map<std::string, Machine> machines;         // by API key
    bool storage_broken = false;                     // lunasentri answers reports with 500
    std::map<std::string, Enrolment> enrolments;     // by agent id
    std::deque<Heartbeat> heartbeats;                // the latest kKept
    std::deque<Job> jobs;                            // in the order they were queued
    std::deque<Finding> findings;                    // one for each dialect, reporter, type and key
    std::deque<Inventory> inventories;               // the latest kKept
    std::deque<Alert> alerts;                        // the latest kKept
    std::deque<RequestRecord> requests;  // the latest kKept, in the order of their answers
    std::uint64_t heartbeats_ever = 0;
    std::uint64_t requests_ever = 0;
    int next_agent = 1;
    int next_job = 1;

    std::map<std::string, Artifact> artifacts;  // by id
    AegisFlux aegisflux;
    Grapheon grapheon;

    int heartbeat_seconds = 0;  // the interval that answers ask for; 0: none
    std::chrono::milliseconds lease{60'000};

    static constexpr std::size_t kKept = 10'000;

    Job* find_job(const std::string& id);
    [[nodiscard]] const Job* find_job(const std::string& id) const;
    void add(Heartbeat heartbeat);
    void add(Inventory inventory);
    void add(Alert alert);
    void add(RequestRecord request);
    void add_or_refresh(Finding finding);
};

std::string_view name_of(JobState state);

}  // namespace bulkhead::reference
