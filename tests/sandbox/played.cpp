#include "tests/sandbox/played.hpp"

#include <sstream>

#include "common/base/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {

namespace {

Said parse(const std::string& output) {
    Said said;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        const auto tab = line.find('\t');
        if (tab != line.npos) said[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return said;
}

}  // namespace

Expected expected_of(const sandbox_test::Trick& trick, std::string sandbox_test::Answers::*column) {
    const auto& answer = trick.answers.*column;
    const auto last = answer.rfind(' ');
    for (const auto* layer : {"uid", "Landlock", "view", "seccomp", "capabilities", "namespaces"}) {
        if (last != answer.npos && answer.substr(last + 1) == layer) {
            return {answer.substr(0, last), layer};
        }
    }
    return {answer, trick.layer};
}

bool fits(const std::string& said, const std::string& alternatives) {
    if (alternatives == "*") return true;
    bool fits = false;
    for (const auto alternative : split(alternatives, '|')) {
        const auto at = alternative.find('@');
        if (at == alternative.npos) {
            fits = fits || said == alternative;
        } else if (sandbox::landlock_abi() >=
                   parse_number<int>(alternative.substr(at + 1)).value_or(0)) {
            return said == alternative.substr(0, at);
        }
    }
    return fits;
}

void Played::SetUp() {
    Sandbox::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const std::string profile : kShippedProfiles) {
        pin({.name = "tricks-of-" + profile,
             .script = script(profile),
             .profile = profile,
             .timeout = kLongPatience});
    }
}

void Played::renew() {
    outside().renew({{"broker", std::to_string(broker().pid())},
                     {"worker", std::to_string(worker_pid())},
                     {"cgroup", place().cgroup() + "/agent"},
                     {"port", std::to_string(backend().port())}});
}

Said Played::said_in(const std::string& profile) {
    renew();
    const auto id = queue({.script = script(profile)});
    const auto result = ended(id);
    EXPECT_EQ(result["outcome"], "finished") << result.dump();
    EXPECT_EQ(result["exit_code"], 0) << backend().standard_error(id);
    return parse(backend().standard_output(id));
}

Said Played::said_outside() {
    renew();
    const auto file = place() / "outside";
    Program program({.words = {outside().program()}, .output = file});
    EXPECT_EQ(program.wait(kLongPatience), 0);
    return parse(content_of(file));
}

}  // namespace bulkhead::test
