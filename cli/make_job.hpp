// A job's manifest, made of a script and of the options of `bulkhead new-job` and `bulkhead pin`.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "common/approval/manifest.hpp"

namespace bulkhead::cli {

inline constexpr std::array kJobOptions{
    Option{"--profile", Option::Takes::once},
    Option{"--target", Option::Takes::often},
    Option{"--author", Option::Takes::once},
    Option{"--expires", Option::Takes::once},
    Option{"--not-before", Option::Takes::once},
    Option{"--timeout", Option::Takes::once},
    Option{"--output-max", Option::Takes::once},
    Option{"--runs", Option::Takes::once},
    Option{"--after-reboot", Option::Takes::once},
    Option{"--param", Option::Takes::often},
    Option{"--interpreter", Option::Takes::once},
    Option{"--job-id", Option::Takes::once},
    Option{"--reason", Option::Takes::once},
    Option{"--odd-bytes", Option::Takes::once},
    Option{"--policy", Option::Takes::once},
    Option{"--format", Option::Takes::once},
    Option{"--realm", Option::Takes::once},
    Option{"--epoch", Option::Takes::once},
    Option{"--profile-sha256"},
    kQuiet,
    kVendorPolicy,
};

// How a job is approved that is made: by signatures, or by root who pins it.
enum class By { signers, pin };

struct NewJob {
    std::string path;    // of the script
    std::string script;  // its bytes
    std::string text;    // the manifest, which parses as `manifest`
    approval::Manifest manifest;
};

// The policy that decides about the job: that of --policy; else the one of this host, where it is
// there and loads. If it does not load a note on standard error says so.
Result<std::optional<PolicyCopy>> policy_of_hosts(const Options& options);

// Reads the script that is the only operand, and makes its manifest. What a host would refuse by
// the options, what `policy` does not allow, and a script that does not do what its author meant,
// are errors that name the option, or the line of the script.
Result<NewJob> make_job(const Options& options, By by, const std::optional<PolicyCopy>& policy);

// The value of an option that takes a time, of a second at least. A wrong() names the option.
Result<std::chrono::seconds> seconds(std::string_view option, const std::string& text);

// The letters of a file's name that a job id may have: "disk-clean" for "a/Disk_Clean.v2.sh".
std::string job_name_of(const std::string& path);

}  // namespace bulkhead::cli
