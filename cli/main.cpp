// bulkhead: the operator's command. It has no privileges of its own: it reads and writes files,
// calls ssh-keygen(1) and asks the workers' status sockets.
#include <array>
#include <cstdio>
#include <string_view>

#include "cli/base/command.hpp"
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
        "SCRIPT --profile NAME --target WHERE... [--expires 7d] [--not-before TIME]\n"
        "[--author NAME] [--realm NAME] [--epoch N] [--profile-sha256] [--format v2|v1]\n"
        "[--timeout 15m] [--output-max 1MiB] [--runs 1|N/day|N/hour]\n"
        "[--after-reboot resume] [--param 'NAME RULE']... [--interpreter PATH]\n"
        "[--job-id ID] [--reason TEXT] [--odd-bytes REASON] [--policy DIR]\n"
        "[--vendor-policy DIR]",
        "print the manifest that people sign", &cli::new_job},
    Row{"seal", "SCRIPT MANIFEST SIGNATURE...", "print script, manifest and signatures as one file",
        &cli::seal},
    Row{"dry-run",
        "FILE...|--catalogue NAME [--policy DIR] [--vendor-policy DIR] [--host-id ID]\n"
        "[--group LABEL]... [--at TIME] [--host-born TIME] [--param NAME=VALUE]...\n"
        "[--manifest FILE] [--assume-signed] [--format text|json|github|sarif|gcc]\n"
        "[--json] [--brief]",
        "would a host run this job, and how? 1 as well for a script that seal would refuse",
        &cli::dry_run},
    Row{"check-policy",
        "[DIR] [--as-host] [--as-installed] [--strict] [--format text|json|github|sarif|gcc]\n"
        "[--json] [--vendor-policy DIR]",
        "what is wrong or strange in a policy, and its digest; what this host cannot give of it",
        &cli::check_policy},
    Row{"show-confinement",
        "[broker|worker|config-reader|vet|PROFILE] [--policy DIR] [--vendor-policy DIR]",
        "what a policy lets each of them do, in words and as seccomp programs",
        &cli::show_confinement},
    Row{"verify-audit", "FILE...|DIR [--size LINES --head HEX]",
        "is the audit log whole? if not, its first bad line", &cli::verify_audit},
    Row{"reasons", "", "every reason code and what it means", &cli::reasons},
    Row{"describe-protocol", "", "the page of requests and events between worker and broker",
        &cli::describe_protocol},
    Row{"status", "[--json | --check] [--run-dir DIR | --socket FILE]",
        "is all well with the agent, by what root and each worker say: 0 healthy, 1 trouble,\n"
        "      2 no agent, or not to be told; --check: one line, as Nagios has it",
        &cli::status},
    Row{"jobs", "[--since TIME|24h] [--json] [--state DIR] [--log-dir DIR] | --holds MOUNT|DEVICE",
        "the jobs that run and ran, by the audit log; as root also those that keep a file system\n"
        "      busy",
        &cli::jobs},
    Row{"stop-job", "NUMBER [--reason TEXT] [--state DIR] [--log-dir DIR]",
        "as root: end one running job", &cli::stop_job},
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
    Row{"settings", "[--markdown|--schema]",
        "every setting of agent.yaml; as a page, or as a JSON Schema for editors", &cli::settings},
};

void print_usage(std::FILE* to, const Row& row) {
    const std::string name(row.name);
    auto arguments = std::string(row.arguments);
    if (row.names != nullptr) arguments.replace(arguments.find("..."), 3, row.names());
    const auto indent = "\n" + std::string(name.size() + 3, ' ');
    for (auto at = arguments.find('\n'); at != arguments.npos; at = arguments.find('\n', at)) {
        arguments.replace(at, 1, indent);
        at += indent.size();
    }
    std::fprintf(to, "\n  %s %s\n      %s\n", name.c_str(), arguments.c_str(),
                 std::string(row.help).c_str());
}

int help(std::FILE* to) {
    std::fputs("usage: bulkhead COMMAND ...\n", to);
    for (const auto& row : kCommands) print_usage(to, row);
    std::fputs(
        "\nFILE - is standard input. Exit status: 0 yes or done, 1 no or failed, 2 wrong call.\n",
        to);
    return to == stdout ? cli::kDone : cli::kWrong;
}

}  // namespace

int main(int count, char** values) {
    const cli::Arguments words(values + 1, values + count);
    if (words.empty()) return help(stderr);
    if (words[0] == "--help" || words[0] == "help") return help(stdout);
    if (words[0] == "--version") return std::puts("bulkhead " BULKHEAD_VERSION) < 0 ? 1 : 0;
    for (const auto& row : kCommands) {
        if (row.name != words[0]) continue;
        if (words.size() == 2 && words[1] == "--help") {
            std::fputs("usage: bulkhead", stdout);
            print_usage(stdout, row);
            return cli::kDone;
        }
        if (const auto sound = crypto::check_itself(); !sound) {
            std::fprintf(stderr, "bulkhead: %s\n", sound.error().what.c_str());
            return cli::kNo;
        }
        const auto done = row.run({words.begin() + 1, words.end()});
        if (done) return *done;
        std::fprintf(stderr, "bulkhead %s: %s\n", words[0].c_str(), done.error().what.c_str());
        return done.error().kind == Error::Kind::wrong_input ? cli::kWrong : cli::kNo;
    }
    std::fprintf(stderr, "bulkhead: no command \"%s\"; see bulkhead --help\n", words[0].c_str());
    return cli::kWrong;
}
