// admit(): may this job run on this host, now? The one place that decides; the broker and the dry
// run call the same function.
//
// It is pure: what it may know of the world comes in as values, so anybody with the same policy can
// ask beforehand and gets the answer the host will give.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/ledger_view.hpp"
#include "common/admission/reason.hpp"
#include "common/approval/manifest.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::admission {

inline constexpr std::size_t kMaxDetail = 500;

struct ParamValue {
    std::string name;
    std::string value;
};

// What arrived. The views refer to memory of the caller.
struct JobBytes {
    enum class Kind {
        script,     // a script, with or without manifest and signatures
        catalogue,  // the name of a script that lies in policy
    };

    Kind kind = Kind::script;
    std::string_view script;
    std::optional<std::string_view> manifest;
    std::string_view signatures;  // armored SSHSIG, one after the other
    std::string_view name;        // of a catalogue job
    std::vector<ParamValue> params;
    crypto::Digest delivery_digest{};  // SHA-256 of "backend LF DeliveryId"
};

// What stat(2) said of an interpreter: a regular executable file, root's, not writable by others.
struct InterpreterFacts {
    bool trusted = false;
    std::string detail;  // "writable by group", "absent", ...; where it is not trusted
};

// What this host makes of a profile.
struct ProfileFacts {
    std::string unusable;              // why its jobs cannot run here; empty: they can
    std::vector<std::string> remarks;  // what they run without, or do not see
    unsigned running = 0;              // jobs
};

// The host as it is at this moment. A value nobody filled in refuses everything.
struct HostFacts {
    bool intake_suspended = true;
    std::string suspended_by;  // where it is for another reason than an operator's
    unsigned running_jobs = 0;
    unsigned max_running_jobs = 0;
    std::map<std::string, InterpreterFacts, std::less<>> interpreters;  // by path
    std::map<std::string, ProfileFacts, std::less<>> profiles;          // by name
};

enum class CheckOutcome { skipped = 0, passed, failed };

struct Check {
    std::string_view name;  // "manifest", "signatures", ...
    CheckOutcome outcome = CheckOutcome::skipped;
    Reason reason = Reason::undecided;
    std::string detail;
};

// Its views and pointers refer to the JobBytes and the Policy that were judged.
struct Verdict {
    bool admitted = false;
    Reason reason = Reason::undecided;  // of the first check that failed
    std::string detail;  // for people; at most kMaxDetail bytes, outside bytes quoted
    std::string rule;    // "pinned approved/clean.manifest", "signed: 2 of ops (alice, bob)"
    std::vector<std::string> signers;            // those who count
    std::optional<approval::Manifest> manifest;  // when there was one that could be read
    // The script that was judged, and so the only one that may run: of the job, or of policy for a
    // catalogue job; empty where policy has none of that name.
    std::string_view script;
    crypto::Digest script_digest = crypto::sha256({});  // of `script`
    const policy::Profile* profile = nullptr;  // the manifest's; null where policy has none
    std::vector<Check> checks;                 // all of them, in order
    // Of the profile on this host, as ProfileFacts has them, and of a #! line that is not obeyed.
    std::vector<std::string> remarks;
    std::vector<std::string> arguments;  // for the interpreter, before the script: of its #! line
};

// Every check is made even after one has failed, so that an author sees all there is to repair;
// the first failure gives the reason.
//
// Time is max(now, clock floor): a clock turned back revives nothing. More than kClockSlack behind
// the floor is refused outright, for then the clock is wrong and so would be every time limit.
Verdict admit(const JobBytes& job, const policy::Policy& policy, const HostFacts& facts,
              const LedgerView& ledger, UnixTime now);

inline constexpr std::chrono::seconds kClockSlack{300};

// A refusal from outside admit(): before it (seals), or after it (the ledger could not be written)
// of the script that `judged` tells of.
Verdict refuse(Reason reason, std::string_view detail, const Verdict& judged = {});

}  // namespace bulkhead::admission
