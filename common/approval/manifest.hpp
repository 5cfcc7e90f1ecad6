// The manifest: what a job is, for whom, when and how often, as text that people sign byte for
// byte.
//
// ASCII 0x20..0x7e and LF, "key SP value LF", keys in one fixed order, last line "end". There is no
// second spelling of anything, so there is no canonical form to disagree about.
#pragma once
#include <chrono>
#include <cstdint>
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
inline constexpr std::size_t kMaxManifestLine = 1024;  // without its LF
inline constexpr std::size_t kMaxScript = 4_MiB;
inline constexpr std::size_t kMaxParams = 32;
inline constexpr std::size_t kMaxTargets = 64;

// "host:web-1", "group:web-eu" or "any".
struct Target {
    enum class Kind { host, group, any };

    Kind kind = Kind::host;
    std::string label;
};

Result<Target> parse_target(std::string_view text);

// "1" is a one-shot job (no period); "4/day" and "2/hour" allow so many starts in any such span.
struct Runs {
    std::uint32_t count = 1;
    std::chrono::seconds period{0};

    bool once() const { return period.count() == 0; }
};

Result<Runs> parse_runs(std::string_view text);

struct Manifest {
    JobId job_id;
    std::string author;
    crypto::Digest script_sha256{};
    std::uint64_t script_size = 0;
    std::string interpreter;  // absolute path
    std::string profile;
    std::vector<ParamRule> params;
    std::vector<Target> targets;
    UnixTime not_before;
    UnixTime not_after;
    std::chrono::seconds timeout{0};
    std::uint64_t output_max = 0;
    Runs runs;
    bool resumes = false;  // once more after the restart of the host that it asks for
    std::string reason;

    crypto::Digest digest{};  // SHA-256 of the bytes it was parsed from
};

// Errors read "line 4: script-sha256: expected 64 lower-case hex digits".
Result<Manifest> parse_manifest(std::string_view bytes);
// The inverse; what it writes should be parsed again before it is shown to a signer.
std::string write_manifest(const Manifest& manifest);

// The words of a manifest, for whoever reads them elsewhere too.
bool is_job_id(std::string_view text);     // [a-z0-9][a-z0-9-]{0,63}
bool is_principal(std::string_view text);  // [A-Za-z0-9][A-Za-z0-9._@+-]{0,63}
bool is_label(std::string_view text);      // host ids and groups: [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool is_profile_name(std::string_view text);  // [a-z][a-z0-9-]{0,31}

}  // namespace bulkhead::approval
