// The scanner "ssh": settings of sshd that admit passwords, or root.
#include <algorithm>

#include "worker/host/scanners/scanner.hpp"
#include "worker/host/scanners/sshd_config.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kRows = "sshd-config";  // rows of policy/reads.policy

std::string origin(const SshdValues& values, std::string_view keyword) {
    const auto found = values.find(keyword);
    if (found == values.end()) return std::string(keyword) + " is not set";
    return std::string(keyword) + " " + found->second.text + " at " + found->second.where;
}

// What a finding is about.
struct Place {
    std::string path;      // of the server's configuration
    std::string criteria;  // of the Match block in it; empty: every connection
};

Finding make(std::string type, const Place& place, Severity severity, std::string title,
             std::string message) {
    const auto& criteria = place.criteria;
    Finding finding{.type = std::move(type),
                    .key = place.path,
                    .severity = severity,
                    .title = std::move(title),
                    .message = std::move(message),
                    .metadata = {},
                    .related = {}};
    if (!criteria.empty()) {
        finding.key += " match " + criteria;
        finding.title += " for some connections";
        finding.message = "For connections that match \"" + criteria + "\": " + finding.message;
        finding.metadata = {{"match", criteria}};
    }
    return finding;
}

Finding password_login(const SshdValues& values, const Place& place) {
    return make("ssh.password_login", place, Severity::warn, "ssh takes passwords",
                "sshd lets users log in with a password (" +
                    origin(values, "passwordauthentication") + ", " +
                    origin(values, "kbdinteractiveauthentication") +
                    "). Passwords can be guessed; set PasswordAuthentication and "
                    "KbdInteractiveAuthentication to no and use keys.");
}

Finding root_login(const SshdValues& values, const Place& place) {
    const bool by_password = takes_passwords(values);
    return make("ssh.root_login", place, by_password ? Severity::critical : Severity::warn,
                by_password ? "ssh lets root log in with a password" : "ssh lets root log in",
                "sshd lets root log in (" + origin(values, "permitrootlogin") +
                    "); set PermitRootLogin to no, or to prohibit-password if keys must do.");
}

// A path of which each byte that no line of policy can hold is a ?.
std::string for_policy(std::string path) {
    for (auto& byte : path) {
        if (byte <= ' ' || byte > '~' || byte == '#') byte = '?';
    }
    return path;
}

// The row of reads.policy that hands out what `file` names, or "" where none does.
std::string row_for(const HostFile& file) {
    const auto path = for_policy(file.path);
    const bool is_pattern = path.find_first_of("*?") != path.npos;
    const auto row = [&](std::string_view size, std::string_view end) {
        return std::string(is_pattern ? "glob " : "file ") + std::string(kRows) + " " + path + " " +
               std::string(size) + std::string(is_pattern ? end : " links-within /") + "  # why";
    };
    const bool is_one = file.path.find_first_of("*?") == file.path.npos;
    if (file.reason == "read-not-listed") return row("64KiB", "");
    if (file.reason == "read-too-large") return row("4MiB", " private-too");
    if (file.reason == "read-not-public" && is_one) return row("64KiB", " private-too");
    if (file.reason == "read-link" && !is_pattern) return row("64KiB", "");
    return "";
}

Finding unreadable(const HostFile& file) {
    auto message = file.path + ": " + std::string(explain_read(file.reason)) +
                   ", so what sshd really does may differ from what is reported.";
    const auto row = row_for(file);
    if (!row.empty()) {
        message += " Write into reads.policy.d/NAME.lines: " + row;
    } else if (file.reason == "read-link") {
        message += " Let its Include name the place that the link leads to.";
    }
    return {.type = "ssh.unreadable",
            .key = file.path,
            .severity = Severity::info,
            .title = "sshd's configuration cannot be read in full",
            .message = std::move(message),
            .metadata = {{"reason", file.reason}},
            .related = {}};
}

// One finding for the problems of one file.
Finding not_understood(const std::vector<SshdProblem>& problems) {
    const auto& first = problems.front();
    auto message = first.path + ":" + std::to_string(first.line) + ": " + first.why +
                   ". sshd does not start with such a line, or it is not understood here, so what "
                   "sshd really does may differ from what is reported. Mend the line; \"sshd -t\" "
                   "says what sshd makes of it.";
    if (problems.size() > 1) message += " Other lines of the file like it:";
    for (std::size_t i = 1; i < problems.size() && i <= 10; ++i) {
        message += " " + std::to_string(problems[i].line);
    }
    return {
        .type = "ssh.unreadable",
        .key = first.path,
        .severity = Severity::info,
        .title = "a line of sshd's configuration is not understood",
        .message = std::move(message),
        .metadata = {{"reason", "not-understood"}, {"line", static_cast<std::int64_t>(first.line)}},
        .related = {}};
}

// Judges a configuration for everybody's connections, for those of each Match block, and for those
// of two or three blocks where fewer of them open less.
class Judge {
  public:
    explicit Judge(const SshdConfig& config) : config_(config) {}

    std::vector<Finding> findings() {
        open_to_all_ = judge({}, {});
        judge_blocks();
        return std::move(findings_);
    }
    // Whether there were too many blocks to look at each two of them.
    bool has_left_out() const { return blocks_.size() > kMostForTwo; }

  private:
    static constexpr std::size_t kMostForTwo = 100;  // blocks of which each two are judged
    static constexpr std::size_t kMostForThree = 20;

    using Chosen = std::vector<std::size_t>;  // indices into blocks_

    struct Open {
        bool passwords = false;
        bool root = false;
        bool root_by_password = false;
        Open without(const Open& other) const {
            return {passwords && !other.passwords, root && !other.root,
                    root_by_password && !other.root_by_password};
        }
        Open with(const Open& other) const {
            return {passwords || other.passwords, root || other.root,
                    root_by_password || other.root_by_password};
        }
    };

    // Says what is open to connections that pass the criteria and is not to `others`.
    Open judge(const SshdCriteria& criteria, const Open& others) {
        const auto& tests = criteria.tests;
        const auto values = values_for(config_, tests);
        const bool may_be_root = std::ranges::none_of(tests, [](const SshdTest& test) {
            return contradicts({"user", "root"}, test);
        });
        // Where root cannot pass them: what the block would mean for root.
        const auto for_root = may_be_root ? roots_values(tests) : values;
        Open open{.passwords = takes_passwords(values), .root = lets_root_in(for_root)};
        open.root_by_password = may_be_root && open.root && takes_passwords(for_root);
        const auto more = open.without(others);
        const Place place{config_.path, tests.empty() ? "" : criteria.text};
        if (more.passwords) findings_.push_back(password_login(values, place));
        if (more.root || more.root_by_password) findings_.push_back(root_login(for_root, place));
        return open;
    }

    // Of root's connections among those that pass `tests`.
    SshdValues roots_values(std::vector<SshdTest> tests) const {
        tests.push_back({"user", "root"});
        tests.push_back({"group", "root"});
        return values_for(config_, tests);
    }

    void judge_blocks() {
        // Each criteria once.
        for (const auto& match : config_.matches) {
            const auto& tests = match.criteria.tests;
            const bool is_new =
                std::ranges::find(blocks_, tests, &SshdCriteria::tests) == blocks_.end();
            if (is_new && !tests.empty() && can_pass(match.criteria)) {
                blocks_.push_back(match.criteria);
            }
        }
        judge_together({}, {}, 1);
        if (!has_left_out()) judge_together({}, {}, 2);
        if (blocks_.size() <= kMostForThree) judge_together({}, {}, 3);
    }

    // Judges each choice of `count` blocks that holds `chosen`, indices in ascending order whose
    // criteria are `criteria`; what fewer of them open is known.
    void judge_together(const Chosen& chosen, const SshdCriteria& criteria, std::size_t count) {
        if (chosen.size() == count) {
            open_.insert_or_assign(chosen, judge_beyond_fewer(chosen, criteria));
            return;
        }
        for (auto i = chosen.empty() ? 0 : chosen.back() + 1; i < blocks_.size(); ++i) {
            const auto together = both(criteria, blocks_[i]);
            if (!can_pass(together)) continue;
            auto more = chosen;
            more.push_back(i);
            judge_together(more, together, count);
        }
    }

    Open judge_beyond_fewer(const Chosen& chosen, const SshdCriteria& criteria) {
        auto open = open_to_all_;
        for (std::size_t i = 0; chosen.size() > 1 && i < chosen.size(); ++i) {
            auto fewer = chosen;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            open = open.with(open_.at(fewer));
        }
        return open.with(judge(criteria, open));
    }

    const SshdConfig& config_;
    Open open_to_all_;
    std::vector<SshdCriteria> blocks_;
    std::map<Chosen, Open> open_;  // to connections of these blocks, and of fewer of them
    std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> scan_ssh(const ScanContext& context) {
    const auto config = TRY(read_sshd_config(context.host, kRows));
    std::vector<Finding> findings;
    for (const auto& file : config.unreadable) findings.push_back(unreadable(file));
    std::map<std::string, std::vector<SshdProblem>> problems;
    for (const auto& problem : config.problems) problems[problem.path].push_back(problem);
    for (const auto& [path, of_file] : problems) findings.push_back(not_understood(of_file));
    if (config.path.empty() || !config.readable) return findings;
    Judge judge(config);
    for (auto& finding : judge.findings()) findings.push_back(std::move(finding));
    if (judge.has_left_out()) {
        findings.push_back(not_understood(
            {{config.path, 0,
              "there are more than 100 Match blocks, and what two of them open together "
              "is not looked at"}}));
    }
    return findings;
}

}  // namespace bulkhead::worker
