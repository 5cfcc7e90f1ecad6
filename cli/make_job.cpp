#include "cli/make_job.hpp"

#include <cstdio>

#include "cli/author.hpp"
#include "cli/base/files.hpp"
#include "cli/bind_job.hpp"
#include "cli/vet/param_use.hpp"
#include "common/approval/shebang.hpp"
#include "common/approval/signed_script.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

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
Result<std::string> interpreter_of(std::string_view script,
                                   const std::optional<PolicyCopy>& policy) {
    const auto asked = TRY(or_wrong(approval::asked_for(script)));
    if (!asked) {
        return wrong("the script has no #! line; say what runs it: --interpreter /bin/bash");
    }
    if (asked->program.contains('/')) return std::string(asked->program);
    if (!policy) {
        return wrong("the #! line leaves it to env where " + quoted(asked->program, 64) +
                     " is; name it, as in --interpreter /bin/bash, or give --policy DIR with the "
                     "hosts' interpreters.policy");
    }
    auto path = TRY(or_wrong(listed_interpreter(asked->program, policy->policy)));
    std::fprintf(stderr,
                 "note: the #! line leaves it to env; the job is run by %s, as "
                 "interpreters.policy lists it\n",
                 path.c_str());
    return path;
}

constexpr std::size_t kMostOfName = 46;  // what day and digest leave of the 64 of a job id

// A job id of the file's name, the day, and what the manifest says but for its times:
// "disk-clean-20260822-f78e5351". A script or manifest that was corrected gets another id, so the
// host that ran the first one runs it too. The same call on the same day gets the same id: of two
// manifests that were made by mistake, and signed both, only one runs.
std::string job_id_of(const std::string& path, const approval::Manifest& job) {
    auto same = job;
    same.job_id.value.clear();
    same.not_before = std::chrono::floor<std::chrono::days>(job.not_before);
    same.not_after = same.not_before + (job.not_after - job.not_before);
    const auto digest = crypto::hex(crypto::sha256(as_bytes(approval::write_manifest(same))));
    const auto time = format_utc(job.not_before);  // "2026-08-22T..."
    return job_name_of(path) + "-" + time.substr(0, 4) + time.substr(5, 2) + time.substr(8, 2) +
           "-" + digest.substr(0, 8);
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

// The option that sets a key of the manifest.
std::string option_of(std::string_view key) {
    return key == "not-after" ? "--expires" : "--" + std::string(key);
}

// An error of parse_manifest() about a text that was made of options, in terms of those: for "line
// 14: reason: empty" it is "--reason: empty". Its columns begin behind the key.
std::string in_options(std::string_view text, const std::string& what) {
    const auto lines = split(text, '\n');
    std::string_view rest = what;
    if (!rest.starts_with("line ")) return "this would be no manifest: " + what;
    rest.remove_prefix(5);
    const auto number = parse_number<unsigned>(rest.substr(0, rest.find(':')));
    if (!number || *number == 0 || *number > lines.size()) {
        return "this would be no manifest: " + what;
    }
    rest.remove_prefix(std::min(rest.size(), rest.find(':') + 2));
    const auto line = lines[*number - 1];
    const auto key = line.substr(0, line.find(' '));
    if (rest.starts_with(key) && rest.substr(key.size()).starts_with(": ")) {
        rest.remove_prefix(key.size() + 2);
    }
    return option_of(key) + ": " + std::string(rest);
}

// What an option gives stands in a line of the manifest as it is.
Result<> require_lines(const Options& options) {
    for (const auto& option : kJobOptions) {
        if (option.name == "--policy" || option.name == kVendorPolicy.name) continue;
        for (const auto& value : options.values(option.name)) {
            TRY(require_ascii(option.name, value));
        }
    }
    if (options.has("--reason")) return {};
    return wrong("why does it run? --reason TEXT, which signers and auditors read");
}

// Makes the manifest of all but its text. It does not check every value; the caller parses the
// text, which does.
Result<approval::Manifest> take_options(const NewJob& made, const std::string& interpreter,
                                        const Options& options, By by,
                                        const std::optional<PolicyCopy>& policy) {
    approval::Manifest job;
    job.odd_bytes = options.value("--odd-bytes");
    const auto start = options.value("--not-before", format_utc(sys::now()));
    job.not_before = TRY(or_wrong(within("--not-before", parse_utc(start))));
    job.not_after = job.not_before + TRY(seconds("--expires", options.value("--expires", "7d")));
    job.script_sha256 = crypto::sha256(as_bytes(made.script));
    job.script_size = made.script.size();
    job.interpreter = interpreter;
    job.profile = options.value("--profile");
    TRY(bind_job(job, options, by, policy));
    job.timeout = TRY(seconds("--timeout", options.value("--timeout", "15m")));
    job.output_max = TRY(size("--output-max", options.value("--output-max", "1MiB")));
    job.reason = options.value("--reason");
    const auto after_reboot = options.value("--after-reboot", "");
    if (!after_reboot.empty() && after_reboot != "resume") {
        return wrong("--after-reboot takes resume: the job is run once more after the restart");
    }
    job.resumes = !after_reboot.empty();
    job.runs = TRY(or_wrong(within("--runs", approval::parse_runs(options.value("--runs", "1")))));
    TRY(take_repeated(job, options));
    job.job_id.value = options.value("--job-id", job_id_of(made.path, job));
    return job;
}

Result<std::string> choose_interpreter(const NewJob& made, const Options& options,
                                       const std::optional<PolicyCopy>& policy) {
    if (options.has("--interpreter")) return options.value("--interpreter");
    const auto faults = faults_of({.oddities = find_oddities(made.script, "")});
    if (!faults.empty()) return fail(fault_lines(made.path, faults));
    return interpreter_of(made.script, policy);
}

}  // namespace

Result<std::chrono::seconds> seconds(std::string_view option, const std::string& text) {
    const auto time = parse_duration(text);
    if (!time) return wrong(std::string(option) + ": " + time.error().what);
    if (*time < std::chrono::seconds(1)) return wrong(std::string(option) + ": at least 1s");
    return std::chrono::floor<std::chrono::seconds>(*time);
}

std::string job_name_of(const std::string& path) {
    auto name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find('.', 1));
    std::string id;
    for (const char c : name) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (approval::is_job_id({&lower, 1})) id += lower;
        if (!approval::is_job_id({&lower, 1}) && !id.empty() && id.back() != '-') id += '-';
    }
    id = id.substr(0, kMostOfName);
    while (id.ends_with('-')) id.pop_back();
    return id.empty() ? "job" : id;
}

Result<NewJob> make_job(const Options& options, By by, const std::optional<PolicyCopy>& policy) {
    const auto path = TRY(options.one("script"));
    if (!options.has("--profile")) {
        return wrong("in which profile does it run? --profile NAME, as in policy/profiles");
    }
    NewJob made{.path = path, .script = {}, .text = {}, .manifest = {}};
    made.script = TRY(read_input(made.path, 64_MiB));
    TRY(require_lines(options));
    TRY(check_script(made.path, made.script));
    const auto interpreter = TRY(choose_interpreter(made, options, policy));
    TRY(require_sound(made.path, made.script, interpreter));
    const auto job = TRY(take_options(made, interpreter, options, by, policy));
    made.text = approval::write_manifest(job);
    auto parsed = approval::parse_manifest(made.text);
    if (!parsed) return wrong(in_options(made.text, parsed.error().what));
    made.manifest = *std::move(parsed);
    TRY(require_meant(made.path, made.script, made.text, job.odd_bytes));
    TRY(require_declared(made.path, made.script, made.manifest));
    if (policy) TRY(require_allowed(made, by, *policy));
    return made;
}

}  // namespace bulkhead::cli
