// Each tree of sshd_corpus/ as the scanner "ssh" reads it, against what sshd -T of Debian 12's
// OpenSSH says of it. sshd_corpus/regenerate has the form of a tree, and makes the answers.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>

#include "common/base/parse.hpp"
#include "common/policy/parse.hpp"
#include "tests/support/files.hpp"
#include "tests/worker/host/scanners/fake_host.hpp"
#include "worker/host/scanners/sshd_config.hpp"

namespace bulkhead::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Answer {
    std::string connection;  // "-": none, so that no block but Match all is met
    std::string refusal;     // what sshd says; "": it takes the configuration
    SshdValues values;
};

struct Tree {
    std::map<std::string, std::string> files;
    std::map<std::string, std::string> links;
    std::vector<Answer> answers;
};

Answer read_answer(std::string_view line) {
    Answer answer{
        .connection = std::string(line.substr(0, line.find(": "))), .refusal = {}, .values = {}};
    line.remove_prefix(answer.connection.size() + 2);
    if (line.starts_with("refused")) {
        answer.refusal = line;
        return answer;
    }
    std::string text(line);
    for (auto at = text.find("; "); at != text.npos; at = text.find("; ")) text.replace(at, 2, ";");
    for (const auto part : split(text, ';')) {
        const auto blank = part.find(' ');
        answer.values[std::string(part.substr(0, blank))] = {std::string(part.substr(blank + 1)),
                                                             "sshd"};
    }
    return answer;
}

Tree read_tree(const fs::path& path) {
    Tree tree;
    std::string* file = nullptr;
    std::set<std::string> cut;
    bool answers = false;
    auto text = test::content_of(path);
    if (text.ends_with('\n')) text.pop_back();
    for (const auto line : split(text, '\n')) {
        const auto parts = words(line);
        if (answers) {
            tree.answers.push_back(read_answer(line));
        } else if (!line.starts_with("@@ ")) {
            if (file != nullptr) file->append(line).append("\n");
        } else if (parts[1] == "link") {
            tree.links[std::string(parts[2])] = parts[3];
            file = nullptr;
        } else if (parts[1] == "file" || parts[1] == "cut") {
            const std::string name(line.substr(8 - (parts[1] == "cut" ? 1 : 0)));
            file = &tree.files[name];
            if (parts[1] == "cut") cut.insert(name);
        } else {
            file = nullptr;
            answers = parts[1] == "answer";
        }
    }
    for (const auto& name : cut) tree.files[name].pop_back();
    return tree;
}

// The path with all links of the tree followed.
std::string followed(const Tree& tree, std::string path) {
    for (bool again = true; again;) {
        again = false;
        for (const auto& [from, to] : tree.links) {
            if (path != from && !path.starts_with(from + "/")) continue;
            path = to + path.substr(from.size());
            again = true;
        }
    }
    return path;
}

struct Scanned {
    test::FakeHost host;
    FindingsConfig settings;
    std::vector<Finding> findings;
    std::vector<std::string> advised;

    // A host with the rows that are shipped.
    explicit Scanned(const Tree& tree) {
        add_rows(test::content_of(SHIPPED_READS));
        for (const auto& [path, content] : tree.files) host.file(path, content);
        for (const auto& [path, to] : tree.links) {
            const auto found = tree.files.find(followed(tree, path));
            if (found != tree.files.end()) host.file(path, found->second);
        }
        findings = scan_ssh(host.context(settings)).value();
    }

    // Every row that a message advises, until none is.
    void apply_advice() {
        static const std::regex kRow("(file|glob) sshd-config .*  # why");
        for (int round = 0; round < 3; ++round) {
            std::string rows;
            for (const auto& finding : findings) {
                std::smatch row;
                if (std::regex_search(finding.message, row, kRow)) rows += row.str() + "\n";
            }
            if (rows.empty()) return;
            advised.push_back(rows);
            add_rows(rows);
            findings = scan_ssh(host.context(settings)).value();
        }
    }
    void add_rows(const std::string& text) {
        policy::Policy policy;
        const auto parsed = policy::parse_file(policy, "reads.policy", text);
        ASSERT_TRUE(parsed) << parsed.error().what << "\n" << text;
        for (const auto& row : policy.reads.at("sshd-config")) host.row("sshd-config", row.target);
    }

    bool has(std::string_view type) const {
        return std::ranges::any_of(findings, [&](const Finding& one) { return one.type == type; });
    }
    std::optional<Finding> find(std::string_view type, std::string_view key) const {
        const auto found = std::ranges::find_if(
            findings, [&](const Finding& one) { return one.type == type && one.key == key; });
        return found == findings.end() ? std::nullopt : std::optional(*found);
    }
    std::string told() const {
        std::string text;
        for (const auto& line : test::told(findings)) text += line + "\n";
        for (const auto& finding : findings) text += "  " + finding.message + "\n";
        return text;
    }
};

// The place that sshd complains about first: "/etc/ssh/sshd_config:12", or "".
std::string place_of(const std::string& refusal) {
    static const std::regex kPlace("(?:^refused |; )(/[^:;]*?):? line ([0-9]+)");
    std::smatch found;
    if (!std::regex_search(refusal, found, kPlace)) return "";
    return fs::path(found[1].str()).lexically_normal().string() + ":" + found[2].str();
}

// sshd -T of 9.2 does not go on without a port where a Match asks for one.
bool says_nothing(const Answer& answer) {
    return answer.refusal.find("connection test specification") != std::string::npos;
}

void expect_refusal(const Scanned& scanned, const std::string& refusal) {
    EXPECT_TRUE(scanned.has("ssh.unreadable")) << refusal << "\n" << scanned.told();
    const auto place = place_of(refusal);
    if (place.empty()) return;
    // Its number is the first, or among the others.
    const auto finding = scanned.find("ssh.unreadable", place.substr(0, place.rfind(':')));
    ASSERT_TRUE(finding) << place << "\n" << scanned.told();
    const auto number = place.substr(place.rfind(':') + 1);
    const std::regex said(":" + number + ": |like it:.* " + number + "( .*)?$");
    EXPECT_TRUE(std::regex_search(finding->message, said)) << finding->message;
}

// Without Match blocks there is one answer, and it says all.
void expect_the_same(const Scanned& scanned, const SshdValues& values, const std::string& main) {
    EXPECT_EQ(scanned.find("ssh.password_login", main).has_value(), takes_passwords(values));
    const auto root = scanned.find("ssh.root_login", main);
    ASSERT_EQ(root.has_value(), lets_root_in(values));
    if (root) {
        EXPECT_EQ(root->severity == Severity::critical, takes_passwords(values));
    }
}

bool is_roots(const Answer& answer) { return answer.connection.starts_with("user=root,"); }

// With Match blocks a finding has to come of each connection that gets in. `exact`: the connections
// are chosen so that none comes of others.
void expect_none_missing(const Scanned& scanned, const Tree& tree, bool exact) {
    bool passwords = false;
    bool root = false;
    const bool asks_for_root = std::ranges::any_of(tree.answers, is_roots);
    for (const auto& answer : tree.answers) {
        if (answer.connection == "-" || !answer.refusal.empty()) continue;
        passwords = passwords || takes_passwords(answer.values);
        root = root || ((is_roots(answer) || !asks_for_root) && lets_root_in(answer.values));
    }
    if (passwords || exact) {
        EXPECT_EQ(scanned.has("ssh.password_login"), passwords);
    }
    if (root || exact) {
        EXPECT_EQ(scanned.has("ssh.root_login"), root);
    }
}

void compare(const Tree& tree, bool exact) {
    ASSERT_FALSE(tree.answers.empty());
    Scanned scanned(tree);
    const auto before = scanned.told();
    scanned.apply_advice();
    const auto first = std::ranges::find_if_not(tree.answers, says_nothing);
    ASSERT_NE(first, tree.answers.end());
    // A connection that sshd refuses for itself, because of two blocks, is none of the file's.
    const auto refusal =
        std::ranges::all_of(tree.answers, [](const Answer& one) { return !one.refusal.empty(); })
            ? first->refusal
            : std::string();
    SCOPED_TRACE("before rows were added:\n" + before + "after:\n" + scanned.told());
    if (!refusal.empty()) return expect_refusal(scanned, refusal);
    EXPECT_FALSE(scanned.has("ssh.unreadable"));
    const auto* main =
        tree.files.contains("/etc/ssh/sshd_config") || tree.links.contains("/etc/ssh/sshd_config")
            ? "/etc/ssh/sshd_config"
            : "/usr/etc/ssh/sshd_config";
    if (tree.answers.size() == 1) {
        expect_the_same(scanned, tree.answers[0].values, main);
    } else {
        expect_none_missing(scanned, tree, exact);
    }
}

TEST(SshdCorpus, EachTreeIsReadAsSshdReadsIt) {
    std::set<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(SSHD_CORPUS)) {
        if (entry.path().extension() == ".tree") paths.insert(entry.path());
    }
    EXPECT_GT(paths.size(), 200U);
    for (const auto& path : paths) {
        SCOPED_TRACE(path.filename());
        compare(read_tree(path), path.filename().string().starts_with("hand-"));
    }
}

// The sshd of this distribution, of packages that scripts/test fetches and nobody installs, asked
// once more about the trees that are full of patterns.
TEST(SshdCorpus, SshdStillSaysWhatIsStored) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: each tree becomes a root directory";
    std::vector<fs::path> packages;
    if (fs::is_directory(SSHD_PACKAGES)) {
        for (const auto& entry : fs::directory_iterator(SSHD_PACKAGES)) {
            if (entry.path().extension() == ".deb") packages.push_back(entry.path());
        }
    }
    if (packages.size() < 2) {
        GTEST_SKIP() << SSHD_PACKAGES << " lacks openssh-server and libwrap0; scripts/test fetches";
    }
    std::string unpacked = "/run/bulkhead-sshd-XXXXXX";
    ASSERT_NE(::mkdtemp(unpacked.data()), nullptr);
    for (const auto& package : packages) {
        EXPECT_EQ(std::system(("dpkg-deb -x " + package.string() + " " + unpacked).c_str()), 0);
    }
    const std::string corpus = SSHD_CORPUS;
    const auto asked = corpus + "/regenerate --check " + unpacked + " " + corpus +
                       "/hand-glob-*.tree " + corpus + "/hand-include-*.tree";
    EXPECT_EQ(std::system(asked.c_str()), 0);
    fs::remove_all(unpacked);
}

}  // namespace
}  // namespace bulkhead::worker
