#include "cli/help.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/base/layout.hpp"

namespace bulkhead::cli {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// What stands in capitals in the usage of commands, in the order in which it is explained.
constexpr std::array kWords{
    Pair{"SCRIPT", "a file with the script; - is standard input"},
    Pair{"MANIFEST", "a file that new-job wrote for the script"},
    Pair{"SIGNATURE", "a file with what ssh-keygen -Y sign wrote; several may stand in one"},
    Pair{"SIGNED", "a file that seal wrote: script, manifest and signatures in one"},
    Pair{"FILE", "the path of a file; - is standard input where a file is read"},
    Pair{"DIR", "the path of a directory"},
    Pair{"PROFILE", "the name of a profile of the policy, such as maintain"},
    Pair{"NAME", "a name as the policy, the manifest or the backend has it"},
    Pair{"WHERE", "host:ID, group:LABEL (as host.policy names them) or any"},
    Pair{"TIME", "a time of UTC, such as 2026-08-25T12:00:00Z"},
    Pair{"RULE",
         "what values a parameter takes: int:1..90, enum:a|b, word, path:/var/log, text:200, "
         "text-raw:200; the script finds the value as $JOB_P_NAME"},
    Pair{"VALUE", "a value that a parameter's RULE allows, or one of the TYPE before it"},
    Pair{"OBJECT", "an object file of the eBPF machine, as clang -target bpf -c writes it"},
    Pair{"TYPE",
         "of a program: xdp, tc-ingress, tc-egress, cgroup-connect4, cgroup-connect6, "
         "cgroup-ingress, cgroup-egress, lsm, fentry, fexit or kprobe; of rodata: u8 to u64, i8 to "
         "i64 or ipv4"},
    Pair{"ATTACH",
         "what a program is attached to: a network interface, a cgroup's path below "
         "/sys/fs/cgroup, or a hook or function of the kernel"},
    Pair{"TEXT", "one line of printable ASCII"},
    Pair{"REASON", "one line of printable ASCII, which signers read"},
    Pair{"CODE", "a reason code, such as threshold-not-met"},
    Pair{"ID", "a job's or host's id: letters, digits and -"},
    Pair{"LABEL", "a group of hosts, as host.policy names it"},
    Pair{"PATH", "an absolute path on the host"},
    Pair{"NUMBER", "a job's number, as bulkhead jobs lists it"},
    Pair{"DELIVERY", "the backend's name for a job, as bulkhead jobs lists it"},
    Pair{"JOB-ID", "a job's id, as its manifest has it"},
    Pair{"JOB", "a job's number, delivery or id, as bulkhead jobs lists them"},
    Pair{"MOUNT", "the path at which a file system is mounted"},
    Pair{"DEVICE", "the path of a block device"},
    Pair{"LINES", "a number of lines, as a heartbeat has it"},
    Pair{"HEX", "a SHA-256 in hex, as a heartbeat has it"},
    Pair{"BACKEND", "the name of a backend in agent.yaml"},
    Pair{"N", "a number"},
};

// One for each command, to be typed as it stands but for the names.
constexpr std::array kExamples{
    Pair{"new-job",
         "bulkhead new-job clean.sh --profile maintain --target group:web --author carol \\\n"
         "    --param 'days int:1..90' --reason 'CHG-4711: thumbnails' > clean.manifest"},
    Pair{"pin",
         "bulkhead pin report.sh --profile inspect --target any --runs 24/day --expires 365d \\\n"
         "    --reason 'CHG-12: disk report'"},
    Pair{"new-artifact",
         "bulkhead new-artifact count.bpf.o --program 'count xdp eth0' --target group:edge \\\n"
         "    --author carol --reason 'CHG-9: what the firewall drops' > count.artifact"},
    Pair{"seal", "bulkhead seal clean.sh clean.manifest clean.manifest.*.sig > clean.signed"},
    Pair{"unseal", "bulkhead unseal clean.signed --to parts"},
    Pair{"dry-run", "bulkhead dry-run clean.signed --policy ./policy --group web"},
    Pair{"check-policy", "bulkhead check-policy /etc/bulkhead/policy --as-host"},
    Pair{"show-confinement", "bulkhead show-confinement maintain"},
    Pair{"verify-audit", "bulkhead verify-audit /var/log/bulkhead"},
    Pair{"reasons", "bulkhead reasons threshold-not-met"},
    Pair{"describe-protocol", "bulkhead describe-protocol | less"},
    Pair{"status", "bulkhead status"},
    Pair{"jobs", "bulkhead jobs --since 7d"},
    Pair{"stop-job", "bulkhead stop-job 17 --reason 'INC-3: fills the disk'"},
    Pair{"artifacts", "bulkhead artifacts remove drop-counter --reason 'INC-5: drops too much'"},
    Pair{"suspend-jobs", "bulkhead suspend-jobs --reason 'maintenance until 18:00'"},
    Pair{"resume-jobs", "bulkhead resume-jobs"},
    Pair{"accept-lost-ledger", "bulkhead accept-lost-ledger --reason 'INC-4: new disk'"},
    Pair{"prove", "bulkhead prove 17 --to proof-17"},
    Pair{"revoke", "bulkhead revoke bob.pub >> /etc/bulkhead/policy/revoked_signers"},
    Pair{"request-reboot", "bulkhead request-reboot   # as a line of the job's script"},
    Pair{"migrate", "bulkhead migrate --from hyprnode --write ./new --check"},
    Pair{"settings", "bulkhead settings"},
    Pair{"reload", "bulkhead reload"},
    Pair{"check-config", "bulkhead check-config /etc/bulkhead/agent.yaml"},
    Pair{"reset-clock", "bulkhead reset-clock"},
    Pair{"metrics", "bulkhead metrics"},
    Pair{"serve-status", "systemd-socket-activate -l 127.0.0.1:7070 bulkhead serve-status"},
    Pair{"explain", "bulkhead explain threshold-not-met"},
    Pair{"leave", "bulkhead leave main --yes"},
};

constexpr std::string_view kStatuses =
    "Exit status: 0 yes or done; 1 no, refused or failed; 2 a wrong call: unknown command or "
    "option,\na value that is none, a file named in it that cannot be read, a policy that does not "
    "load.\n";

constexpr std::string_view kStatusesOfStatus =
    "Exit status, also that of a Nagios plugin by --check: 0 healthy; 1 trouble; 2 no agent runs, "
    "or the\ncaller may not read what it says, or a wrong call.\n";

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// True if the word stands in the text, and not as a part of another.
bool holds_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const auto after = at + word.size();
        const bool begins = at == 0 || (!is_letter(text[at - 1]) && text[at - 1] != '-');
        const bool ends = after == text.size() || (!is_letter(text[after]) && text[after] != '-');
        if (begins && ends) return true;
    }
    return false;
}

std::string usage_of(const Usage& command) {
    auto arguments = command.arguments;
    const auto indent = "\n" + std::string(command.name.size() + 3, ' ');
    for (auto at = arguments.find('\n'); at != arguments.npos; at = arguments.find('\n', at)) {
        arguments.replace(at, 1, indent);
        at += indent.size();
    }
    auto line = "  " + std::string(command.name) + " " + arguments;
    while (line.ends_with(' ')) line.pop_back();
    return "\n" + line + "\n      " + std::string(command.help) + "\n";
}

}  // namespace

std::string help_of(std::span<const Usage> commands) {
    std::string text = "usage: bulkhead COMMAND ...\n";
    for (const auto& command : commands) text += usage_of(command);
    return text +
           "\nbulkhead COMMAND --help explains the words in capitals and has an example. FILE - is "
           "standard\ninput. " +
           std::string(exit_statuses());
}

std::string help_of(const Usage& command) {
    auto text = "usage: bulkhead" + usage_of(command);
    std::string words;
    for (const auto& [word, meaning] : kWords) {
        if (holds_word(command.arguments, word)) words += row("  " + std::string(word), meaning);
    }
    if (!words.empty()) text += "\n" + words;
    if (const auto example = example_of(command.name); !example.empty()) {
        text += "\nexample:\n  " + std::string(example) + "\n";
    }
    return text + "\n" + std::string(exit_statuses(command.name));
}

std::span<const Meaning> words_in_capitals() { return kWords; }

std::string_view example_of(std::string_view command) {
    const auto* found = std::ranges::find(kExamples, command, &Pair::first);
    return found == kExamples.end() ? "" : found->second;
}

std::string_view exit_statuses(std::string_view command) {
    return command == "status" ? kStatusesOfStatus : kStatuses;
}

}  // namespace bulkhead::cli
