#include "worker/backend/http/resolver.hpp"

#include <gmock/gmock.h>

namespace bulkhead::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(HostServices, AreTheWordsOfTheHostsLineWithoutActions) {
    EXPECT_THAT(host_services("passwd: files systemd\n"
                              "hosts:  files mdns4_minimal [NOTFOUND=return] dns # comment\n"
                              "networks: files\n"),
                ElementsAre("files", "mdns4_minimal", "dns"));
    EXPECT_THAT(host_services("hosts: files [!UNAVAIL = return] resolve myhostname"),
                ElementsAre("files", "resolve", "myhostname"));
}

TEST(HostServices, MayBeAbsent) {
    EXPECT_THAT(host_services(""), IsEmpty());
    EXPECT_THAT(host_services("# hosts: files\nhostsx: dns\n"), IsEmpty());
}

TEST(ResolverModules, LoadOnThisHost) { EXPECT_TRUE(load_resolver_modules()); }

}  // namespace
}  // namespace bulkhead::worker
