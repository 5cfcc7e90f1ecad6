// What tools do not see is said, for every profile that hides it and for no other.
#include "common/policy/hidden.hpp"

#include <gmock/gmock.h>

#include "common/policy/load.hpp"
#include "common/policy/parse.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

SeccompList list(std::string_view text) { return parse_seccomp("seccomp/a.seccomp", text).value(); }

const SeccompList kEverything = list("default allow  # why\n");

// Root's own sight: what a profile begins from when it takes nothing away.
Profile root_shell() {
    Profile profile;
    profile.user = "root";
    profile.capabilities = 1U << 19;  // CAP_SYS_PTRACE
    profile.network = Network::host;
    profile.host_files = true;
    profile.private_tmp = false;
    return profile;
}

std::size_t joined_size(const std::vector<std::string>& lines) {
    std::size_t size = 0;
    for (const auto& line : lines) size += line.size() + 2;
    return size;
}

}  // namespace

TEST(Hidden, ARootShellMissesNothing) {
    EXPECT_THAT(hidden_from(root_shell(), kEverything), IsEmpty());
}

TEST(Hidden, EachNamespaceIsToldWithTheToolsThatItBlinds) {
    auto profile = root_shell();
    profile.namespaces.pid = true;
    EXPECT_THAT(hidden_from(profile, kEverything), ElementsAre(HasSubstr("ps, ss -p and lsof")));
    profile = root_shell();
    profile.network = Network::none;
    EXPECT_THAT(hidden_from(profile, kEverything), ElementsAre(HasSubstr("has no network")));
    profile = root_shell();
    profile.namespaces.ipc = true;
    EXPECT_THAT(hidden_from(profile, kEverything), ElementsAre(HasSubstr("ipcs")));
    profile = root_shell();
    profile.namespaces.mount = true;
    profile.private_tmp = true;
    EXPECT_THAT(hidden_from(profile, kEverything),
                ElementsAre(HasSubstr("df, findmnt"), HasSubstr("/tmp and /var/tmp")));
}

TEST(Hidden, OthersFilesAreSeenWithTheCapabilityAndWithoutLandlockAlone) {
    const auto told = ElementsAre(HasSubstr("ss -p, lsof, fuser"));
    auto profile = root_shell();
    profile.capabilities = 0;
    EXPECT_THAT(hidden_from(profile, kEverything), told);
    profile = root_shell();
    profile.host_files = false;
    EXPECT_THAT(hidden_from(profile, kEverything), told) << "Landlock forbids it as well";
}

TEST(Hidden, MappedOwnersAreTold) {
    auto profile = root_shell();
    profile.user = "nobody";
    profile.namespaces = {.mount = true, .net = false, .ipc = false, .uts = false, .pid = true};
    EXPECT_THAT(hidden_from(profile, kEverything), Contains(HasSubstr("owners as nobody")));
    profile.without.push_back({"id-map", {}});
    EXPECT_THAT(hidden_from(profile, kEverything), Not(Contains(HasSubstr("owners as nobody"))));
}

TEST(Hidden, LocalSocketsAreToldByWhatTheListAnswers) {
    const auto told = ElementsAre(HasSubstr("systemctl"));
    const auto with = [](std::string_view text) { return hidden_from(root_shell(), list(text)); };
    EXPECT_THAT(with("default kill  # why\n"), told);
    EXPECT_THAT(with("default allow  # why\nerrno EPERM socket if arg0 is AF_UNIX  # why\n"), told);
    EXPECT_THAT(with("default errno EPERM  # why\n"
                     "allow socket if arg0 in AF_INET AF_INET6  # why\n"),
                told);
    EXPECT_THAT(with("default allow  # why\n"
                     "errno EAFNOSUPPORT socket if arg0 not-in AF_INET AF_INET6  # why\n"),
                told);
    EXPECT_THAT(with("default allow  # why\n"
                     "errno EAFNOSUPPORT socket if arg0 not-in AF_INET AF_UNIX  # why\n"),
                IsEmpty());
    EXPECT_THAT(with("default errno EPERM  # why\n"
                     "allow socket if arg0 in AF_INET AF_UNIX and arg2 is 0  # why\n"),
                IsEmpty());
    EXPECT_THAT(with("default allow  # why\nerrno EPERM socket if arg0 is AF_ALG  # why\n"),
                IsEmpty());
    EXPECT_THAT(with("default allow  # why\n"
                     "errno EPERM socket if arg0 is AF_UNIX and arg1 is 3  # raw ones\n"),
                IsEmpty());
}

// A remark is read in a table, and a result has 512 bytes for all of them.
TEST(Hidden, OfEachShippedProfileFitsIntoAResult) {
    const auto policy = load(BULKHEAD_POLICY, Trust::caller).value();
    for (const auto& [name, profile] : policy.profiles) {
        const auto lines = hidden_from(profile, policy.seccomp.at(profile.seccomp));
        for (const auto& line : lines) EXPECT_LE(line.size(), 100U) << name << ": " << line;
        EXPECT_LE(joined_size(lines), 320U) << name;
        EXPECT_EQ(lines.empty(), name == "admin") << name;
    }
}
