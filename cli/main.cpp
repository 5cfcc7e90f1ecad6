// bulkhead: the operator's command. It has no privileges of its own: it reads and writes files,
// calls ssh-keygen(1) and asks the workers' status sockets.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/help.hpp"
#include "common/base/text.hpp"
#include "common/crypto/check_itself.hpp"

namespace {

using namespace bulkhead;

struct Row {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    Result<int> (*run)(const cli::Arguments&);
    std::string (*names)() = nullptr;  // what stands for "..." in the arguments
};
constexpr std::array kCommands{
    Row{"new-job",
        "SCRIPT --profile PROFILE --target WHERE... [--expires 7d] [--not-before TIME]\n"
        "[--author NAME] [--realm NAME] [--epoch N] [--profile-sha256] [--format v2|v1]\n"
        "[--timeout 15m] [--output-max 1MiB] [--runs 1|N/day|N/hour]\n"
        "[--after-reboot resume] [--param 'NAME RULE']... [--interpreter PATH]\n"
        "[--job-id ID] --reason TEXT [--odd-bytes REASON] [--policy DIR]\n"
        "[--vendor-policy DIR] [-q]",
        "print the manifest that people sign", &cli::new_job},
    Row{"pin",
        "SCRIPT --profile PROFILE --target WHERE... --reason TEXT [--name NAME] [--replace]\n"
        "[--manifest-only] [--policy DIR] [-q] and the other options of new-job\n"
        "or: NAME.artifact [--name NAME] [--replace] [--policy DIR] [-q]",
        "approve a script or an artifact by writing its manifest, and the script, into a policy",
        &cli::pin},
    Row{"new-artifact",
        "OBJECT.o --program 'NAME TYPE ATTACH'... --target WHERE... --reason TEXT\n"
        "[--rodata 'NAME TYPE VALUE']... [--drops-map NAME] [--ttl 24h] [--max-cpu-percent 1]\n"
        "[--pin] [--expires 7d] [--not-before TIME] [--author NAME] [--realm NAME] [--epoch N]\n"
        "[--artifact-id ID] [--policy DIR] [--vendor-policy DIR] [-q]",
        "print the manifest of an eBPF artifact, which people sign", &cli::new_artifact},
    Row{"seal",
        "SCRIPT MANIFEST SIGNATURE... | SIGNED SIGNATURE... | NAME.artifact SIGNATURE... [-q]",
        "print script, manifest and signatures as one file; or that file with more signatures; or\n"
        "      an artifact's manifest with them",
        &cli::seal},
    Row{"unseal", "SIGNED [--to DIR] [--no-signatures] [--policy DIR] [--vendor-policy DIR] [-q]",
        "write script, manifest and signatures of such a file as files of their own", &cli::unseal},
    Row{"dry-run",
        "FILE...|--catalogue NAME [--policy DIR] [--vendor-policy DIR] [--host-id ID]\n"
        "[--group LABEL]... [--at TIME] [--host-born TIME] [--param NAME=VALUE]...\n"
        "[--state DIR] [--manifest FILE] [--assume-signed]\n"
        "[--format text|json|github|sarif|gcc] [--json] [--brief]\n"
        "or: OBJECT.o [--approval FILE.artifact] [--policy DIR] [--vendor-policy DIR]\n"
        "[--host-id ID] [--group LABEL]... [--at TIME] [--host-born TIME] [--state DIR] [--json]",
        "would a host run this job, and how? 1 as well for a script that seal would refuse; or\n"
        "      would it load this object of an eBPF artifact?",
        &cli::dry_run},
    Row{"check-policy",
        "[DIR] [--as-host] [--as-installed] [--strict] [--format text|json|github|sarif|gcc]\n"
        "[--json] [--vendor-policy DIR]",
        "what is wrong or strange in a policy, and its digest; what this host cannot give of it",
        &cli::check_policy},
    Row{"check-config", "[FILE] [--json] [--unit NAME|none] [--policy DIR] [--vendor-policy DIR]",
        "what is wrong with agent.yaml, read as the agent reads it, and with the files it names",
        &cli::check_config},
    Row{"show-confinement",
        "[broker|worker|config-reader|vet|PROFILE] [--policy DIR] [--vendor-policy DIR]",
        "what a policy lets each of them do, in words and as seccomp programs",
        &cli::show_confinement},
    Row{"verify-audit", "FILE...|DIR [--size LINES --head HEX]",
        "is the audit log whole? if not, its first bad line", &cli::verify_audit},
    Row{"reasons", "[CODE]", "every reason code and what it means, or that of one", &cli::reasons},
    Row{"explain", "CODE|JOB [--json] [--log-dir DIR]",
        "what a reason, a trouble or an end means and what to do; or what became of a job, by its\n"
        "      number, job id or delivery",
        &cli::explain},
    Row{"describe-protocol", "", "the page of requests and events between worker and broker",
        &cli::describe_protocol},
    Row{"status", "[--json | --check] [--run-dir DIR | --socket FILE]",
        "is all well with the agent, by what root and each worker say: 0 healthy, 1 trouble,\n"
        "      2 no agent, or not to be told; --check: one line, as Nagios has it",
        &cli::status},
    Row{"metrics", "[--textfile FILE.prom] [--run-dir DIR]",
        "how the agent is, for Prometheus; or as a file for node_exporter's textfile collector",
        &cli::metrics},
    Row{"serve-status", "[--shape seed|local-agent] [--run-dir DIR]",
        "answer /healthz and /status over HTTP, at the socket of bulkhead-http.socket; beside an\n"
        "      aegisflux backend /healthz as its first agents do, or as the backend's own",
        &cli::serve_status},
    Row{"jobs", "[--since TIME|24h] [--json] [--state DIR] [--log-dir DIR] | --holds MOUNT|DEVICE",
        "the jobs that run and ran, by the audit log; as root also those that keep a file system\n"
        "      busy",
        &cli::jobs},
    Row{"stop-job", "NUMBER [--reason TEXT] [--state DIR] [--log-dir DIR]",
        "as root: end one running job", &cli::stop_job},
    Row{"artifacts",
        "[--json] [--run-dir DIR] [-q] | remove ID [--reason TEXT] [--state DIR] [--log-dir DIR]",
        "the eBPF artifacts of this host, and what its kernel can load; as root: unload one",
        &cli::artifacts},
    Row{"suspend-jobs", "[--reason TEXT] [--state DIR]",
        "as root: let no job begin until resume-jobs", &cli::suspend_jobs},
    Row{"resume-jobs", "[--state DIR] [--policy DIR]",
        "as root: take jobs again after suspend-jobs or protocol violations suspended them",
        &cli::resume_jobs},
    Row{"reload", "[--state DIR]",
        "as root: have the running agent load the policy; 1 and why, if it was rejected",
        &cli::reload},
    Row{"accept-lost-ledger", "[--reason TEXT] [--state DIR]",
        "as root: start jobs again although the memory of earlier ones is gone; of one-shot jobs\n"
        "      only those that are approved from now on",
        &cli::accept_lost_ledger},
    Row{"leave", "[BACKEND] [--yes [--untold] | --undo] [--reason TEXT] [--state DIR]",
        "as root: have the agent that runs say good-bye to a backend, remove what it keeps of it,\n"
        "      and have it stay away",
        &cli::leave},
    Row{"reset-clock", "[--reason TEXT] [--i-know] [--state DIR] [--log-dir DIR]",
        "as root: believe the clock although this host has seen a later time (clock-unsure); a\n"
        "      time of a trusted clock (clock-behind) takes --i-know",
        &cli::reset_clock},
    Row{"prove", "NUMBER|DELIVERY|JOB-ID [--to DIR] [--to-end] [--state DIR] [--log-dir DIR]",
        "as root: write a directory that shows who approved a job that ran, with its verify.sh",
        &cli::prove},
    Row{"revoke", "FILE...", "keys, files with keys and KRLs as lines for revoked_signers",
        &cli::revoke},
    Row{"request-reboot", "", "in a job of root's: have the host restarted when the job has ended",
        &cli::request_reboot},
    Row{"migrate",
        "--from ...\n"
        "[--root DIR] [--file FILE]... [--write DIR] [--check]",
        "the agent.yaml, policy lines and state that replace another agent", &cli::migrate,
        &cli::names_of_old_agents},
    Row{"settings", "[--markdown|--schema | --effective [FILE] [--json] [--unit NAME|none]]",
        "every setting of agent.yaml by its key; as a page, or as a JSON Schema for editors; what\n"
        "      counts of each, and where it stands",
        &cli::settings},
};

cli::Usage usage_of(const Row& row) {
    auto arguments = std::string(row.arguments);
    if (row.names != nullptr) arguments.replace(arguments.find("..."), 3, row.names());
    return {row.name, std::move(arguments), row.help};
}

std::string help_of_all() {
    std::vector<cli::Usage> all;
    for (const auto& row : kCommands) all.push_back(usage_of(row));
    return cli::help_of(all);
}

const Row* find_command(std::string_view name) {
    const auto* found = std::ranges::find(kCommands, name, &Row::name);
    return found == kCommands.end() ? nullptr : found;
}

Result<int> show(const std::string& text) {
    TRY(cli::print(text));
    return cli::kDone;
}

Result<int> unknown_command(const std::string& name) {
    std::vector<std::string_view> names{"help", "version"};
    for (const auto& row : kCommands) names.push_back(row.name);
    return cli::wrong("no command \"" + quoted(name, 64) + "\"" + cli::did_you_mean(name, names) +
                      "; see bulkhead --help");
}

bool asks_for_help(std::string_view word) { return word == "--help" || word == "-h"; }

Result<int> run(const cli::Arguments& words) {
    const auto& name = words[0];
    if (asks_for_help(name) || name == "help") {
        if (words.size() == 1) return show(help_of_all());
        const auto* row = find_command(words[1]);
        if (words[1] == "help" || words[1] == "version") return show(help_of_all());
        return row == nullptr ? unknown_command(words[1]) : show(cli::help_of(usage_of(*row)));
    }
    if (name == "--version" || name == "-V" || name == "version") {
        return show("bulkhead " BULKHEAD_VERSION "\n");
    }
    const auto* row = find_command(name);
    if (row == nullptr) return unknown_command(name);
    if (words.size() > 1 && asks_for_help(words[1])) return show(cli::help_of(usage_of(*row)));
    auto done = row->run({words.begin() + 1, words.end()});
    if (!done && done.error().what == cli::kAskedForHelp) {
        return show(cli::help_of(usage_of(*row)));
    }
    return done;
}

// A closed standard stream would be the number of the next file that is opened. Instead of what was
// closed there is a file of which no byte can be written, so that what prints fails.
void fill_standard_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) ::_exit(cli::kNo);
    }
}

}  // namespace

int main(int count, char** values) {
    fill_standard_streams();
    const cli::Arguments words(values + 1, values + count);
    if (words.empty()) {
        std::fputs(help_of_all().c_str(), stderr);
        return cli::kWrong;
    }
    if (const auto sound = crypto::check_itself(); !sound) {
        std::fprintf(stderr, "bulkhead: %s\n", sound.error().what.c_str());
        return cli::kNo;
    }
    const auto done = run(words);
    if (done) {
        const bool flushed = std::fflush(stdout) == 0;
        if (flushed && std::ferror(stdout) == 0) return *done;
        std::fprintf(stderr, "bulkhead %s: standard output: %s\n", words[0].c_str(),
                     flushed ? "not all of it could be written" : std::strerror(errno));
        return cli::kNo;
    }
    const auto* row = find_command(words[0]);
    std::fprintf(stderr, "bulkhead%s: %s\n",
                 row == nullptr ? "" : (" " + std::string(row->name)).c_str(),
                 done.error().what.c_str());
    return done.error().kind == Error::Kind::wrong_input ? cli::kWrong : cli::kNo;
}
