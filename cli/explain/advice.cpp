#include "cli/explain/advice.hpp"

#include <algorithm>
#include <array>

#include "common/admission/reason.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kSignAgain =
    "have the job approved anew: bulkhead new-job, ssh-keygen -Y sign, bulkhead seal";
constexpr std::string_view kReport = "please report it: the agent itself should not let it happen";
constexpr std::string_view kChangedOnTheWay =
    "compare what the backend sent with what was signed: bulkhead dry-run FILE on a copy; seal the "
    "right script and manifest together again";
constexpr std::string_view kDeclares =
    "the manifest's `param` lines say which the job takes: bulkhead dry-run FILE lists them; "
    "correct "
    "the request at the backend";
constexpr std::string_view kGroups =
    "bulkhead show-confinement and approval.policy say who approves this profile; have one of them "
    "sign";

constexpr std::array kReasons{
    Advice{"undecided", "", kReport},
    Advice{"admitted", "", "nothing: bulkhead jobs shows how it went"},
    Advice{"not-sealed", "",
           "restart the agent if it was upgraded by halves: broker and worker must "
           "be of one version; otherwise treat the worker as captured"},
    Advice{"size-exceeded", "",
           "make the script or its parameters smaller; the detail has the bound"},
    Advice{"script-empty", "", "correct the script at the backend"},
    Advice{"manifest-malformed", "",
           "the detail names the line; write the manifest with bulkhead new-job"},
    Advice{
        "format-not-accepted", "",
        "have it approved in the newer format (bulkhead new-job), or change `manifest-formats` in "
        "host.policy"},
    Advice{"not-approved", "",
           "if it should run: have it signed, or pin it with a manifest in policy/approved, then "
           "systemctl reload bulkhead; bulkhead dry-run FILE says what is missing"},
    Advice{"catalogue-unknown", "",
           "correct the name at the backend, or pin a manifest and script of this name in "
           "policy/approved and systemctl reload bulkhead"},
    Advice{
        "script-ambiguous", "",
        "write a `same-script` line into approval.policy, or take one of the two manifests out of "
        "policy/approved; then systemctl reload bulkhead"},
    Advice{"job-revoked", "",
           "nothing, if it was meant: else take its line out of revoked_jobs, reload"},
    Advice{"signature-malformed", "",
           "sign with ssh-keygen -Y sign -n bulkhead-job-v1, and bulkhead seal"},
    Advice{"signature-invalid", "", kChangedOnTheWay},
    Advice{"signer-unknown", "",
           "if the signer is to count: add the key to allowed_signers with "
           "namespaces=\"bulkhead-job-v1\", "
           "and systemctl reload bulkhead"},
    Advice{"signer-revoked", "", "have somebody sign whose key is not withdrawn"},
    Advice{"signer-unclear", "",
           "mend the line of allowed_signers that the detail names: bulkhead check-policy; then "
           "systemctl reload bulkhead"},
    Advice{
        "signer-not-valid", "",
        "valid-after, valid-before and namespaces of the key's line in allowed_signers bound it; "
        "have a valid key sign, or renew the line and reload"},
    Advice{"signer-not-in-group", "", kGroups},
    Advice{"author-does-not-count", "", "have another person sign as well"},
    Advice{"author-unknown", "",
           "name the author as allowed_signers does: bulkhead new-job --author NAME"},
    Advice{"author-unsigned", "", "have the author sign as well"},
    Advice{"signer-not-hardware", "",
           "sign with a key of a hardware token (ssh-keygen -t ed25519-sk)"},
    Advice{"signer-not-verified", "",
           "sign with a token's key that asks for a PIN (ssh-keygen -t ed25519-sk -O "
           "verify-required)"},
    Advice{"threshold-not-met", "", "have more of the people sign that the detail names"},
    Advice{"profile-not-signable", "",
           "use another profile, pin the job in policy/approved, or let approval.policy name "
           "approvers"},
    Advice{"validity-too-long", "",
           "have it approved for a shorter time: bulkhead new-job --expires"},
    Advice{"script-hash-mismatch", "", kChangedOnTheWay},
    Advice{"script-size-mismatch", "", kChangedOnTheWay},
    Advice{"odd-bytes", "",
           "bulkhead dry-run FILE names each place; remove them, or say why: new-job --odd-bytes "
           "REASON"},
    Advice{"interpreter-not-allowed", "",
           "use an interpreter of interpreters.policy, or add a line there and reload"},
    Advice{
        "interpreter-untrusted", "",
        "install the interpreter as root's own file that others cannot write (its package does)"},
    Advice{"target-mismatch", "",
           "approve it for this host or a group of it: bulkhead new-job --target; bulkhead status "
           "shows "
           "id and groups of this host"},
    Advice{"target-too-wide", "", "name hosts or groups: bulkhead new-job --target"},
    Advice{"realm-mismatch", "", "approve it for this realm (--realm), which host.policy names"},
    Advice{"epoch-mismatch", "",
           "approve it anew for the epoch of host.policy: bulkhead new-job --epoch"},
    Advice{"clock-behind", "",
           "set the clock right (timedatectl, chronyc tracking); docs/operations.md has the way "
           "out of a "
           "clock that once ran ahead"},
    Advice{
        "clock-unsure", "",
        "set the clock right if it is wrong now; if it once ran ahead: sudo bulkhead reset-clock"},
    Advice{"too-early", "", "wait until not-before, or set this host's clock right"},
    Advice{"too-late", "", kSignAgain},
    Advice{"delivery-already-run", "", "nothing: it ran; bulkhead explain DELIVERY shows when"},
    Advice{"job-already-run", "",
           "nothing, if it is the same job: it ran. Else give it another id (bulkhead new-job "
           "--job-id), "
           "and have it signed again"},
    Advice{
        "before-birth", "",
        "approve it anew with a later --not-before; see \"What ran here\" in docs/operations.md"},
    Advice{"not-one-shot", "", "approve it for one run: bulkhead new-job --runs 1"},
    Advice{"runs-over-ceiling", "",
           "approve it for fewer runs, or raise the bound in approval.policy"},
    Advice{"quota-exceeded", "",
           "wait until its period has passed, or approve more: new-job --runs"},
    Advice{"ledger-full", "",
           "see \"What ran here\" in docs/operations.md; the log says which bound it is"},
    Advice{"ledger-lost", "",
           "restore /var/lib/bulkhead/broker, or go on without: sudo bulkhead accept-lost-ledger"},
    Advice{"ledger-rolled-back", "",
           "restore the newest ledger, or go on without: sudo bulkhead accept-lost-ledger"},
    Advice{"parameter-unknown", "", kDeclares},
    Advice{"parameter-missing", "", kDeclares},
    Advice{"parameter-invalid", "", kDeclares},
    Advice{"parameter-not-allowed", "",
           "declare it by a rule that approval.policy allows, and have the job approved anew"},
    Advice{"profile-unknown", "",
           "use a profile of bulkhead show-confinement, or add it and reload"},
    Advice{"profile-changed", "",
           "read what changed in the profile, and have the job approved anew"},
    Advice{"timeout-over-ceiling", "", "approve less time: bulkhead new-job --timeout"},
    Advice{"output-over-ceiling", "", "approve less output: bulkhead new-job --output-max"},
    Advice{"intake-suspended", "",
           "bulkhead status says what suspends it and since when; when that is settled: "
           "sudo bulkhead resume-jobs"},
    Advice{"too-many-jobs", "", "nothing: it is asked again when one has ended (bulkhead jobs)"},
    Advice{"ledger-write-failed", "",
           "make room on, or repair, the disk of /var/lib/bulkhead; bulkhead status says whether a "
           "restart is needed, which ends running jobs"},
    Advice{"profile-unusable", "",
           "the detail names the wall, account or path: sudo bulkhead check-policy --as-host lists "
           "all"},
    Advice{"audit-write-failed", "", "make room on, or repair, the disk of /var/log/bulkhead"},
    Advice{"evidence-write-failed", "", "make room on, or repair, the disk of /var/lib/bulkhead"},
    Advice{"artifacts-not-enabled", "",
           "nothing, if this host is to load no eBPF program; else write artifacts.policy "
           "(policy/grammar.md), restart the agent"},
    Advice{"artifacts-not-signable", "",
           "write a line `artifacts need N of GROUP` into approval.policy, or pin it: bulkhead pin "
           "NAME.artifact"},
    Advice{"artifact-ambiguous", "",
           "take one of the two files that the detail names out of policy/approved, or send the "
           "manifest with the object; then systemctl reload bulkhead"},
    Advice{"artifact-revoked", "",
           "nothing, if it was meant: else take its line out of revoked_jobs, reload"},
    Advice{
        "artifact-withdrawn", "",
        "find out why (bulkhead artifacts, the audit log); if it is to be loaded again: bulkhead "
        "new-artifact, and have it approved anew"},
    Advice{"object-empty", "", "correct the object at the backend"},
    Advice{
        "object-hash-mismatch", "",
        "compare what the backend sent with what was signed: bulkhead dry-run OBJECT.o --approval "
        "NAME.artifact; send the right object and approval together"},
    Advice{
        "object-size-mismatch", "",
        "compare what the backend sent with what was signed: bulkhead dry-run OBJECT.o --approval "
        "NAME.artifact; send the right object and approval together"},
    Advice{
        "program-type-not-allowed", "",
        "if such programs are to be loaded here: a line `allow TYPE PATTERN` in artifacts.policy, "
        "and reload"},
    Advice{
        "attach-not-allowed", "",
        "attach it to what artifacts.policy allows (new-artifact --program), or add a line there "
        "and reload"},
    Advice{"ttl-over-ceiling", "", "approve it for less time: bulkhead new-artifact --ttl"},
    Advice{"cpu-over-ceiling", "",
           "approve less processor time: bulkhead new-artifact --max-cpu-percent"},
    Advice{"pin-not-allowed", "",
           "approve it without --pin, or write `pins allowed` into artifacts.policy and reload"},
    Advice{"too-many-artifacts", "",
           "remove one (bulkhead artifacts remove ID), or raise max-artifacts in artifacts.policy"},
    Advice{"loader-unusable", "",
           "the detail says what is missing: the package's loader, the unit's capabilities, or a "
           "restart after artifacts.policy was written"},
};

constexpr std::array kTroubles{
    Advice{
        "policy-rejected", "the policy on disk does not load, and is not in force",
        "bulkhead check-policy /etc/bulkhead/policy; mend file and line that it names; systemctl "
        "reload bulkhead"},
    Advice{"signers-refused",
           "lines of allowed_signers are not understood; those people approve nothing",
           "mend the lines it names (policy/grammar.md); systemctl reload bulkhead"},
    Advice{"policy-files-ignored", "files of the policy directory that nobody reads",
           "give them the name they should have, or move them away; systemctl reload bulkhead"},
    Advice{"script-ambiguous", "one script is pinned by two manifests, and neither decides",
           "write a `same-script` line into approval.policy, or take one out; reload"},
    Advice{"pin-refused", "a pinned manifest that no host of this policy runs",
           "bulkhead check-policy /etc/bulkhead/policy says why; take it out, or mend what refuses "
           "it; systemctl reload bulkhead"},
    Advice{"profile-unusable", "a profile whose jobs are approved cannot be had on this host",
           "its text names the wall, account or path: sudo bulkhead check-policy --as-host; mend "
           "the host, or take away what approves such jobs"},
    Advice{"approval-expiring", "a pinned job, a signer's key or accept-v1 ends soon, or has ended",
           "renew it (bulkhead pin FILE --replace for a pinned job) or take it out; systemctl "
           "reload bulkhead"},
    Advice{"configuration-changed", "agent.yaml was written since the agent was started",
           "bulkhead check-config says whether the agent would start with it; then systemctl "
           "restart bulkhead"},
    Advice{"upgrade-blocked",
           "another program was installed and could not start here; the one that runs goes on",
           "mend the file and line that the text names (sudo bulkhead check-policy --as-host, "
           "bulkhead check-config), or install the version before again; it is asked again by "
           "itself. Do not restart the agent before"},
    Advice{"upgrade-draining",
           "a new program waited as long as it may: no job is fetched, and the agent restarts when "
           "the last has ended",
           "nothing, or end the job that runs so long: bulkhead stop-job"},
    Advice{
        "upgrade-pending", "another program was installed, and nobody starts it",
        "restart the agent when no job runs: it was not started by a service manager that would"},
    Advice{
        "ledger-later", "the ledger was written by a later version, and this one cannot read it",
        "install the version that the text names, or a newer one: jobs wait at the backend until "
        "then, and what is not reported is kept"},
    Advice{"restart-needed", "the policy in force wants what this process has given up",
           "systemctl restart bulkhead, which ends running jobs"},
    Advice{"worker-down", "no worker of a backend has been confined for a minute",
           "journalctl -u bulkhead -p warning says why it ends"},
    Advice{"worker-restarts", "the worker of a backend ended three times or more within an hour",
           "journalctl -u bulkhead -p warning says why it ends"},
    Advice{"worker-violations", "a worker broke the protocol, so it may be captured",
           "bulkhead suspend-jobs; look at protocol-violation in the audit log and at the backend"},
    Advice{"readers-unknown", "the group of `readers` in host.policy does not exist here",
           "groupadd it, or correct the line; systemctl reload bulkhead"},
    Advice{"intake-suspended", "no job begins",
           "its text says why; when that is settled: sudo bulkhead resume-jobs"},
    Advice{"clock-behind", "the clock shows a time before one that this host has seen",
           "set the clock right (timedatectl, chronyc tracking); docs/operations.md, "
           "\"clock-behind\""},
    Advice{
        "clock-unsure",
        "the clock is behind a time that it once showed and that nothing vouched for",
        "set the clock right if it is wrong now; if it once ran ahead: sudo bulkhead reset-clock"},
    Advice{"status-unwritable", "root cannot write broker.json, so nobody sees what it knows",
           "make room on, or repair, the file system of /run"},
    Advice{"ledger-full", "there is no room to record another job",
           "see \"What ran here\" in docs/operations.md"},
    Advice{"ledger-unwritable", "the start of a job cannot be recorded, so no job starts",
           "make room on the disk of /var/lib/bulkhead, and all is well; its text says so where "
           "a write failed: repair that disk, systemctl restart bulkhead"},
    Advice{"ledger-lost", "the memory of what ran here is gone",
           "restore /var/lib/bulkhead/broker, or go on without: sudo bulkhead accept-lost-ledger"},
    Advice{"ledger-rolled-back", "the memory of what ran here is older than the audit log",
           "restore the newest ledger, or go on without: sudo bulkhead accept-lost-ledger"},
    Advice{"accept-lost-ledger-failed",
           "what bulkhead accept-lost-ledger asked for could not be done",
           "its text has the cause, mostly a full disk; then ask again"},
    Advice{
        "audit-gap", "lines of the audit log are gone",
        "bulkhead verify-audit /var/log/bulkhead names the place; treat it as a break-in until you "
        "know better"},
    Advice{"audit-unwritable", "decisions cannot be recorded, so nothing starts",
           "make room on, or repair, the disk of /var/log/bulkhead"},
    Advice{"evidence-unwritable", "what is approved cannot be kept, so nothing starts",
           "make room on, or repair, the disk of /var/lib/bulkhead"},
    Advice{"artifact-failed", "an eBPF artifact that was admitted could not be loaded",
           "its text has the step and the kernel's answer: correct the object or its manifest and "
           "have it approved anew; bulkhead artifacts shows what this kernel can"},
    Advice{"artifact-rolled-back",
           "the programs of an eBPF artifact took more processor time than its manifest allows",
           "nothing is loaded of it any more: make it faster, or approve it anew with a higher "
           "max-cpu-percent"},
    Advice{"artifact-drifted",
           "a program, link or pin of an eBPF artifact was not what had been loaded, so it was "
           "unloaded",
           "find out who changed it (bpftool, ip, tc): nobody but root can"},
    Advice{"artifact-still-attached",
           "programs of an eBPF artifact that ended may still be attached on this host",
           "the text names what failed: mend it, look with bpftool link show and tc filter show, "
           "and restart the agent, which tries again"},
    Advice{"artifact-withdrawal-unwritable",
           "a restart of the agent would forget that an eBPF artifact was withdrawn here",
           "make room on, or repair, the disk of /var/lib/bulkhead; or take its approval out of "
           "the policy"},
    Advice{"log-lines-lost", "lines of the log were not taken, so the journal has gaps",
           "see whether the journal keeps up: systemctl status systemd-journald; audit.log has all "
           "decisions"},
};

constexpr std::string_view kDuty =
    "bulkhead status has the reason in words; cause first, the message says what to do";

constexpr std::array kSaid{
    Advice{"enroll-failing", "the backend does not enroll this host, says its worker", kDuty},
    Advice{"presence-failing", "the backend does not hear that this host is there, says its worker",
           kDuty},
    Advice{"heartbeat-failing", "the backend takes no heartbeat, says its worker", kDuty},
    Advice{"inventory-failing", "the backend takes no inventory, says its worker", kDuty},
    Advice{"findings-failing", "the backend takes no findings, says its worker", kDuty},
    Advice{"artifacts-failing", "an artifact cannot be fetched, says the backend's worker", kDuty},
    Advice{"artifact-reports-failing", "the backend takes no reports of artifacts, says its worker",
           kDuty},
    Advice{"jobs-failing", "the backend cannot be asked for jobs, says its worker", kDuty},
    Advice{"telemetry-failing", "the NATS server cannot be published to, says a worker", kDuty},
    Advice{
        "telemetry-refused", "the NATS server refuses what is published, says a worker",
        "permit this host's user to publish on telemetry.subject there, or correct that setting"},
    Advice{"telemetry-dropped", "events were dropped while the NATS server was away, says a worker",
           "see telemetry-failing; bulkhead status says how many"},
    Advice{"not-enrolled", "the backend has not answered the request to enroll, says a worker",
           "if it lasts: journalctl -u bulkhead -p warning"},
    Advice{"output-failing", "the backend does not take the output of a job, says its worker",
           kDuty},
    Advice{"clock-differs", "the clocks of this host and of the backend differ, says a worker",
           "timedatectl, here and there: one of them is wrong"},
    Advice{"heartbeat-none", "no heartbeat was taken yet, says a worker",
           "if it lasts: journalctl -u bulkhead -p warning"},
    Advice{"heartbeat-late", "no heartbeat was taken for three intervals, says a worker",
           "journalctl -u bulkhead -p warning"},
    Advice{"spool-full", "output of jobs waits for the backend, and no more fits, says a worker",
           "see why the backend does not take it: bulkhead status"},
    Advice{"certificate-expiring", "a certificate in use ends within 14 days, says a worker",
           "put the new one into the file that agent.yaml names"},
    Advice{"certificate-expired",
           "a certificate in use has ended, says a worker, or this host's clock is wrong",
           "timedatectl; then put the new one into the file that agent.yaml names"},
    Advice{
        "lean-curl-old",
        "the libcurl that is built into the worker was the newest half a year ago, says a worker",
        "install a newer release, or build one after scripts/lean-curl --again"},
    Advice{"worker-silent", "a worker does not answer at its status socket",
           "journalctl -u bulkhead -p warning: it may be down or hang; status_socket: false closes "
           "it"},
    Advice{"root-silent", "root's process has written nothing for three ticks",
           "journalctl -u bulkhead; systemctl restart bulkhead if it hangs"},
    Advice{"root-unbelieved", "broker.json is not root's alone, or not what root writes",
           "find out who made it, and systemctl restart bulkhead"},
    Advice{"root-unknown", "what root knows cannot be read by you",
           "ask as root, or be a member of the group of `readers` in host.policy, else bulkhead"},
};

constexpr std::array kEnds{
    Advice{"ok", "the script ended by itself; its exit status is its own", "nothing"},
    Advice{"timed-out", "it ran longer than its manifest or profile allows, and was ended",
           "approve more time (bulkhead new-job --timeout, at most the profile's), or find what it "
           "waits for"},
    Advice{"interrupted", "the agent or the host went down while it ran",
           "look what it did, by bulkhead jobs and its output; a one-shot takes a new approval to "
           "run again"},
    Advice{"agent-stopped", "the agent was stopped while it ran",
           "look what it did; a one-shot takes a new approval to run again"},
    Advice{"reboot-requested", "it asked for a restart of the host, and goes on after it", "wait"},
    Advice{"not-resumed", "it was to go on after a restart of the host, and did not",
           "the detail says why; approve it anew, or end what it began by hand"},
    Advice{"start-failed", "it was admitted and its sandbox could not be built; no line of it ran",
           "the detail names the step: sudo bulkhead check-policy --as-host"},
    Advice{"confinement-differs",
           "what was set for it is not what the kernel says is set; no line ran", kReport},
    Advice{"parameter-leads-out",
           "a parameter's path leads out of its prefix by a symlink, or is not to be seen; no line "
           "ran",
           "correct the value at the backend, or remove the symlink"},
    Advice{"job-revoked", "revoked_jobs withdrew it with `kill` while it ran",
           "nothing: it was meant"},
    Advice{"stopped-by-operator", "bulkhead stop-job ended it", "nothing: it was meant"},
    Advice{"job-unusable",
           "the worker could not make a job of what the backend sent; root never saw it",
           "the detail says what is wrong with the message: correct it at the backend"},
};

// Reasons in `bulkhead artifacts`, beside those of a refusal.
constexpr std::array kArtifactEnds{
    Advice{"ttl-over", "its time to live is over", "nothing: a backend may offer it again"},
    Advice{"removed-by-operator", "bulkhead artifacts remove ended it", "nothing: it was meant"},
    Advice{"agent-stopped", "the agent ended, and what is not pinned ends with it",
           "nothing: its backend offers it again"},
    Advice{"replaced", "another manifest of its id is loaded, or was to be loaded, in its place",
           "nothing: bulkhead artifacts shows the other one"},
    Advice{"cpu-guard", "its programs took more processor time than its manifest allows",
           "make it faster, or have it approved anew with a higher max-cpu-percent"},
    Advice{"drifted", "a program, link or pin was not what had been loaded",
           "find out who changed it (bpftool, ip, tc): nobody but root can"},
    Advice{"attach-target-absent",
           "this host has no such interface or cgroup as its manifest attaches it to",
           "make it, or have a manifest approved that names another; a backend may offer it again"},
    Advice{"load-failed", "the object could not be opened, loaded or attached",
           "the detail has the step and the kernel's answer; bulkhead artifacts shows what this "
           "kernel can"},
    Advice{"artifact-not-as-approved",
           "what the loader handed back is not what the manifest says; nothing of it stays",
           "the detail has the difference: correct object or manifest; if both are right, report "
           "it: the loader may be captured"},
    Advice{"loader-failed", "the loader could not be started, or ended without an answer",
           "the detail says how: its limits are in profiles/loader.profile, max-memory in "
           "artifacts.policy; an object on which it crashed is damaged or hostile"},
    Advice{"pin-failed", "it was to outlive the agent, and its pins could not be made",
           "the detail has the place: /sys/fs/bpf has to be a bpffs (mount -t bpf bpf "
           "/sys/fs/bpf)"},
};

// Reasons of state "unusable" in `bulkhead status`: root has not seen the artifact.
constexpr std::array kUnusable{
    Advice{"foreign-url",
           "the backend names for the bundle or its approval an address that is neither on its own "
           "server nor on that of options.artifact_url",
           "have the backend name one there, or name the other server in options.artifact_url of "
           "agent.yaml, if it is meant"},
    Advice{"no-bundle", "the backend has the bundle at none of the places where it may be",
           "upload the bundle there, or take the assignment back"},
    Advice{"checksum-mismatch",
           "the bytes of the bundle have another SHA-256 than the backend announced",
           "find out who changed the bundle or its entry at the backend; upload it anew"},
    Advice{"size-mismatch", "the bundle is larger or smaller than the backend announced",
           "upload the bundle anew, so that its entry at the backend is of these bytes"},
    Advice{"approval-malformed",
           "what came as approval is not a manifest with its line \"end\" and signatures alone "
           "behind it, or is too large",
           "upload what bulkhead seal wrote; bulkhead dry-run OBJECT.o --approval FILE judges it"},
    Advice{"bundle-unsafe", "the bundle has in it what no packer writes",
           "the detail has what; pack it anew from object and approval, and find out who made it"},
    Advice{"bundle-too-large", "the bundle is larger than an agent takes, packed or unpacked",
           "the detail has the bound: pack nothing but object and approval, and strip the object "
           "(llvm-strip -g)"},
    Advice{"bundle-unreadable", "the bundle is damaged, or of a form that the agent does not read",
           "the detail has where; docs/backends.md has the forms: pack and upload it anew"},
    Advice{"bundle-incomplete", "there is no object in the bundle",
           "pack the object into it; docs/backends.md has the names"},
};

std::string_view meaning_of(std::string_view code) {
    for (const auto& row : admission::reasons()) {
        if (row.code == code) return row.explanation;
    }
    return {};
}

}  // namespace

std::span<const Advice> reason_advice() { return kReasons; }
std::span<const Advice> trouble_advice() { return kTroubles; }
std::span<const Advice> said_advice() { return kSaid; }
std::span<const Advice> end_advice() { return kEnds; }
std::span<const Advice> unusable_advice() { return kUnusable; }

std::optional<Explained> explained(std::string_view code, std::size_t index) {
    struct Table {
        std::string_view kind;
        std::span<const Advice> rows;
    };
    for (const auto& table : {Table{"reason of a refusal", kReasons}, Table{"trouble", kTroubles},
                              Table{"trouble", kSaid}, Table{"end of a job", kEnds},
                              Table{"end of an artifact", kArtifactEnds},
                              Table{"reason of an unusable artifact", kUnusable}}) {
        const auto row = std::ranges::find(table.rows, code, &Advice::code);
        if (row == table.rows.end()) continue;
        if (index == 0) {
            return Explained{table.kind, row->means.empty() ? meaning_of(code) : row->means,
                             row->action};
        }
        --index;
    }
    return {};
}

}  // namespace bulkhead::cli
