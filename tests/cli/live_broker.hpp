// The broker's own handlers with a real ledger, audit log and job processes: the live path without
// a worker before it.
#pragma once
#include <nlohmann/json.hpp>

#include "broker/handlers/handlers.hpp"
#include "common/admission/admit.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {

struct Offer {
    std::string delivery;
    std::string text;       // a script or signed script, as a backend sends it
    std::string catalogue;  // or the name of a catalogue job
    std::vector<admission::ParamValue> params;
};

class LiveBroker {
  public:
    explicit LiveBroker(const std::string& policy_directory);

    // What the audit log says of it; {"reason":"job-unusable"} where a worker never asks. A job
    // that is admitted runs to its end.
    nlohmann::json decide(const Offer& offer);
    unsigned jobs_run() const { return jobs_run_; }

    // The reply's reason code, and every event that the request has brought into the audit log.
    std::string ask(const Offer& offer, std::vector<nlohmann::json>& events);
    void begin_another_log();  // the lines so far are lost
    std::uint64_t ledger_bytes() const;
    // An object that is gone, and cannot be written until let_evidence_be().
    void lose_evidence(const std::string& digest) const;
    void let_evidence_be(const std::string& digest) const;
    bool trouble(std::string_view code) const;
    unsigned running() const { return jobs_.running(); }
    std::string policy_digest() const { return crypto::hex(context_.policy->policy.digest); }

  private:
    nlohmann::json answer(const auto& request);
    std::string answer(const auto& request, std::vector<nlohmann::json>& events);

    TempDir state_;
    TempDir logs_;
    sys::Log log_;
    sys::Loop loop_;
    broker::CgroupTree cgroups_;
    records::Ledger ledger_;
    records::Audit audit_;
    records::Evidence evidence_;
    std::optional<JobNumber> ended_;
    broker::Jobs jobs_;
    broker::Context context_;
    protocol::BackendName backend_ = protocol::BackendName::clipped("test");
    std::vector<protocol::BackendFile> files_;
    broker::ConfinedProcess process_ = broker::ConfinedProcess::spawn(sleeping_plan()).value();
    broker::Caller caller_{backend_, files_, process_};
    std::size_t read_ = 0;  // bytes of the audit log
    unsigned jobs_run_ = 0;
};

}  // namespace bulkhead::test
