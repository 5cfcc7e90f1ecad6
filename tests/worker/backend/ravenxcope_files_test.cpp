#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

using bulkhead::test::Tree;

DialectOptions options_for(const Tree& files) {
    return {{"sensor_id", "s-1"},
            {"config_file", files.path() + "/agent.env"},
            {"host_os_release_file", files.path() + "/host-os-release"},
            {"host_hostname_file", files.path() + "/host-hostname"},
            {"hostname", ""},
            {"os_info", ""}};
}

void protect(const Tree& files) { ::chmod((files.path() + "/agent.env").c_str(), 0640); }

TEST(RavenxcopeFiles, ThatAreAbsentChangeNothing) {
    const Tree files({});
    auto options = options_for(files);
    Secret credential("from-environment");
    const auto origin = load_ravenxcope_files(options, credential);
    ASSERT_TRUE(origin) << origin.error().what;
    EXPECT_EQ(*origin, "");
    EXPECT_EQ(credential.reveal(), "from-environment");
    EXPECT_EQ(options["hostname"], "");
    EXPECT_EQ(options["os_info"], "");
}

TEST(RavenxcopeFiles, OfTheHostNameTheHost) {
    const Tree files({{"host-hostname", "prod-1\n"},
                      {"host-os-release", "ID=rocky\nPRETTY_NAME=\"Rocky Linux 9.4\"\n"}});
    auto options = options_for(files);
    Secret credential;
    ASSERT_TRUE(load_ravenxcope_files(options, credential));
    EXPECT_EQ(options["hostname"], "prod-1");
    EXPECT_EQ(options["os_info"], "Rocky Linux 9.4");
    options["hostname"] = "mine";
    ASSERT_TRUE(load_ravenxcope_files(options, credential));
    EXPECT_EQ(options["hostname"], "mine") << "what the operator set stands";
}

TEST(RavenxcopeFiles, AnExistingInstallationsTokenIsTakenOver) {
    const Tree files({{"agent.env", "SENSOR_ID=s-1\nSENSOR_TOKEN=\"durable\"\n"}});
    protect(files);
    auto options = options_for(files);
    Secret credential("older, of the environment");
    const auto origin = load_ravenxcope_files(options, credential);
    ASSERT_TRUE(origin) << origin.error().what;
    EXPECT_EQ(credential.reveal(), "durable");
    EXPECT_EQ(*origin, files.path() + "/agent.env, SENSOR_TOKEN");
}

TEST(RavenxcopeFiles, ATokenThatEverybodyCanReadIsRefusedWithTheRemedy) {
    const Tree files({{"agent.env", "SENSOR_TOKEN=durable\n"}});
    ::chmod((files.path() + "/agent.env").c_str(), 0644);
    auto options = options_for(files);
    Secret credential;
    const auto origin = load_ravenxcope_files(options, credential);
    ASSERT_FALSE(origin);
    EXPECT_NE(origin.error().what.find("chmod o="), std::string::npos) << origin.error().what;
    EXPECT_EQ(origin.error().what.find("durable"), std::string::npos);
}

TEST(RavenxcopeFiles, ASensorWithoutAnIdCannotStart) {
    const Tree files({});
    auto options = options_for(files);
    options["sensor_id"] = "";
    Secret credential;
    const auto origin = load_ravenxcope_files(options, credential);
    ASSERT_FALSE(origin);
    EXPECT_NE(origin.error().what.find("SENSOR_ID"), std::string::npos);
}

TEST(EnvValue, IsWhatSystemdWouldMakeOfIt) {
    EXPECT_EQ(env_value("A=1\nTOKEN=x=y\n", "TOKEN"), "x=y");
    EXPECT_EQ(env_value("TOKEN=old\nTOKEN=new", "TOKEN"), "new");
    EXPECT_EQ(env_value("export TOKEN='quoted one'\r\n", "TOKEN"), "quoted one");
    EXPECT_EQ(env_value("#TOKEN=x\nTOKENS=y\nXTOKEN=z\n", "TOKEN"), "");
    EXPECT_EQ(env_value("  TOKEN=  x  \n", "TOKEN"), "x");
}

}  // namespace
}  // namespace bulkhead::worker
