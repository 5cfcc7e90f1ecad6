#include "common/policy/profile_digest.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "common/base/parse.hpp"

namespace bulkhead::policy {

crypto::Digest profile_digest(const Policy& policy, const Profile& profile) {
    const auto* broker = find(policy.parts, "broker");
    const auto ceiling = broker == nullptr ? profile.seccomp : broker->seccomp;
    const std::array files{"profiles/" + profile.name + ".profile",
                           "seccomp/" + profile.seccomp + ".seccomp",
                           "seccomp/" + ceiling + ".seccomp"};
    constexpr std::size_t kBeforeName = 66;  // 64 hex digits and two blanks
    std::string lines;
    for (const auto line : split(policy.file_list, '\n')) {
        if (line.size() <= kBeforeName) continue;
        const auto name = line.substr(kBeforeName);
        const auto is_of = [&](const std::string& file) {
            return name == file || name.starts_with(file + ".d/");
        };
        if (std::ranges::any_of(files, is_of)) lines.append(line).append("\n");
    }
    return crypto::sha256(as_bytes(lines));
}

}  // namespace bulkhead::policy
