// The first line names the file, the rest is its text. Whatever that holds: a rule that was taken
// has a place and a reason, and an error names the file.
#include "common/approval/sshsig.hpp"
#include "common/policy/credentials.hpp"
#include "common/policy/parse.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

void check_source(const policy::Source& source, const std::string& file) {
    fuzz::require(source.file == file && source.line > 0 && !source.reason.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::text(data, size);
    const auto feed = input.find('\n');
    if (feed == input.npos) return 0;
    const std::string file(input.substr(0, feed));
    policy::Policy parsed;
    const auto result = policy::parse_file(parsed, file, input.substr(feed + 1));
    if (!result) {
        fuzz::require(result.error().what.starts_with(file));
        return 0;
    }
    for (const auto& [name, source] : parsed.interpreters) check_source(source, file);
    for (const auto& [name, rule] : parsed.approvals) {
        check_source(rule.source, file);
        std::size_t people = 0;
        for (const auto& need : rule.needs) people += need.people;
        fuzz::require(people <= approval::kMaxSignatures);
        fuzz::require(rule.needs.empty() ? !rule.hardware && !rule.verified : people > 0);
        fuzz::require(!rule.max_runs || !rule.max_runs->once());
    }
    fuzz::require(!parsed.host.epoch || *parsed.host.epoch <= approval::kMaxEpoch);
    for (const auto& row : parsed.credentials) {
        check_source(row.source, file);
        // The path of no file: a component of it is empty.
        fuzz::require(policy::credential_grant(std::span(&row, 1), "a", "/a//a", "/a") ==
                      policy::CredentialGrant::none);
    }
    for (const auto& [name, list] : parsed.seccomp) {
        for (const auto& rule : list.rules) {
            check_source(rule.source, file);
            for (const auto& condition : rule.conditions) {
                fuzz::require(condition.argument <= 5 && !condition.any_of.empty());
                for (const auto& bits : condition.any_of) {
                    fuzz::require((bits.value & ~bits.mask) == 0);
                }
            }
        }
    }
    for (const auto& [name, profile] : parsed.profiles) {
        for (const auto& rule : profile.paths) fuzz::require(rule.path.starts_with('/'));
        fuzz::require(profile.limits.memory > 0 && profile.limits.pids > 0);
    }
    return 0;
}
