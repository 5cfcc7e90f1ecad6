// What `cmake --install` writes: both units have the hardening of systemd/walls.conf.in, units
// without it are not written at all, and the pages lead nowhere that is not installed.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "tests/build/elf.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kUnits[] = {"bulkhead.service", "bulkhead-checkin.service"};

// Units that nobody starts unasked, and that only look at the agent.
constexpr const char* kLookers[] = {"bulkhead-metrics.service", "bulkhead-http.service"};

// The settings of a unit's section [Service], in order, without comments.
std::vector<std::string> settings_of(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> settings;
    bool service = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('[')) service = line == "[Service]";
        if (service && !line.empty() && !line.starts_with('#')) settings.push_back(line);
    }
    return settings;
}

// Of a list that all units share, which has no section of its own.
std::vector<std::string> shared_settings() {
    std::ifstream file(SOURCE_TREE "/systemd/walls.conf.in");
    std::vector<std::string> settings;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && !line.starts_with('#')) settings.push_back(line);
    }
    return settings;
}

TEST(InstalledUnits, BothHaveTheHardening) {
    const TempDir root;
    output_of("DESTDIR='" + root.path() + "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr");
    for (const auto* unit : kUnits) {
        const auto settings = settings_of(root.path() + "/usr/lib/systemd/system/" + unit);
        EXPECT_THAT(settings, IsSupersetOf(shared_settings())) << unit;
        // Named here as well, so that a list that lost one of them is noticed.
        EXPECT_THAT(settings, Contains("NoNewPrivileges=yes")) << unit;
        for (const auto* key : {"SystemCallFilter=~", "SystemCallArchitectures=native",
                                "RestrictAddressFamilies=AF_UNIX ", "CapabilityBoundingSet=CAP_"}) {
            EXPECT_THAT(settings, Contains(StartsWith(key))) << unit;
        }
        EXPECT_THAT(settings, Contains(StartsWith("ExecStart=/usr/libexec/bulkhead/broker "
                                                  "--policy /etc/bulkhead/policy ")))
            << unit;
        EXPECT_THAT(settings, Not(Contains(HasSubstr("@BULKHEAD")))) << unit;
    }
}

// Targets of the links in a page of Markdown, without those that are addresses or stay in the page.
std::vector<std::string> links_of(const std::filesystem::path& page) {
    std::ifstream file(page);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    static const std::regex kLink(R"(\]\(([^)#:\s]+)(#[^)]*)?\))");
    std::vector<std::string> links;
    for (std::sregex_iterator at(text.begin(), text.end(), kLink), end; at != end; ++at) {
        links.push_back((*at)[1]);
    }
    return links;
}

TEST(InstalledPages, LeadToWhatIsInstalled) {
    namespace fs = std::filesystem;
    const TempDir root;
    output_of("DESTDIR='" + root.path() + "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr");
    std::size_t links = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(root.path() + "/usr/share/doc/bulkhead")) {
        if (entry.path().extension() != ".md") continue;
        for (const auto& link : links_of(entry.path())) {
            ++links;
            EXPECT_TRUE(fs::exists(entry.path().parent_path() / link))
                << entry.path().filename() << ": " << link;
        }
    }
    EXPECT_GT(links, 50U);
}

TEST(InstallManifest, NamesWhatIsThereAndTheLinkVetsAJobOnAnyMachine) {
    namespace fs = std::filesystem;
    const TempDir root;
    // What 0.1 left; another's program of that name stays.
    fs::create_directories(root.path() + "/usr/sbin");
    fs::create_symlink("../libexec/bulkhead/broker", root.path() + "/usr/sbin/broker");
    output_of("DESTDIR='" + root.path() + "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr");
    std::ifstream file(BUILD_TREE "/install_manifest.txt");
    std::set<std::string> named;
    for (std::string line; std::getline(file, line);) named.insert(line);
    EXPECT_THAT(named, Contains("/usr/sbin/bulkhead-broker"));
    EXPECT_FALSE(fs::is_symlink(root.path() + "/usr/sbin/broker"));
    for (const auto& entry : fs::recursive_directory_iterator(root.path())) {
        if (entry.is_directory()) continue;
        const auto path = entry.path().string().substr(root.path().size());
        // An operator's decisions are not for those who remove what the manifest names.
        EXPECT_EQ(named.contains(path), !path.starts_with("/etc/")) << path;
        EXPECT_TRUE(fs::exists(entry.path())) << path << " leads nowhere";
    }
    // By that name jobs are vetted on any machine.
    const auto broker = "'" + root.path() + "/usr/sbin/bulkhead-broker'";
    EXPECT_THAT(output_of(broker + " --version"), StartsWith("bulkhead "));
    std::ofstream(root.path() + "/job.sh") << "#!/bin/bash\nuptime\n";
    // It is no approved job: the status is 1, and the words are the verdict's.
    EXPECT_THAT(output_of(broker + " --dry-run '" + root.path() + "/job.sh' --policy '" +
                          root.path() + "/etc/bulkhead/policy' || [ $? = 1 ]"),
                HasSubstr("not-approved"));
}

TEST(InstalledLink, LeavesAnothersProgramOfTheOldNameAlone) {
    const TempDir root;
    std::filesystem::create_directories(root.path() + "/usr/sbin");
    std::filesystem::create_symlink("/opt/mqtt/broker", root.path() + "/usr/sbin/broker");
    output_of("DESTDIR='" + root.path() + "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr");
    EXPECT_TRUE(std::filesystem::is_symlink(root.path() + "/usr/sbin/broker"));
}

TEST(InstalledUnits, ThoseThatOnlyLookHaveNoPowerOverTheAgentNorANetwork) {
    const TempDir root;
    output_of("DESTDIR='" + root.path() + "' '" CMAKE "' --install '" BUILD_TREE "' --prefix /usr");
    for (const auto* unit : kLookers) {
        const auto settings = settings_of(root.path() + "/usr/lib/systemd/system/" + unit);
        EXPECT_THAT(settings, Contains(StartsWith("ExecStart=/usr/bin/bulkhead "))) << unit;
        for (const auto* wall :
             {"CapabilityBoundingSet=", "NoNewPrivileges=yes", "ProtectSystem=strict",
              "PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX",
              "SystemCallFilter=@system-service", "MemoryDenyWriteExecute=yes",
              "InaccessiblePaths=-/etc/bulkhead -/var/lib/bulkhead -/var/log/bulkhead"}) {
            EXPECT_THAT(settings, Contains(std::string(wall))) << unit;
        }
        EXPECT_THAT(settings, Not(Contains(HasSubstr("@BULKHEAD")))) << unit;
    }
}

class WriteUnits : public ::testing::Test {
  protected:
    // Whether units are written from templates with this hardening.
    bool write(std::string_view walls, std::string_view unit = "[Service]\n@BULKHEAD_WALLS@\n",
               const std::string& libexec = "/usr/libexec/bulkhead") {
        files_.write("walls.conf.in", walls);
        for (const auto* name : kUnits) files_.write(std::string(name) + ".in", unit);
        for (const auto* name : kLookers) {
            files_.write(std::string(name) + ".in", "[Service]\nNoNewPrivileges=yes\n");
        }
        const auto status =
            std::system(("'" CMAKE "' -DFROM='" + files_.path() + "' -DTO='" + files_.path() +
                         "' -DBULKHEAD_LIBEXEC='" + libexec +
                         "' -DBULKHEAD_BIN=/usr/bin -DBULKHEAD_ETC=/etc/bulkhead "
                         "-DBULKHEAD_DOC=/usr/share/doc/bulkhead"
                         " -P '" SOURCE_TREE "/cmake/write-units.cmake' 2>/dev/null")
                            .c_str());
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    Tree files_{};
};

TEST_F(WriteUnits, TakesHardening) {
    EXPECT_TRUE(write("NoNewPrivileges=yes\n"));
    for (const auto* unit : kUnits) {
        EXPECT_THAT(settings_of(files_.path() + "/" + unit), Contains("NoNewPrivileges=yes"));
    }
}

TEST_F(WriteUnits, FailsWithoutHardening) {
    EXPECT_FALSE(write(""));
    EXPECT_FALSE(write("# NoNewPrivileges=yes\nLockPersonality=yes\n"));
    EXPECT_FALSE(write("NoNewPrivileges=no\n"));
    EXPECT_FALSE(write("NoNewPrivileges=yes\n", "[Service]\nType=notify\n"));
}

TEST_F(WriteUnits, FailsWhereAPlaceIsMissing) {
    EXPECT_FALSE(write("NoNewPrivileges=yes\n", "[Service]\n@BULKHEAD_WALLS@\n", ""));
}

}  // namespace
}  // namespace bulkhead::test
