#include "broker/reads/host_files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
constexpr uid_t kSomebody = 65'534;

// A tree that root alone can change; not under /tmp, where every user may write.
struct HostFiles : testing::Test {
    std::string top = "/run/bulkhead-reads-XXXXXX";

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: the files must be root's";
        ASSERT_NE(::mkdtemp(top.data()), nullptr);
        ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
    }
    void TearDown() override {
        if (!top.ends_with("X")) fs::remove_all(top);
    }

    std::string put(const std::string& name, mode_t mode = 0644) {
        const auto path = top + "/" + name;
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << "content of " << name;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    void link(const std::string& name, const std::string& text) {
        fs::create_directories(fs::path(top + "/" + name).parent_path());
        fs::create_symlink(text, top + "/" + name);
    }
    void give(const std::string& name, uid_t uid = kSomebody) {
        ASSERT_EQ(::lchown((top + "/" + name).c_str(), uid, uid), 0);
    }
    policy::ReadRow row(const std::string& target) const {
        return {.target = top + "/" + target,
                .is_pattern = target.find_first_of("*?") != target.npos,
                .max_bytes = 1'024};
    }
    policy::ReadRow row_with_links(const std::string& target, const std::string& within) const {
        auto row = this->row(target);
        row.links_within = top + "/" + within;
        return row;
    }
    static protocol::HostFilesReply ask(const std::vector<policy::ReadRow>& rows,
                                        const std::string& only = "",
                                        const std::string& after = "") {
        protocol::HostFilesReply reply;
        open_host_files(rows,
                        {.only = protocol::HostPath::clipped(only),
                         .after = protocol::HostPath::clipped(after)},
                        reply);
        return reply;
    }
    // "name: reason" for each, and "..." when there is more.
    std::vector<std::string> found(const std::vector<policy::ReadRow>& rows,
                                   const std::string& only = "",
                                   const std::string& after = "") const {
        const auto all = ask(rows, only, after);
        std::vector<std::string> lines;
        for (const auto& file : all.files.items) {
            const auto& path = file.path.str();
            EXPECT_EQ(file.file.has_value(), file.reason.str() == "ok") << path;
            lines.push_back(path.substr(top.size() + 1) + ": " + file.reason.str());
        }
        if (all.more) lines.emplace_back("...");
        return lines;
    }
    std::vector<std::string> found(const policy::ReadRow& row) const {
        return found(std::vector{row});
    }
};

TEST_F(HostFiles, AFileOfRootsIsOpenedForReadingAndNothingElse) {
    put("etc/config");
    const auto all = ask({row("etc/config")});
    ASSERT_EQ(all.files.items.size(), 1U);
    const auto& fd = all.files.items[0].file->fd;
    EXPECT_EQ(sys::read_to_end(fd, 100).value(), "content of etc/config");
    EXPECT_EQ(::fcntl(fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(::write(fd.get(), "x", 1), -1);
    EXPECT_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(HostFiles, AFileThatIsNotThereIsSaidToBeAbsentAndAPatternWithoutMatchYieldsNothing) {
    EXPECT_THAT(found(row("etc/config")), ElementsAre("etc/config: read-absent"));
    EXPECT_THAT(found(row("etc/*.conf")), IsEmpty());
    put("live/one/cert");
    put("live/README");
    EXPECT_THAT(found(row("live/*/fullchain")), IsEmpty());
}

TEST_F(HostFiles, AUsersSymlinkInAUsersDirectoryLeadsNowhere) {
    put("shadow", 0600);
    link("site/cert", "../shadow");
    give("site/cert");
    give("site");
    EXPECT_THAT(found(row_with_links("site/cert", "site")),
                ElementsAre("site/cert: read-not-roots"));
    EXPECT_THAT(found(row("*/cert")), ElementsAre("site/cert: read-not-roots"));
    fs::remove(top + "/site/cert");
    link("site/cert", "/etc/shadow");
    EXPECT_THAT(found(row("*/cert")), ElementsAre("site/cert: read-not-roots"));
}

TEST_F(HostFiles, ADirectoryThatOthersMayWriteToIsNotWalkedThroughWhoeverOwnsTheFile) {
    put("spool/cert");
    for (const mode_t mode : {0775, 0757, 01777}) {
        ASSERT_EQ(::chmod((top + "/spool").c_str(), mode), 0);
        EXPECT_THAT(found(row("spool/cert")), ElementsAre("spool/cert: read-not-roots")) << mode;
        EXPECT_THAT(found(row("spool/*")), ElementsAre("spool/*: read-not-roots")) << mode;
    }
}

TEST_F(HostFiles, AFileThatIsSomebodyElsesOrThatOthersMayWriteIsRefused) {
    put("a/theirs");
    give("a/theirs");
    put("a/writable", 0664);
    EXPECT_THAT(found(row("a/*")),
                ElementsAre("a/theirs: read-not-roots", "a/writable: read-not-roots"));
}

TEST_F(HostFiles, RootsOwnSymlinkIsRefusedUnlessTheRowSaysHowFarLinksMayLead) {
    put("le/archive/example/fullchain1.pem");
    link("le/live/example/fullchain.pem", "../../archive/example/fullchain1.pem");
    EXPECT_THAT(found(row("le/live/*/fullchain.pem")),
                ElementsAre("le/live/example/fullchain.pem: read-link"));
    const auto rows = std::vector{row_with_links("le/live/*/fullchain.pem", "le")};
    EXPECT_THAT(found(rows), ElementsAre("le/live/example/fullchain.pem: ok"));
    const auto all = ask(rows);
    EXPECT_EQ(sys::read_to_end(all.files.items[0].file->fd, 100).value(),
              "content of le/archive/example/fullchain1.pem");
}

TEST_F(HostFiles, ALinkThatLeavesItsDirectoryOrNeverEndsIsRefused) {
    put("shadow");
    put("le/inside");
    link("le/out", "../shadow");
    link("le/out-and-in", "../le/inside");
    link("le/absolute", top + "/le/inside");
    link("le/loop", "loop");
    link("le/dots", "./inside");
    link("le/dots-and-out", "./../shadow");
    EXPECT_THAT(found(row_with_links("le/*", "le")),
                ElementsAre("le/absolute: read-link", "le/dots: ok", "le/dots-and-out: read-link",
                            "le/inside: ok", "le/loop: read-link", "le/out: read-link",
                            "le/out-and-in: read-link"));
}

TEST_F(HostFiles, WithLinksEverywhereOnlyRootsAreFollowedAndThroughRootsDirectoriesAlone) {
    put("share/policy/real");
    put("spool/theirs");
    link("etc/absolute", top + "/share/policy/real");
    link("etc/through", top + "/site/link");
    link("site/link", top + "/share/policy/real");
    link("etc/spooled", top + "/spool/theirs");
    link("etc/nowhere", top + "/none");
    ASSERT_EQ(::chmod((top + "/spool").c_str(), 01777), 0);
    auto everywhere = row("etc/*");
    everywhere.links_within = "/";  // which lines of policy cannot say of a pattern
    EXPECT_THAT(found(everywhere),
                ElementsAre("etc/absolute: ok", "etc/spooled: read-not-roots", "etc/through: ok"));
    give("site/link");
    EXPECT_THAT(found(everywhere), ElementsAre("etc/absolute: ok", "etc/spooled: read-not-roots",
                                               "etc/through: read-not-roots"));
    give("share/policy");
    EXPECT_THAT(found(everywhere),
                ElementsAre("etc/absolute: read-not-roots", "etc/spooled: read-not-roots",
                            "etc/through: read-not-roots"));
}

TEST_F(HostFiles, APatternBehindALinkIsSaidWhereItsDirectoryIsThere) {
    put("pki/tls/certs/site/1.crt");
    link("ssl/certs", top + "/pki/tls/certs");
    EXPECT_THAT(found(row("ssl/certs/site/*.crt")), ElementsAre("ssl/certs/site/*.crt: read-link"));
    EXPECT_THAT(found(row("ssl/certs/none/*.crt")), IsEmpty()) << "there is nothing to hand out";
    EXPECT_THAT(found(std::vector{row("ssl/certs/site/*.crt")}, top + "/ssl/certs/site/1.crt"),
                ElementsAre("ssl/certs/site/*.crt: read-link"));
    EXPECT_THAT(
        found(std::vector{row("ssl/certs/site/*.crt"), row("pki/1.crt")}, top + "/pki/1.crt"),
        ElementsAre("pki/1.crt: read-absent"))
        << "which that pattern cannot hold";
}

TEST_F(HostFiles, OfRowsThatHoldOneFileTheLastCounts) {
    put("a/1.key", 0600);
    put("a/2.key", 0600);
    EXPECT_THAT(found({row("a/1.key"), row("a/*.key")}),
                ElementsAre("a/1.key: read-not-public", "a/2.key: read-not-public"));
    EXPECT_THAT(found({row("a/*.key"), row("a/1.key")}),
                ElementsAre("a/1.key: ok", "a/2.key: read-not-public"));
}

TEST_F(HostFiles, TooLongALinkOrTooManyInAChainAreRefused) {
    put("le/link0");
    for (int i = 1; i <= 9; ++i) {
        link("le/link" + std::to_string(i), "link" + std::to_string(i - 1));
    }
    EXPECT_THAT(found(row_with_links("le/link8", "le")), ElementsAre("le/link8: ok"));
    EXPECT_THAT(found(row_with_links("le/link9", "le")), ElementsAre("le/link9: read-link"));
    std::string dots;
    for (int i = 0; i < 252; ++i) dots += "./";
    link("le/most", dots + "./link0");  // 511 bytes
    link("le/over", dots + ".//link0");
    EXPECT_THAT(found(row_with_links("le/most", "le")), ElementsAre("le/most: ok"));
    EXPECT_THAT(found(row_with_links("le/over", "le")), ElementsAre("le/over: read-link"));
}

TEST_F(HostFiles, ALinkOnTheWayToTheDirectoryOfLinksIsRefused) {
    put("real/sub/cert");
    link("le", "real");
    EXPECT_THAT(found(row_with_links("le/sub/cert", "le")), ElementsAre("le/sub/cert: read-link"));
}

TEST_F(HostFiles, WhatIsNotARegularFileIsRefusedWithoutBeingOpened) {
    put("odd/program", 04755);
    ASSERT_EQ(::mkfifo((top + "/odd/fifo").c_str(), 0644), 0);
    fs::create_directory(top + "/odd/folder");
    EXPECT_THAT(found(row("odd/*")),
                ElementsAre("odd/fifo: read-not-regular", "odd/folder: read-not-regular",
                            "odd/program: read-not-regular"));
}

TEST_F(HostFiles, APatternYieldsNoFileThatIsKeptPrivate) {
    put("tls/server.crt");
    put("tls/server.key", 0600);
    put("tls/shared.key", 0640);
    put("tls/tool", 0755);
    put("tls/unread", 0711);
    const std::vector<std::string> all{"tls/server.crt: ok", "tls/server.key: read-not-public",
                                       "tls/shared.key: read-not-public", "tls/tool: ok",
                                       "tls/unread: read-not-public"};
    EXPECT_EQ(found(row("tls/*")), all);
    EXPECT_THAT(found(row("tls/server.key")), ElementsAre("tls/server.key: ok"))
        << "named in full, it is meant";
    auto careless = row("tls/*.key");
    careless.private_too = true;
    EXPECT_THAT(found(careless), ElementsAre("tls/server.key: ok", "tls/shared.key: ok"));
}

TEST_F(HostFiles, AFileOverItsRowsSizeIsRefused) {
    fs::resize_file(put("fits"), 1'024);
    fs::resize_file(put("large"), 1'025);
    EXPECT_THAT(found(std::vector{row("fits"), row("large")}),
                ElementsAre("fits: ok", "large: read-too-large"));
}

TEST_F(HostFiles, APathLongerThanAnAnswerHoldsIsLeftOut) {
    std::string folder = "a";
    while (top.size() + folder.size() + 60 < protocol::HostPath::kMax) {
        folder += "/" + std::string(40, 'd');
    }
    const auto most = protocol::HostPath::kMax - (top + "/" + folder + "/").size();
    put(folder + "/" + std::string(most, 'f'));
    put(folder + "/" + std::string(most + 1, 'f'));
    EXPECT_THAT(found(row(folder + "/*")),
                ElementsAre(folder + "/" + std::string(most, 'f') + ": ok"));
}

TEST_F(HostFiles, RowsOfOneNameAreOneListInOrderAndAPageAtATime) {
    put("b/2.crt");
    put("a/1.crt");
    put("b/1.crt");
    put("b/.hidden.crt");
    const std::vector rows{row("b/*.crt"), row("a/1.crt"), row("?/1.crt")};
    EXPECT_THAT(found(rows), ElementsAre("a/1.crt: ok", "b/1.crt: ok", "b/2.crt: ok"));
    EXPECT_THAT(found(rows, "", top + "/b/1.crt"), ElementsAre("b/2.crt: ok"));
    EXPECT_THAT(found(rows, "", "/zzz"), IsEmpty());
    for (int i = 10; i < 42; ++i) put("c/" + std::to_string(i) + ".crt");
    const auto full = found({row("c/*.crt"), row("a/1.crt")});
    EXPECT_EQ(full.size(), 33U);
    EXPECT_EQ(full.back(), "...");
    EXPECT_THAT(found({row("c/*.crt"), row("a/1.crt")}, "", top + "/c/40.crt"),
                ElementsAre("c/41.crt: ok"));
}

TEST_F(HostFiles, APatternWithMoreThanAThousandMatchesSaysSo) {
    const auto name = [](int i) { return "a/" + std::to_string(10'000 + i) + ".crt"; };
    for (int i = 0; i < 1'000; ++i) put(name(i));
    put("b/1.crt");
    const std::vector rows{row("a/*.crt"), row("b/1.crt")};
    const auto reasons = [&](const std::string& only = "") {
        std::map<std::string, int> counted;
        std::string after;
        for (bool more = true; more;) {
            const auto page = ask(rows, only, after);
            for (const auto& file : page.files.items) ++counted[file.reason.str()];
            more = page.more;
            after = more ? page.files.items.back().path.str() : "";
        }
        return counted;
    };
    EXPECT_THAT(reasons(), ElementsAre(Pair("ok", 1'001)));
    put(name(1'000));
    EXPECT_THAT(reasons(), ElementsAre(Pair("ok", 1'001), Pair("read-too-many", 1)));
    EXPECT_EQ(ask(rows).files.items[0].path.str(), top + "/a/*.crt");
    EXPECT_THAT(found(rows, top + "/" + name(1'000)), ElementsAre("a/*.crt: read-too-many"))
        << "that it is absent is not known";
}

TEST_F(HostFiles, DirectoriesThatAreTooManyCutWhatLiesBeneathThem) {
    for (int i = 0; i < 1'001; ++i) fs::create_directory(top + "/" + std::to_string(10'000 + i));
    put("10000/cert");
    put("10999/cert");
    put("11000/cert");
    EXPECT_THAT(found(row("1*/cert")),
                ElementsAre("1*/cert: read-too-many", "10000/cert: ok", "10999/cert: ok"));
}

TEST_F(HostFiles, WhatTheWorkerAsksForCanOnlyNarrowTheRows) {
    put("a/1.crt");
    put("a/2.crt");
    put("a/1.key");
    const std::vector rows{row("a/*.crt")};
    const auto narrowed = [&](const std::string& only) {
        const auto path = top + "/" + only;
        if (!are_listed(rows, path)) return std::vector<std::string>{"not listed"};
        return found(rows, path);
    };
    EXPECT_THAT(narrowed("a/1.crt"), ElementsAre("a/1.crt: ok"));
    EXPECT_THAT(narrowed("a/*.crt"), ElementsAre("a/1.crt: ok", "a/2.crt: ok"));
    EXPECT_THAT(narrowed("a/3.crt"), IsEmpty());
    for (const auto* outside : {"a/1.key", "a/*", "b/1.crt", "a/../a/1.crt", "a/x/1.crt", ""}) {
        EXPECT_THAT(narrowed(outside), ElementsAre("not listed")) << outside;
    }
    EXPECT_FALSE(are_listed(std::vector{row("a/?.crt")}, top + "/a/*.crt"))
        << "which means a/10.crt too";
    EXPECT_FALSE(are_listed(std::vector{row("a/b?*.crt")}, top + "/a/b*.crt"))
        << "which means a/b.crt too";
    EXPECT_TRUE(are_listed(std::vector{row("a/*.crt")}, top + "/a/b?*.crt"));
    EXPECT_TRUE(are_listed(rows, "")) << "all of them";
    EXPECT_FALSE(are_listed({}, "/etc/shadow"));
}

TEST_F(HostFiles, ARefusalLeaksNoDescriptor) {
    put("tls/server.key", 0600);
    link("tls/link", "server.key");
    const auto open_now = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    const auto before = open_now();
    for (int i = 0; i < 50; ++i) found(std::vector{row("tls/*"), row("none/*/x"), row("none")});
    EXPECT_EQ(open_now(), before);
}

}  // namespace
}  // namespace bulkhead::broker
