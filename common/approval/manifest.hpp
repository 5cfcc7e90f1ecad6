// The manifest: text that says what a job runs, on which hosts, when and how often. Approvers sign
// its bytes.
//
// A manifest consists of lines "key SP value LF" of bytes 0x20..0x7e, with the keys in a fixed
// order, and of a last line "end". Each value has one spelling, so no canonical form has to be
// computed.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/param.hpp"
#include "common/base/ids.hpp"
#include "common/base/parse.hpp"
#include "common/base/result.hpp"
#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxManifest = 16_KiB;
inline constexpr std::size_t kMaxManifestLine = 1024;  // bytes, without the LF
inline constexpr std::size_t kMaxScript = 4_MiB;
inline constexpr std::size_t kMaxParams = 32;
inline constexpr std::size_t kMaxTargets = 64;
inline constexpr std::uint32_t kMaxEpoch = 1'000'000'000;

// "host:web-1", "group:web-eu" or "any".
struct Target {
    enum class Kind { host, group, any };

    Kind kind = Kind::host;
    std::string label;  // see is_label(); empty for `any`
};

Result<Target> parse_target(std::string_view text);

// How often a job may start: "1" once ever (no period); "4/day" at most four times in any 24 hours,
// "2/hour" at most twice in any hour. The count is 1..1000.
struct Runs {
    std::uint32_t count = 1;
    std::chrono::seconds period{0};

    bool once() const { return period.count() == 0; }
};

Result<Runs> parse_runs(std::string_view text);

struct Manifest {
    // Of the grammar: 1, or 2 with the keys realm, epoch, profile-sha256 and odd-bytes, each of
    // which may be left out.
    unsigned format = 1;
    JobId job_id;
    std::string author;
    std::string realm;                   // of hosts, see is_label(); empty: not named
    std::optional<std::uint32_t> epoch;  // of approvals, see policy::Host
    crypto::Digest script_sha256{};
    std::uint64_t script_size = 0;
    std::string interpreter;  // absolute path
    std::string profile;
    std::optional<crypto::Digest> profile_sha256;  // of the profile that was approved
    std::vector<ParamRule> params;
    std::vector<Target> targets;
    UnixTime not_before;
    UnixTime not_after;
    std::chrono::seconds timeout{0};  // 1 s to 7 days
    std::uint64_t output_max = 0;     // bytes, 1 to 1 GiB
    Runs runs;
    bool resumes = false;   // true: starts once more after a restart of the host that it asked for
    std::string odd_bytes;  // why the script or manifest holds what people do not see
    std::string reason;

    crypto::Digest digest{};  // SHA-256 of the bytes it was parsed from
};

// Takes at most kMaxManifest bytes. An error reads "line 4: script-sha256: expected 64 lower-case
// hex digits".
Result<Manifest> parse_manifest(std::string_view bytes);
// The inverse of parse_manifest(). It checks no value, so parse its result before somebody signs
// it.
std::string write_manifest(const Manifest& manifest);

// Forms of the words in a manifest. Other parsers use them too.
bool is_job_id(std::string_view text);     // [a-z0-9][a-z0-9-]{0,63}
bool is_principal(std::string_view text);  // [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}
bool is_label(std::string_view text);      // host ids and groups: [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool is_profile_name(std::string_view text);  // [a-z][a-z0-9-]{0,31}

}  // namespace bulkhead::approval
