#include "cli/commands.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::cli {

namespace {

constexpr std::array kCommands{
    Command{"new-job",
            "SCRIPT --profile PROFILE --target WHERE... [--expires 7d] [--not-before TIME]\n"
            "[--author NAME] [--realm NAME] [--epoch N] [--profile-sha256] [--format v2|v1]\n"
            "[--timeout 15m] [--output-max 1MiB] [--runs 1|N/day|N/hour]\n"
            "[--after-reboot resume] [--param 'NAME RULE']... [--interpreter PATH]\n"
            "[--job-id ID] --reason TEXT [--odd-bytes REASON] [--policy DIR]\n"
            "[--vendor-policy DIR] [-q]",
            "print the manifest that people sign", &new_job},
    Command{
        "pin",
        "SCRIPT --profile PROFILE --target WHERE... --reason TEXT [--name NAME] [--replace]\n"
        "[--manifest-only] [--policy DIR] [-q] and the other options of new-job\n"
        "or: NAME.artifact [--name NAME] [--replace] [--policy DIR] [-q]",
        "approve a script or an artifact by writing its manifest, and the script, into a policy",
        &pin},
    Command{
        "new-artifact",
        "OBJECT.o --program 'NAME TYPE ATTACH'... --target WHERE... --reason TEXT\n"
        "[--rodata 'NAME TYPE VALUE']... [--drops-map NAME] [--ttl 24h] [--max-cpu-percent 1]\n"
        "[--pin] [--expires 7d] [--not-before TIME] [--author NAME] [--realm NAME] [--epoch N]\n"
        "[--artifact-id ID] [--policy DIR] [--vendor-policy DIR] [-q]",
        "print the manifest of an eBPF artifact, which people sign", &new_artifact},
    Command{
        "seal",
        "SCRIPT MANIFEST SIGNATURE... | SIGNED SIGNATURE... | NAME.artifact SIGNATURE... [-q]",
        "print script, manifest and signatures as one file; or that file with more signatures; or\n"
        "      an artifact's manifest with them",
        &seal},
    Command{"unseal",
            "SIGNED [--to DIR] [--no-signatures] [--policy DIR] [--vendor-policy DIR] [-q]",
            "write script, manifest and signatures of such a file as files of their own", &unseal},
    Command{
        "dry-run",
        "FILE...|--catalogue NAME [--policy DIR] [--vendor-policy DIR] [--host-id ID]\n"
        "[--group LABEL]... [--at TIME] [--host-born TIME] [--param NAME=VALUE]...\n"
        "[--state DIR] [--manifest FILE] [--assume-signed]\n"
        "[--format text|json|github|sarif|gcc] [--json] [--brief]\n"
        "or: OBJECT.o [--approval FILE.artifact] [--policy DIR] [--vendor-policy DIR]\n"
        "[--host-id ID] [--group LABEL]... [--at TIME] [--host-born TIME] [--state DIR] [--json]",
        "would a host run this job, and how? 1 as well for a script that seal would refuse; or\n"
        "      would it load this object of an eBPF artifact?",
        &dry_run},
    Command{
        "check-policy",
        "[DIR] [--as-host] [--as-installed] [--strict] [--format text|json|github|sarif|gcc]\n"
        "[--json] [--vendor-policy DIR] [--state DIR] [--capabilities MASK]",
        "what is wrong or strange in a policy, and its digest; what this host cannot give of it",
        &check_policy},
    Command{
        "check-config", "[FILE] [--json] [--unit NAME|none] [--policy DIR] [--vendor-policy DIR]",
        "what is wrong with agent.yaml, read as the agent reads it, and with the files it names",
        &check_config},
    Command{"show-confinement",
            "[broker|worker|config-reader|loader|upgrade-check|vet|PROFILE]\n[--policy DIR] "
            "[--vendor-policy DIR]",
            "what a policy lets each of them do, in words and as seccomp programs",
            &show_confinement},
    Command{"verify-audit", "FILE...|DIR [--size LINES --head HEX]",
            "is the audit log whole? if not, its first bad line", &verify_audit},
    Command{"reasons", "[CODE]", "every reason code and what it means, or that of one", &reasons},
    Command{
        "explain", "CODE|JOB [--json] [--log-dir DIR]",
        "what a reason, a trouble or an end means and what to do; or what became of a job, by its\n"
        "      number, job id or delivery",
        &explain},
    Command{"describe-protocol", "", "the page of requests and events between worker and broker",
            &describe_protocol},
    Command{"status", "[--json | --check] [--run-dir DIR | --socket FILE]",
            "is all well with the agent, by what root and each worker say: 0 healthy, 1 trouble,\n"
            "      2 no agent, or not to be told; --check: one line, as Nagios has it",
            &status},
    Command{"metrics", "[--textfile FILE.prom] [--run-dir DIR]",
            "how the agent is, for Prometheus; or as a file for node_exporter's textfile collector",
            &metrics},
    Command{
        "serve-status", "[--shape seed|local-agent] [--run-dir DIR]",
        "answer /healthz and /status over HTTP, at the socket of bulkhead-http.socket; beside an\n"
        "      aegisflux backend /healthz as its first agents do, or as the backend's own",
        &serve_status},
    Command{
        "jobs", "[--since TIME|24h] [--json] [--state DIR] [--log-dir DIR] | --holds MOUNT|DEVICE",
        "the jobs that run and ran, by the audit log; as root also those that keep a file system\n"
        "      busy",
        &jobs},
    Command{"stop-job", "NUMBER [--reason TEXT] [--state DIR] [--log-dir DIR]",
            "as root: end one running job", &stop_job},
    Command{
        "artifacts",
        "[--json] [--run-dir DIR] [-q] | remove ID [--reason TEXT] [--state DIR] [--log-dir DIR]",
        "the eBPF artifacts of this host, and what its kernel can load; as root: unload one",
        &artifacts},
    Command{"suspend-jobs", "[--reason TEXT] [--state DIR]",
            "as root: let no job begin until resume-jobs", &suspend_jobs},
    Command{"resume-jobs", "[--state DIR] [--policy DIR]",
            "as root: take jobs again after suspend-jobs or protocol violations suspended them",
            &resume_jobs},
    Command{"reload", "[--state DIR]",
            "as root: have the running agent load the policy; 1 and why, if it was rejected",
            &reload},
    Command{
        "accept-lost-ledger", "[--reason TEXT] [--state DIR]",
        "as root: start jobs again although the memory of earlier ones is gone; of one-shot jobs\n"
        "      only those that are approved from now on",
        &accept_lost_ledger},
    Command{
        "leave", "[BACKEND] [--yes [--untold] | --undo] [--reason TEXT] [--state DIR]",
        "as root: have the agent that runs say good-bye to a backend, remove what it keeps of it,\n"
        "      and have it stay away",
        &leave},
    Command{
        "reset-clock", "[--reason TEXT] [--i-know] [--state DIR] [--log-dir DIR]",
        "as root: believe the clock although this host has seen a later time (clock-unsure); a\n"
        "      time of a trusted clock (clock-behind) takes --i-know",
        &reset_clock},
    Command{"prove", "NUMBER|DELIVERY|JOB-ID [--to DIR] [--to-end] [--state DIR] [--log-dir DIR]",
            "as root: write a directory that shows who approved a job that ran, with its verify.sh",
            &prove},
    Command{"revoke", "FILE...", "keys, files with keys and KRLs as lines for revoked_signers",
            &revoke},
    Command{"request-reboot", "",
            "in a job of root's: have the host restarted when the job has ended", &request_reboot},
    Command{"migrate",
            "--from ...\n"
            "[--root DIR] [--file FILE]... [--write DIR] [--check]",
            "the agent.yaml, policy lines and state that replace another agent", &migrate,
            &names_of_old_agents},
    Command{
        "settings", "[--markdown|--schema | --effective [FILE] [--json] [--unit NAME|none]]",
        "every setting of agent.yaml by its key; as a page, or as a JSON Schema for editors; what\n"
        "      counts of each, and where it stands",
        &settings},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
    const auto* found = std::ranges::find(kCommands, name, &Command::name);
    return found == kCommands.end() ? nullptr : found;
}

Usage usage_of(const Command& command) {
    auto arguments = std::string(command.arguments);
    if (command.names != nullptr) arguments.replace(arguments.find("..."), 3, command.names());
    return {command.name, std::move(arguments), command.help};
}

}  // namespace bulkhead::cli
