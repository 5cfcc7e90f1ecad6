#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
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

// As the worker reads what the broker has opened; the rules for that are not this file's.
Result<std::string> load(const Tree& files, DialectOptions& options, Secret& credential) {
    const auto read = [&](std::string_view option, bool secret) -> Result<std::string> {
        EXPECT_EQ(secret, option == "config_file");
        const auto path = options.find(option)->second;
        return files.open().read_file(path.substr(path.rfind('/') + 1), 1'000).value_or("");
    };
    return load_ravenxcope_files(options, read, credential);
}

TEST(RavenxcopeFiles, ThatAreAbsentChangeNothing) {
    const Tree files({});
    auto options = options_for(files);
    Secret credential("from-environment");
    const auto origin = load(files, options, credential);
    ASSERT_OK(origin);
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
    ASSERT_TRUE(load(files, options, credential));
    EXPECT_EQ(options["hostname"], "prod-1");
    EXPECT_EQ(options["os_info"], "Rocky Linux 9.4");
    options["hostname"] = "mine";
    ASSERT_TRUE(load(files, options, credential));
    EXPECT_EQ(options["hostname"], "mine") << "what the operator set stands";
}

TEST(RavenxcopeFiles, AnExistingInstallationsTokenIsTakenOver) {
    const Tree files({{"agent.env", "SENSOR_ID=s-1\nSENSOR_TOKEN=\"durable\"\n"}});
    auto options = options_for(files);
    Secret credential("older, of the environment");
    const auto origin = load(files, options, credential);
    ASSERT_OK(origin);
    EXPECT_EQ(credential.reveal(), "durable");
    EXPECT_EQ(*origin, files.path() + "/agent.env, SENSOR_TOKEN");
}

TEST(RavenxcopeFiles, ATokenThatCannotBeReadIsRefusedWithTheRemedyUnlessThereIsAnother) {
    DialectOptions options = options_for(Tree({}));
    const auto unreadable = [](std::string_view option, bool) -> Result<std::string> {
        if (option == "config_file") return fail("everybody can read this secret; chmod o= it");
        return "";
    };
    Secret credential;
    const auto origin = load_ravenxcope_files(options, unreadable, credential);
    ASSERT_FALSE(origin);
    EXPECT_EQ(origin.error().what,
              "config_file: everybody can read this secret; chmod o= it; or set config_file to "
              "\"\" and give the sensor token as credential");
    credential = Secret("given");
    EXPECT_TRUE(load_ravenxcope_files(options, unreadable, credential));
}

TEST(RavenxcopeOptions, ASensorWithoutAnIdCannotStart) {
    const auto checked = check_ravenxcope_options({{"sensor_id", ""}});
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().what.find("SENSOR_ID"), std::string::npos);
    EXPECT_TRUE(check_ravenxcope_options({{"sensor_id", "s-1"}}));
}

TEST(EnvValue, IsWhatSystemdWouldMakeOfIt) {
    EXPECT_EQ(env_value("A=1\nTOKEN=x=y\n", "TOKEN"), "x=y");
    EXPECT_EQ(env_value("TOKEN=old\nTOKEN=new", "TOKEN"), "new");
    EXPECT_EQ(env_value("export TOKEN='quoted one'\r\n", "TOKEN"), "quoted one");
    EXPECT_EQ(env_value("#TOKEN=x\nTOKENS=y\nXTOKEN=z\n", "TOKEN"), "");
    EXPECT_EQ(env_value("  TOKEN=  x  \n", "TOKEN"), "x");
    for (const auto* line : {R"(TOKEN="ab\wcd")", R"(TOKEN=ab\cd)", "TOKEN=\"open", "TOKEN='a'b'",
                             "TOKEN=\"a\" b", "TOKEN = x"}) {
        const auto value = env_value(std::string("A=1\n") + line + "\n", "TOKEN");
        ASSERT_FALSE(value) << line;
        EXPECT_EQ(value.error().what.find("line 2: "), 0U) << value.error().what;
    }
}

}  // namespace
}  // namespace bulkhead::worker
