// The reference backend: every dialect on one loopback port, for tests to talk to and to look into,
// and for people to watch. It is a test double; it keeps nothing over its own end.
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
        int port = 0;  // 0: any free one, and the same again after stop() and start()
        bool control = false;  // serve the control interface, plain HTTP
        int control_port = 0;
        std::vector<std::string> install_tokens = {};  // of the bulkhead dialect
        std::map<std::string, std::string> node_tokens =
            {};                                            // of hyprbox: token -> node, "" for any
        std::map<std::string, std::string> api_keys = {};  // of lunasentri: key -> machine
        std::string only = {};  // speak this dialect alone; empty: all of them
        KeepOutput keep_output = KeepOutput::file;
        int heartbeat_seconds = 0;  // told to agents; 0: not told
        std::chrono::milliseconds lease{60'000};
        CertificateAuthority::Flaw certificate_flaw = CertificateAuthority::Flaw::none;
        bool client_certificates = false;  // demand one of client_certificate_file()
        Narrator::Sink narrate = {};
    };

    /// What to run and where. Exactly one of `script` and `catalogue` is given; hyprbox knows
    /// scripts only.
    struct JobRequest {
        std::string dialect = "bulkhead";
        std::string target =
            {};  // host id, host name, agent id or node id; empty: whoever asks first
        std::string script = {};
        std::string catalogue = {};
        std::map<std::string, std::string> params = {};
        std::string id = {};  // empty: made up
    };

    ReferenceBackend();
    explicit ReferenceBackend(Options options);
    ~ReferenceBackend();
    ReferenceBackend(const ReferenceBackend&) = delete;
    ReferenceBackend& operator=(const ReferenceBackend&) = delete;

    Outcome<> start();
    /// Ends every connection; what was learnt stays, and start() goes on with it.
    void stop();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string control_url() const;
    [[nodiscard]] int port() const;
    [[nodiscard]] std::string directory() const;
    [[nodiscard]] std::string ca_file() const;
    /// Of a CA that has nothing to do with this server. Written when first asked for.
    Outcome<std::string> wrong_ca_file();
    [[nodiscard]] std::string client_certificate_file() const;
    [[nodiscard]] std::string client_key_file() const;
    /// "sha256//..." of the server's key, as curl writes it.
    [[nodiscard]] std::string pin() const { return pin_; }

    /// The id of the job, or why it cannot be.
    Outcome<std::string> queue_job(JobRequest request);
    /// A queued job is dropped; a running one is named in the next answer to its agent.
    Outcome<> cancel_job(const std::string& id);
    /// Hands the same job out again, whatever became of it.
    Outcome<> redeliver_job(const std::string& id);
    void add_install_token(const std::string& token);
    void expire_install_token(const std::string& token);
    /// What the registry of aegisflux assigns to every host, and in which of its shapes.
    void assign_artifacts(ArtifactShape shape, nlohmann::json artifacts);
    /// Registrations that were begun and not completed, as after a restart of the server.
    void forget_registrations();
    void add_enrollment_key(const std::string& key, GrapheonKey rules = {});
    void set_grapheon_policy(nlohmann::json policy);
    void enforce_grapheon_policy(bool enforced);
    /// approve, reject, revoke, disable, enable or rotate the agent (uuid or host name); empty: all
    /// of them. The new key of `rotate`, or nothing.
    Outcome<std::string> change_grapheon_agent(const std::string& agent, const std::string& action);
    void add_api_key(const std::string& key, const std::string& machine);
    void remove_api_key(const std::string& key);
    void enable_machine(const std::string& machine, bool enabled);
    void break_storage(bool broken);
    void add_node_token(const std::string& token, const std::string& node);
    void remove_node_token(const std::string& token);
    /// The credential of this agent (id, host id or host name) is unknown from now on.
    Outcome<> revoke(const std::string& agent) { return give_credential(agent, ""); }
    /// Instead of the one it has; empty: none at all.
    Outcome<> give_credential(const std::string& agent, const std::string& credential);
    void set_heartbeat_seconds(int seconds);
    void set_lease(std::chrono::milliseconds lease);

    void misbehave(Misbehaviour misbehaviour) { misbehaviours_.add(std::move(misbehaviour)); }
    void behave() { misbehaviours_.clear(); }
    [[nodiscard]] std::vector<Misbehaviour> misbehaviours() const {
        return misbehaviours_.pending();
    }

    /// Copies, taken under the lock.
    [[nodiscard]] std::vector<Enrolment> enrolments() const;
    [[nodiscard]] std::vector<Heartbeat> heartbeats() const;
    [[nodiscard]] std::vector<Job> jobs() const;
    [[nodiscard]] std::optional<Job> job(const std::string& id) const;
    [[nodiscard]] std::vector<Finding> findings() const;
    [[nodiscard]] std::vector<Inventory> inventories() const;
    [[nodiscard]] std::vector<RequestRecord> requests() const;
    /// What the job printed, holes closed up.
    [[nodiscard]] std::string standard_output(const std::string& job) const;
    [[nodiscard]] std::string standard_error(const std::string& job) const;

    /// Anything else: `use` sees the state under the lock.
    template <class Use>
    auto read(Use use) const {
        return store_.read(std::move(use));
    }

    /// Sleeps until `fulfilled(const State&)` holds. False when that took longer than `patience`.
    template <class Predicate>
    bool wait_for(Predicate fulfilled, std::chrono::milliseconds patience) const {
        return store_.wait_until(std::chrono::steady_clock::now() + patience, std::move(fulfilled));
    }
    bool wait_for_result(const std::string& job, std::chrono::milliseconds patience) const;

    /// Method and path of everything the dialects serve.
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
    Handler alone_;  // instead of the router
    Router control_router_;
    std::filesystem::path directory_;
    bool directory_is_ours_ = false;
    std::string pin_;
    std::unique_ptr<HttpServer> server_;
    std::unique_ptr<HttpServer> control_;
};

}  // namespace bulkhead::reference
