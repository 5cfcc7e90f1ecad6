// admit(): decides whether a job may run on this host now. The broker and the dry run both call it,
// and nothing else decides.
//
// It is a pure function: everything that it uses is passed in. So a dry run with the same policy
// gives the answer that the host will give.
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

// A job as a worker hands it to the broker. The views refer to memory of the caller.
struct JobBytes {
    enum class Kind {
        script,     // a script, with or without manifest and signatures
        catalogue,  // the name of a catalogue job, whose script is in policy
    };

    Kind kind = Kind::script;
    std::string_view script;
    std::optional<std::string_view> manifest;
    std::string_view signatures;  // armored SSHSIGs; see approval::dearmor()
    std::string_view name;        // of a catalogue job
    std::vector<ParamValue> params;
    crypto::Digest delivery_digest{};  // SHA-256 of "backend LF DeliveryId"
};

// Facts about an interpreter.
struct InterpreterFacts {
    bool trusted = false;  // it is an executable regular file that only root can change or replace
    std::string detail;    // if it is not trusted: "writable by group", "absent", ...
};

// Facts about a profile on this host.
struct ProfileFacts {
    std::string unusable;              // why its jobs cannot run here; empty if they can
    std::vector<std::string> remarks;  // what its jobs lack or do not see
    unsigned running = 0;              // number of jobs that run now
};

// Facts about the host now. With the initial values admit() refuses every job.
struct HostFacts {
    bool intake_suspended = true;
    std::string suspended_by;  // why, if it is suspended and not for violations of the protocol
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

// A valid signature of somebody who counts, or of the author.
struct SignedBy {
    std::string principals;   // of the key's line in allowed_signers: "alice,alice@example.com"
    std::string fingerprint;  // "SHA256:..."
    std::string text;         // the signature as ssh-keygen(1) writes it, whatever armor it came in
};

// What the verdicts of a job and of an artifact both say.
struct Judgement {
    bool admitted = false;
    Reason reason = Reason::undecided;  // of the first check that failed
    // For people: at most kMaxDetail bytes. Text from outside the host is quoted().
    std::string detail;
    std::string rule;  // "pinned approved/clean.manifest", "signed: 2 of ops (alice, bob)"
    std::vector<std::string> signers;  // people whose signatures count
    std::vector<SignedBy> signatures;  // that are valid, each once
    std::string_view manifest_bytes;   // of the manifest: the one that came, or that in policy
    std::vector<Check> checks;         // all of them, in order
};

// Its views and pointers refer to the JobBytes and the Policy that were judged.
struct Verdict : Judgement {
    // Of one that is too early: so long it has to wait.
    std::chrono::seconds early{};
    std::optional<approval::Manifest> manifest;  // absent if there is none or it does not parse
    // The script that the checks were about, and the only one that may run: the job's, or for a
    // catalogue job the one in policy; empty if policy has none of that name.
    std::string_view script;
    crypto::Digest script_digest = crypto::sha256({});  // of `script`
    const policy::Profile* profile = nullptr;           // the manifest's; null if policy has none
    // The remarks of ProfileFacts, and one about a #! line that is not followed.
    std::vector<std::string> remarks;
    std::vector<std::string> arguments;  // of the #! line, for the interpreter, before the script
};

// Makes all checks, even after one has failed, so that an author sees everything that is wrong. The
// first failure is the reason.
//
// The time of the checks is the later of `now` and the ledger's floors, so that turning the clock
// back makes no expired job valid. If `now` is more than kClockSlack before a floor, the job is
// refused, because the clock must be wrong. What is refused for the floor alone that no trusted
// clock raised is so for clock_unsure.
Verdict admit(const JobBytes& job, const policy::Policy& policy, const HostFacts& facts,
              const LedgerView& ledger, UnixTime now);

inline constexpr std::chrono::seconds kClockSlack{300};

// A job that is too early by so much at most is worth asking for again.
inline constexpr std::chrono::seconds kSoon{300};

// Of a floor that stands against the clock: what it is, and how an operator lowers it.
std::string about_floor(UnixTime floor, bool trusted);

// A refusal that admit() did not make: before it, because of missing seals, or after it, because
// the ledger could not be written. It has the script of `judged`.
Verdict refuse(Reason reason, std::string_view detail, const Verdict& judged = {});

}  // namespace bulkhead::admission
