// A host, its policy and a job that would be admitted: each test changes the one thing it is about.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "common/admission/admit.hpp"
#include "tests/common/approval/signing.hpp"

namespace bulkhead::test {

inline UnixTime at(std::string_view time) { return parse_utc(time).value(); }

struct Situation {
    Situation();

    // Manifest text of the job as it stands; reads `script`.
    std::string manifest() const;
    // Puts the job's manifest into approved/NAME, with its script when it is for the catalogue.
    void pin(const std::string& name, bool with_script = false);
    // Adds signatures of these people, and of the author after them.
    void sign(std::vector<std::string> people);
    void sign_without_author(const std::vector<std::string>& people);

    admission::Verdict admit() const;
    admission::Verdict admit_pinned_script() const;  // as a backend that ships bare scripts would
    admission::Verdict admit_from_catalogue(const std::string& name) const;
    // A record as the broker would write it for this job.
    void started(std::string_view time, std::string_view delivery);

    approval::Manifest job;
    std::string script = "#!/bin/bash\necho hello\n";
    std::string signatures;
    std::vector<admission::ParamValue> params;
    std::string delivery = "delivery-1";
    policy::Policy policy;
    admission::HostFacts facts;
    std::vector<admission::PastRun> runs;
    UnixTime clock_floor{};
    UnixTime unsure_floor{};
    std::optional<UnixTime> birth = at("2026-01-01T00:00:00Z");
    bool after_loss = false;
    admission::Memory memory = admission::Memory::whole;
    UnixTime dropped_once{};
    UnixTime dropped_quota{};
    bool ledger_full = false;
    bool full_for_repeatable = false;
    UnixTime now = at("2026-08-25T12:00:00Z");

  private:
    admission::Verdict run(admission::JobBytes bytes) const;
};

std::string_view code(const admission::Verdict& verdict);
const admission::Check& check(const admission::Verdict& verdict, std::string_view name);

}  // namespace bulkhead::test
