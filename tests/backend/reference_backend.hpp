// ReferenceBackend: a test double that serves every dialect on one loopback port. Tests send it
// requests and inspect its state. It keeps nothing when it is destroyed.
//
//     ReferenceBackend backend({.install_tokens = {"token"}});
//     ASSERT_TRUE(backend.start());
//     ... start an agent with backend.url() and backend.ca_file() ...
//     ASSERT_TRUE(backend.wait_for([](const State& s) { return s.heartbeats.size() >= 2; }, 5s));
#pragma once

#include <filesystem>

#include "tests/backend/certificates.hpp"
#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/misbehaviour.hpp"

namespace bulkhead::reference {

class HttpServer;

class ReferenceBackend {
  public:
    struct Options {
        bool tls = true;
        std::string directory =
            {};        // certificates and job output; empty: a temporary one, removed at the end
        int port = 0;  // 0: any free port, and the same again after stop() and start()
        bool control = false;  // serve the control interface, plain HTTP
        int control_port = 0;
        std::vector<std::string> install_tokens = {};         // of the bulkhead dialect
        std::map<std::string, std::string> node_tokens = {};  // of hyprbox: token -> node, "": any
        std::map<std::string, std::string> api_keys = {};     // of lunasentri: key -> machine
        std::string only = {};  // serve this dialect alone; empty: all of them
        KeepOutput keep_output = KeepOutput::file;
        int heartbeat_seconds = 0;  // the interval that answers ask for; 0: none
        std::chrono::milliseconds lease{60'000};
        CertificateAuthority::Flaw certificate_flaw = CertificateAuthority::Flaw::none;
        bool client_certificates = false;  // callers need one of the CA of this backend
        Narrator::Sink narrate = {};
    };

    /// A job to queue. Exactly one of `script` and `catalogue` is set; hyprbox has scripts only.
    struct JobRequest {
        std::string dialect = "bulkhead";
        std::string target =
            {};  // host id, host name, agent id or node id; empty: whoever asks first
        std::string script = {};
        std::string catalogue = {};
        std::map<std::string, std::string> params = {};
        std::string id = {};  // empty: the backend chooses one
    };

    ReferenceBackend();
    explicit ReferenceBackend(Options options);
    ~ReferenceBackend();
    ReferenceBackend(const ReferenceBackend&) = delete;
    ReferenceBackend& operator=(const ReferenceBackend&) = delete;

    Outcome<> start();
    /// Ends every connection. The state is kept, and start() continues with it.
    void stop();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string control_url() const;
    [[nodiscard]] int port() const;
    [[nodiscard]] std::string directory() const;
    [[nodiscard]] std::string ca_file() const;
    /// The certificate of another CA than the server's. Written by the first call.
    Outcome<std::string> wrong_ca_file();
    [[nodiscard]] std::string client_certificate_file() const;
    [[nodiscard]] std::string client_key_file() const;
    /// "sha256//..." of the server's key (CURLOPT_PINNEDPUBLICKEY(3)).
    [[nodiscard]] std::string pin() const { return pin_; }

    /// Returns the id of the job, or why it cannot be queued.
    Outcome<std::string> queue_job(JobRequest request);
    /// A queued job is dropped; a running one is named in the next answer to its agent.
    Outcome<> cancel_job(const std::string& id);
    /// Delivers the same job again, in whatever state it is.
    Outcome<> redeliver_job(const std::string& id);
    void add_install_token(const std::string& token);
    void expire_install_token(const std::string& token);
    /// Sets what the registry of aegisflux assigns to every host, and the form of its answer.
    void assign_artifacts(ArtifactShape shape, nlohmann::json artifacts);
    /// Adds an artifact, which is assigned to every host, or replaces it; without `approval` there
    /// is none.
    void put_artifact(const std::string& id, std::string bundle, std::string approval = "");
    void put_approval(const std::string& id, std::string approval);
    void unassign_artifact(const std::string& id);
    /// What hosts have reported about it, the latest last.
    std::vector<nlohmann::json> artifact_states(const std::string& id) const;
    /// Drops registrations of aegisflux that are not completed, as a restart of the server does.
    void forget_registrations();
    /// Drops all agents of aegisflux as well, which its server keeps in memory alone.
    void forget_agents();
    /// The record that the actions API of aegisflux shows of an agent; null if it has none.
    nlohmann::json aegisflux_agent(const std::string& uid);
    void make_aegisflux_older();
    void add_enrollment_key(const std::string& key, GrapheonKey rules = {});
    void set_grapheon_policy(nlohmann::json policy);
    void enforce_grapheon_policy(bool enforced);
    /// `action`: approve, reject, revoke, disable, enable or rotate. `agent`: uuid or host name;
    /// empty: all agents. Returns the new key for rotate, else "".
    Outcome<std::string> change_grapheon_agent(const std::string& agent, const std::string& action);
    void add_api_key(const std::string& key, const std::string& machine);
    void remove_api_key(const std::string& key);
    void enable_machine(const std::string& machine, bool enabled);
    void break_storage(bool broken);
    void add_node_token(const std::string& token, const std::string& node);
    void remove_node_token(const std::string& token);
    /// Makes the credential of this agent (id, host id or host name) unknown.
    Outcome<> revoke(const std::string& agent) { return give_credential(agent, ""); }
    /// Replaces the credential of this agent; empty: it has none.
    Outcome<> give_credential(const std::string& agent, const std::string& credential);
    void set_heartbeat_seconds(int seconds);
    void set_lease(std::chrono::milliseconds lease);

    void misbehave(Misbehaviour misbehaviour) { misbehaviours_.add(std::move(misbehaviour)); }
    void behave() { misbehaviours_.clear(); }
    [[nodiscard]] std::vector<Misbehaviour> misbehaviours() const {
        return misbehaviours_.pending();
    }

    /// These return copies, taken under the lock.
    [[nodiscard]] std::vector<Enrolment> enrolments() const;
    [[nodiscard]] std::vector<Heartbeat> heartbeats() const;
    [[nodiscard]] std::vector<Job> jobs() const;
    [[nodiscard]] std::optional<Job> job(const std::string& id) const;
    [[nodiscard]] std::vector<Finding> findings() const;
    [[nodiscard]] std::vector<Inventory> inventories() const;
    [[nodiscard]] std::vector<Alert> alerts() const;
    [[nodiscard]] std::vector<RequestRecord> requests() const;
    /// What the job printed, without the holes.
    [[nodiscard]] std::string standard_output(const std::string& job) const;
    [[nodiscard]] std::string standard_error(const std::string& job) const;

    /// Calls `use` with the state, under the lock.
    template <class Use>
    auto read(Use use) const {
        return store_.read(std::move(use));
    }
    /// The same, for what no other function changes.
    template <class Use>
    auto change(Use use) {
        return store_.change(std::move(use));
    }

    /// Waits until `fulfilled(const State&)` holds. False if it does not within `longest`.
    template <class Predicate>
    bool wait_for(Predicate fulfilled, std::chrono::milliseconds longest) const {
        return store_.wait_until(std::chrono::steady_clock::now() + longest, std::move(fulfilled));
    }
    bool wait_for_result(const std::string& job, std::chrono::milliseconds longest) const;

    /// The routes of all dialects.
    [[nodiscard]] const std::vector<Route>& routes() const { return router_.routes(); }

  private:
    Outcome<> prepare_directory();
    Outcome<> make_certificates();
    Outcome<> start_server();
    Outcome<> start_control();
    Answer serve(Call& call);

    Options options_;
    Store store_;
    Narrator narrator_;
    Misbehaviours misbehaviours_;
    Router router_;
    Handler alone_;  // if set, it serves instead of the router
    Router control_router_;
    std::filesystem::path directory_;
    bool directory_is_ours_ = false;
    std::string pin_;
    std::unique_ptr<HttpServer> server_;
    std::unique_ptr<HttpServer> control_;
};

}  // namespace bulkhead::reference
