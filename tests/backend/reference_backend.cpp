#include "tests/backend/reference_backend.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/backend/control.hpp"
#include "tests/backend/dialects/requests.hpp"
#include "tests/backend/http_server.hpp"

namespace bulkhead::reference {
namespace {

template <class T>
std::vector<T> copy_of(const std::deque<T>& all) {
    return {all.begin(), all.end()};
}

nlohmann::json work_of(const ReferenceBackend::JobRequest& request) {
    if (request.catalogue.empty() && request.params.empty()) return {{"script", request.script}};
    if (request.catalogue.empty()) {
        return {{"script", request.script}, {"params", request.params}};
    }
    return {{"catalogue", request.catalogue}, {"params", request.params}};
}

std::optional<std::string> why_not(const ReferenceBackend::JobRequest& request) {
    if (std::ranges::find(kDialects, request.dialect, &Dialect::name) == kDialects.end())
        return "dialect: is not known";
    if (!request.script.empty() && !request.catalogue.empty())
        return "a job is either a script or of the catalogue";
    if (request.script.empty() && request.catalogue.empty())
        return "a job needs a script or a catalogue name";
    if (request.dialect == "lunasentri" || request.dialect == "ravenxcope")
        return request.dialect + " knows no jobs";
    if (request.dialect == "hyprbox" && !request.catalogue.empty())
        return "hyprbox knows scripts only";
    if (request.id.size() > 128) return "id: is longer than 128 octets";
    return std::nullopt;
}

}  // namespace

ReferenceBackend::ReferenceBackend() : ReferenceBackend(Options{}) {}

ReferenceBackend::ReferenceBackend(Options options)
    : options_(std::move(options)), narrator_(options_.narrate) {
    for (const auto& dialect : kDialects) {
        if (!options_.only.empty() && options_.only != dialect.name) continue;
        dialect.add_routes(router_, {store_, narrator_});
        if (!options_.only.empty() && dialect.alone != nullptr)
            alone_ = dialect.alone({store_, narrator_});
    }
    add_control_routes(control_router_, *this);
    for (const auto& token : options_.install_tokens) add_install_token(token);
    for (const auto& [token, node] : options_.node_tokens) add_node_token(token, node);
    for (const auto& [key, machine] : options_.api_keys) add_api_key(key, machine);
    set_heartbeat_seconds(options_.heartbeat_seconds);
    set_lease(options_.lease);
}

ReferenceBackend::~ReferenceBackend() {
    stop();
    std::error_code ignored;
    if (directory_is_ours_) std::filesystem::remove_all(directory_, ignored);
}

// --- start and stop ---

Outcome<> ReferenceBackend::start() {
    if (server_) return std::unexpected("already started");
    store_.set_stopping(false);
    auto ready = directory_.empty() ? prepare_directory() : Outcome<>{};
    if (ready && options_.tls && pin_.empty()) ready = make_certificates();
    if (ready) ready = start_server();
    if (ready && options_.control) ready = start_control();
    if (!ready) stop();
    return ready;
}

void ReferenceBackend::stop() {
    store_.set_stopping(true);
    if (server_) server_->stop();
    if (control_) control_->stop();
    server_.reset();
    control_.reset();
}

Outcome<> ReferenceBackend::prepare_directory() {
    std::error_code failure;
    if (options_.directory.empty()) {
        auto name = (std::filesystem::temp_directory_path() / "reference-backend-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            return std::unexpected("cannot make a temporary directory");
        directory_is_ours_ = true;
        directory_ = name;
    } else {
        directory_ = std::filesystem::absolute(options_.directory, failure);
    }
    std::filesystem::create_directories(directory_ / "jobs", failure);
    if (failure) return std::unexpected(directory_.string() + ": " + failure.message());
    return {};
}

Outcome<> ReferenceBackend::make_certificates() {
    using Use = CertificateAuthority::Use;
    const auto authority = CertificateAuthority::create("reference backend CA");
    if (!authority) return std::unexpected(authority.error());
    if (auto written = authority->write_certificate(ca_file()); !written) return written;
    auto pin = authority->issue(Use::server, options_.certificate_flaw, directory_ / "server.pem",
                                directory_ / "server.key");
    if (!pin) return std::unexpected(pin.error());
    const auto client = authority->issue(Use::client, CertificateAuthority::Flaw::none,
                                         client_certificate_file(), client_key_file());
    if (!client) return std::unexpected(client.error());
    pin_ = *pin;
    return {};
}

Outcome<> ReferenceBackend::start_server() {
    HttpServer::Options options{.port = options_.port};
    if (options_.tls) {
        options.certificate_file = directory_ / "server.pem";
        options.key_file = directory_ / "server.key";
        if (options_.client_certificates) options.client_ca_file = ca_file();
    }
    server_ = std::make_unique<HttpServer>([this](Call& call) { return serve(call); }, options);
    auto started = server_->start();
    if (started) options_.port = server_->port();
    return started;
}

Outcome<> ReferenceBackend::start_control() {
    const auto service = [this](Call& call) { return control_router_.serve(call); };
    control_ = std::make_unique<HttpServer>(
        service, HttpServer::Options{.port = options_.control_port, .connections = 16});
    auto started = control_->start();
    if (started) options_.control_port = control_->port();
    return started;
}

Answer ReferenceBackend::serve(Call& call) {
    const auto wrong = misbehaviours_.take(call);
    if (wrong && wrong->delay.count() > 0) store_.pause(wrong->delay);
    const auto handle = [&] { return alone_ ? alone_(call) : router_.serve(call); };
    auto answer = wrong ? reference::misbehave(*wrong, handle) : handle();
    RequestRecord record{.method = call.method,
                         .path = call.path,
                         .target = call.target,
                         .headers = call.headers,
                         .body_bytes = call.body.size(),
                         .status = answer.status,
                         .misbehaviour = std::string(wrong ? name_of(wrong->kind) : ""),
                         .at = std::chrono::system_clock::now()};
    store_.change([&](State& state) { state.add(std::move(record)); });
    return answer;
}

// --- addresses and files ---

std::string ReferenceBackend::url() const {
    return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(options_.port);
}
std::string ReferenceBackend::control_url() const {
    return options_.control ? "http://127.0.0.1:" + std::to_string(options_.control_port)
                            : std::string{};
}
int ReferenceBackend::port() const { return options_.port; }
std::string ReferenceBackend::directory() const { return directory_; }
std::string ReferenceBackend::ca_file() const {
    return options_.tls ? (directory_ / "ca.pem").string() : "";
}
std::string ReferenceBackend::client_certificate_file() const { return directory_ / "client.pem"; }
std::string ReferenceBackend::client_key_file() const { return directory_ / "client.key"; }

Outcome<std::string> ReferenceBackend::wrong_ca_file() {
    const auto file = (directory_ / "wrong-ca.pem").string();
    if (std::filesystem::exists(file)) return file;
    const auto stranger = CertificateAuthority::create("an unrelated CA");
    if (!stranger) return std::unexpected(stranger.error());
    if (auto written = stranger->write_certificate(file); !written)
        return std::unexpected(written.error());
    return file;
}

// --- settings and jobs ---

Outcome<std::string> ReferenceBackend::queue_job(JobRequest request) {
    if (const auto objection = why_not(request)) return std::unexpected(*objection);
    return store_.change([&](State& state) -> Outcome<std::string> {
        const int number = state.next_job++;
        if (request.id.empty()) request.id = "job-" + std::to_string(number);
        if (state.find_job(request.id) != nullptr)
            return std::unexpected("id: there is such a job already");
        // The file is named by number, because an id may hold characters that a path must not.
        const auto file = (directory_ / "jobs" / std::to_string(number)).string();
        state.jobs.push_back(
            {.id = request.id,
             .dialect = request.dialect,
             .target = request.target,
             .work = work_of(request),
             .agent = {},
             .last_sign = {},
             .out = std::make_shared<OutputStream>(options_.keep_output, file + ".stdout"),
             .err = std::make_shared<OutputStream>(options_.keep_output, file + ".stderr"),
             .result = {}});
        return request.id;
    });
}

Outcome<> ReferenceBackend::cancel_job(const std::string& id) {
    return store_.change([&](State& state) -> Outcome<> {
        auto* job = state.find_job(id);
        if (job == nullptr) return std::unexpected("there is no such job");
        if (job->state == JobState::done) return std::unexpected("the job has ended");
        if (job->state == JobState::running && job->dialect == "hyprbox")
            return std::unexpected("hyprbox cannot cancel a running job");
        if (job->state == JobState::queued) {
            job->state = JobState::cancelled;
            job->deliver = false;
        } else {
            job->cancel_wanted = true;
        }
        return {};
    });
}

Outcome<> ReferenceBackend::redeliver_job(const std::string& id) {
    return store_.change([&](State& state) -> Outcome<> {
        auto* job = state.find_job(id);
        if (job == nullptr) return std::unexpected("there is no such job");
        job->deliver = true;
        return {};
    });
}

void ReferenceBackend::add_install_token(const std::string& token) {
    store_.change([&](State& state) { state.install_tokens[token]; });
}

void ReferenceBackend::expire_install_token(const std::string& token) {
    store_.change([&](State& state) { state.install_tokens[token].expired = true; });
}

void ReferenceBackend::assign_artifacts(ArtifactShape shape, nlohmann::json artifacts) {
    store_.change([&](State& state) {
        state.aegisflux.shape = shape;
        state.aegisflux.assigned = std::move(artifacts);
    });
}

void ReferenceBackend::put_artifact(const std::string& id, std::string bundle,
                                    std::string approval) {
    store_.change([&](State& state) {
        auto& artifact = state.artifacts[id];
        artifact.bundle = std::move(bundle);
        if (!approval.empty()) artifact.approval = std::move(approval);
        artifact.assigned = true;
    });
}

void ReferenceBackend::put_approval(const std::string& id, std::string approval) {
    store_.change([&](State& state) { state.artifacts[id].approval = std::move(approval); });
}

void ReferenceBackend::unassign_artifact(const std::string& id) {
    store_.change([&](State& state) { state.artifacts[id].assigned = false; });
}

std::vector<nlohmann::json> ReferenceBackend::artifact_states(const std::string& id) const {
    return store_.read([&](const State& state) {
        const auto found = state.artifacts.find(id);
        return found == state.artifacts.end() ? std::vector<nlohmann::json>{}
                                              : found->second.states;
    });
}

void ReferenceBackend::forget_registrations() {
    store_.change([](State& state) { state.aegisflux.open.clear(); });
}

void ReferenceBackend::forget_agents() {
    store_.change([](State& state) {
        state.aegisflux.open.clear();
        state.aegisflux.last_seen.clear();
        state.aegisflux.records.clear();
        state.enrolments.clear();
    });
}

nlohmann::json ReferenceBackend::aegisflux_agent(const std::string& uid) {
    return store_.change([&](State& state) { return state.aegisflux.records[uid]; });
}

void ReferenceBackend::make_aegisflux_older() {
    store_.change([](State& state) { state.aegisflux.older = true; });
}

void ReferenceBackend::add_enrollment_key(const std::string& key, GrapheonKey rules) {
    store_.change([&](State& state) { state.grapheon.keys[key] = rules; });
}

void ReferenceBackend::set_grapheon_policy(nlohmann::json policy) {
    store_.change([&](State& state) { state.grapheon.policy = std::move(policy); });
}

void ReferenceBackend::enforce_grapheon_policy(bool enforced) {
    store_.change([&](State& state) { state.grapheon.enforces_policy = enforced; });
}

Outcome<std::string> ReferenceBackend::change_grapheon_agent(const std::string& agent,
                                                             const std::string& action) {
    static const std::map<std::string, std::string> kStandings{
        {"approve", "active"}, {"reject", "rejected"}, {"revoke", "revoked"}};
    return store_.change([&](State& state) -> Outcome<std::string> {
        std::string told;
        for (auto& [uuid, one] : state.grapheon.agents) {
            const auto hostname = one.registration.value("hostname", "");
            if (!agent.empty() && agent != uuid && agent != hostname) continue;
            if (const auto standing = kStandings.find(action); standing != kStandings.end())
                one.standing = standing->second;
            else if (action == "enable" || action == "disable")
                one.enabled = action == "enable";
            else if (action == "rotate")
                one.api_key = "gpak_" + random_hex(21) + "b";
            else
                return std::unexpected("action: is not known");
            told = action == "rotate" ? one.api_key : "ok";
        }
        if (told.empty()) return std::unexpected("there is no such agent");
        return action == "rotate" ? told : "";
    });
}

void ReferenceBackend::add_api_key(const std::string& key, const std::string& machine) {
    store_.change([&](State& state) { state.machines[key].name = machine; });
}

void ReferenceBackend::remove_api_key(const std::string& key) {
    store_.change([&](State& state) { state.machines.erase(key); });
}

void ReferenceBackend::enable_machine(const std::string& machine, bool enabled) {
    store_.change([&](State& state) {
        for (auto& [key, known] : state.machines) {
            if (known.name == machine) known.enabled = enabled;
        }
    });
}

void ReferenceBackend::break_storage(bool broken) {
    store_.change([&](State& state) { state.storage_broken = broken; });
}

void ReferenceBackend::add_node_token(const std::string& token, const std::string& node) {
    store_.change([&](State& state) { state.node_tokens[token] = node; });
}

void ReferenceBackend::remove_node_token(const std::string& token) {
    store_.change([&](State& state) { state.node_tokens.erase(token); });
}

Outcome<> ReferenceBackend::give_credential(const std::string& agent,
                                            const std::string& credential) {
    return store_.change([&](State& state) -> Outcome<> {
        for (auto& [id, enrolment] : state.enrolments) {
            if (id != agent && enrolment.host_id != agent && enrolment.hostname != agent) continue;
            state.credentials.erase(enrolment.credential);
            enrolment.credential = credential;
            if (!credential.empty()) state.credentials[credential] = id;
            return {};
        }
        return std::unexpected("there is no such agent");
    });
}

void ReferenceBackend::set_heartbeat_seconds(int seconds) {
    store_.change([&](State& state) { state.heartbeat_seconds = seconds; });
}

void ReferenceBackend::set_lease(std::chrono::milliseconds lease) {
    store_.change([&](State& state) { state.lease = lease; });
}

// --- what was received ---

std::vector<Enrolment> ReferenceBackend::enrolments() const {
    return read([](const State& state) {
        std::vector<Enrolment> all;
        for (const auto& [id, enrolment] : state.enrolments) all.push_back(enrolment);
        return all;
    });
}
std::vector<Heartbeat> ReferenceBackend::heartbeats() const {
    return read([](const State& state) { return copy_of(state.heartbeats); });
}
std::vector<Job> ReferenceBackend::jobs() const {
    return read([](const State& state) { return copy_of(state.jobs); });
}
std::vector<Finding> ReferenceBackend::findings() const {
    return read([](const State& state) { return copy_of(state.findings); });
}
std::vector<Inventory> ReferenceBackend::inventories() const {
    return read([](const State& state) { return copy_of(state.inventories); });
}
std::vector<Alert> ReferenceBackend::alerts() const {
    return read([](const State& state) { return copy_of(state.alerts); });
}
std::vector<RequestRecord> ReferenceBackend::requests() const {
    return read([](const State& state) { return copy_of(state.requests); });
}

std::optional<Job> ReferenceBackend::job(const std::string& id) const {
    return read([&](const State& state) {
        const auto* job = state.find_job(id);
        return job == nullptr ? std::nullopt : std::optional(*job);
    });
}

std::string ReferenceBackend::standard_output(const std::string& id) const {
    const auto found = job(id);
    return found ? found->out->text() : std::string{};
}

std::string ReferenceBackend::standard_error(const std::string& id) const {
    const auto found = job(id);
    return found ? found->err->text() : std::string{};
}

bool ReferenceBackend::wait_for_result(const std::string& id,
                                       std::chrono::milliseconds longest) const {
    return wait_for(
        [&](const State& state) {
            const auto* job = state.find_job(id);
            return job != nullptr && !job->result.is_null();
        },
        longest);
}

}  // namespace bulkhead::reference
