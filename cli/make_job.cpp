// `bulkhead new-job`: writes a manifest for a script, which people then read and sign.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/bind_job.hpp"
#include "cli/vet/param_use.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/shebang.hpp"
#include "common/approval/signed_script.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{
    Option{"--profile", Takes::once},
    Option{"--target", Takes::often},
    Option{"--author", Takes::once},
    Option{"--expires", Takes::once},
    Option{"--not-before", Takes::once},
    Option{"--timeout", Takes::once},
    Option{"--output-max", Takes::once},
    Option{"--runs", Takes::once},
    Option{"--after-reboot", Takes::once},
    Option{"--param", Takes::often},
    Option{"--interpreter", Takes::once},
    Option{"--job-id", Takes::once},
    Option{"--reason", Takes::once},
    Option{"--odd-bytes", Takes::once},
    Option{"--policy", Takes::once},
    Option{"--format", Takes::once},
    Option{"--realm", Takes::once},
    Option{"--epoch", Takes::once},
    Option{"--profile-sha256"},
    kVendorPolicy,
};

Result<> check_script(const std::string& path, std::string_view script) {
    if (script.empty()) return fail(path + ": the script is empty");
    if (script.size() > approval::kMaxScript) {
        return fail(path + ": " + std::to_string(script.size()) +
                    " bytes; a script has at most 4 MiB");
    }
    if (TRY(within(path, approval::split_signed_script(script))).has_tail) {
        return fail(path + ": has an approval already. To start afresh, take it off: sed '/^" +
                    std::string(approval::kTailMarker) + "/,$d' " + shell_word(path));
    }
    if (!script.ends_with('\n')) {
        return fail(path + ": the last line has no line end; add one: echo >> " + shell_word(path));
    }
    return {};
}

// The interpreter in the #! line. The name in "#!/usr/bin/env bash" is looked up in
// interpreters.policy.
Result<std::string> interpreter_of(std::string_view script, const Options& options) {
    const auto asked = TRY(or_wrong(approval::asked_for(script)));
    if (!asked) {
        return wrong("the script has no #! line; say what runs it: --interpreter /bin/bash");
    }
    if (asked->program.contains('/')) return std::string(asked->program);
    const auto copy = load_policy(options.value("--policy", kPolicyDirectory), options);
    if (!copy) {
        return wrong("the #! line leaves it to env where " + quoted(asked->program, 64) +
                     " is; name it, as in --interpreter /bin/bash, or give --policy DIR with the "
                     "hosts' interpreters.policy: " +
                     copy.error().what);
    }
    auto path = TRY(or_wrong(listed_interpreter(asked->program, copy->policy)));
    std::fprintf(stderr,
                 "note: the #! line leaves it to env; the job is run by %s, as "
                 "interpreters.policy lists it\n",
                 path.c_str());
    return path;
}

// A job-id from the file's name, the day and the script, so that a script which was corrected is
// another job: disk_clean.sh becomes "disk-clean-2026-08-22-1f0c3a".
std::string job_id_of(const std::string& path, UnixTime day, const crypto::Digest& script) {
    auto name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find('.', 1));
    std::string id;
    for (const char c : name) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (approval::is_job_id({&lower, 1})) id += lower;
        if (!approval::is_job_id({&lower, 1}) && !id.empty() && id.back() != '-') id += '-';
    }
    id = id.substr(0, 46);
    return (id.empty() ? "job" : id) + (id.ends_with('-') ? "" : "-") +
           format_utc(day).substr(0, 10) + "-" + crypto::hex(script).substr(0, 6);
}

Result<std::chrono::seconds> seconds(std::string_view option, const std::string& text) {
    const auto time = parse_duration(text);
    if (!time) return wrong(std::string(option) + ": " + time.error().what);
    if (*time < std::chrono::seconds(1)) return wrong(std::string(option) + ": at least 1s");
    return std::chrono::floor<std::chrono::seconds>(*time);
}

// Parses a size in bytes, or with a unit: 4096, 64KiB, 1MiB, 1GiB.
Result<std::uint64_t> size(std::string_view option, std::string_view text) {
    std::uint64_t unit = 1;
    for (const auto& [suffix, bytes] :
         {std::pair("KiB", 1_KiB), std::pair("MiB", 1_MiB), std::pair("GiB", 1_GiB)}) {
        if (!text.ends_with(suffix)) continue;
        text.remove_suffix(3);
        unit = bytes;
        break;
    }
    const auto number = parse_number<std::uint32_t>(text);
    if (!number) return wrong(std::string(option) + ": write 65536, 64KiB, 1MiB or 1GiB");
    return *number * unit;
}

Result<> take_repeated(approval::Manifest& job, const Options& options) {
    for (const auto& text : options.values("--target")) {
        job.targets.push_back(TRY(or_wrong(within("--target", approval::parse_target(text)))));
    }
    if (job.targets.empty()) {
        return wrong("where may it run? --target host:ID, --target group:LABEL, or --target any");
    }
    for (const auto& text : options.values("--param")) {
        const auto blank = text.find(' ');
        if (blank == text.npos) return wrong("--param: expected \"NAME RULE\" as one word");
        job.params.push_back(TRY(or_wrong(within(
            "--param",
            approval::parse_param_rule(std::string_view(text).substr(0, blank),
                                       std::string_view(text).substr(blank + 1), job.format)))));
    }
    return {};
}

// What is odd in script and manifest is meant, and only what is odd is said to be.
Result<> require_meant(const std::string& path, std::string_view script,
                       const std::string& manifest, const std::string& odd_bytes) {
    const std::string advice = "say why: --odd-bytes REASON";
    const auto script_seen = require_visible(path, script, "", advice);
    const auto manifest_seen = require_visible("the manifest", manifest, "", advice);
    if (odd_bytes.empty()) {
        TRY(script_seen);
        return manifest_seen;
    }
    if (!script_seen || !manifest_seen) return {};
    return wrong("--odd-bytes: nothing in " + path + " is odd, so leave it out");
}

// Writes the manifest's text. It does not check every value; the caller parses the text again,
// which does.
Result<std::string> write(const std::string& path, std::string_view script,
                          const std::string& interpreter, const Options& options) {
    approval::Manifest job;
    job.odd_bytes = options.value("--odd-bytes");
    const auto start = options.value("--not-before", format_utc(sys::now()));
    job.not_before = TRY(or_wrong(within("--not-before", parse_utc(start))));
    job.not_after = job.not_before + TRY(seconds("--expires", options.value("--expires", "7d")));
    job.script_sha256 = crypto::sha256(as_bytes(script));
    job.job_id.value =
        options.value("--job-id", job_id_of(path, job.not_before, job.script_sha256));
    job.script_size = script.size();
    job.interpreter = interpreter;
    job.profile = options.value("--profile");
    TRY(bind_job(job, options));
    job.timeout = TRY(seconds("--timeout", options.value("--timeout", "15m")));
    job.output_max = TRY(size("--output-max", options.value("--output-max", "1MiB")));
    job.reason = options.value("--reason", "no reason given");
    const auto after_reboot = options.value("--after-reboot", "");
    if (!after_reboot.empty() && after_reboot != "resume") {
        return wrong("--after-reboot takes resume: the job is run once more after the restart");
    }
    job.resumes = !after_reboot.empty();
    job.runs = TRY(or_wrong(within("--runs", approval::parse_runs(options.value("--runs", "1")))));
    TRY(take_repeated(job, options));

    auto text = approval::write_manifest(job);
    TRY(or_wrong(within("this would be no manifest", approval::parse_manifest(text))));
    TRY(require_meant(path, script, text, job.odd_bytes));
    for (const auto& remark : compare_params(script, job.params)) {
        std::fprintf(stderr, "note: %s\n", fault_lines(path, {remark}).c_str());
    }
    return text;
}

}  // namespace

Result<int> new_job(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (options.operands().size() != 1) return wrong("give one script");
    if (!options.has("--profile")) {
        return wrong("in which profile does it run? --profile NAME, as in policy/profiles");
    }
    const auto& path = options.operands()[0];
    const auto script = TRY(read_input(path, 64_MiB));
    TRY(check_script(path, script));
    auto interpreter = options.value("--interpreter");
    if (interpreter.empty()) {
        const auto faults = faults_of({.oddities = find_oddities(script, "")});
        if (!faults.empty()) return fail(fault_lines(path, faults));
        interpreter = TRY(interpreter_of(script, options));
    }
    TRY(require_sound(path, script, interpreter));
    TRY(print(TRY(write(path, script, interpreter, options))));
    const auto file = shell_word(path);
    std::fprintf(stderr,
                 "next: read the manifest; then the author and each signer, with it in a file M:\n"
                 "  ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY < M > M.NAME.sig\n"
                 "then put the parts together:\n"
                 "  bulkhead seal %s M M.NAME.sig... > SIGNED\n",
                 file.c_str());
    return kDone;
}

}  // namespace bulkhead::cli
