// Every system call and every argument that a filter looks at, against the golden lists. The
// worker's filter is asked in the worker's place, as the real broker hands it out; the others as
// the broker compiles them.
//
// After a change of policy: BULKHEAD_RENEW_GOLDEN=1
// build/dev/tests/malicious_worker/malice_syscalls_test writes the lists anew; read what changed
// before it is committed.
#include <sys/prctl.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"
#include "tests/malicious_worker/golden.hpp"
#include "tests/malicious_worker/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/layers.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

#ifdef __x86_64__
constexpr bool kX86 = true;
#else
constexpr bool kX86 = false;
#endif

constexpr const char* kAboutNumbers =
    "# What each seccomp filter answers to each system call, all arguments 0: number, name, and "
    "one\n"
    "# column for each filter. \"killed\" ends the process, a name is the error it gets, "
    "\"allowed\"\n"
    "# reaches the kernel. broker is the ceiling over itself and every job; a job has its own "
    "list\n"
    "# below that. 335 and 336 (uretprobe, uprobe) are not here: newer kernels answer them before "
    "any\n"
    "# filter. tests/malicious_worker compares this with the loaded filters and writes it "
    "anew.\n";
constexpr const char* kAboutArguments =
    "# What each seccomp filter answers where it looks at arguments: call, the argument that "
    "varies,\n"
    "# its values with their names. As in syscalls.txt.\n";

class Syscalls : public Site {
  protected:
    // The answers of the worker's filter, asked by the attacker.
    std::vector<std::string> of_worker(const std::string& name) {
        start("sweep " + name);
        EXPECT_EQ(wait_for_finding(name), "done");
        std::vector<std::string> answers;
        std::istringstream lines(place().read("state/workers/main/sweep-" + name));
        for (std::string line; std::getline(lines, line);) answers.push_back(line);
        return answers;
    }

    // Of a filter that this process compiles as the broker does, and loads in a child.
    std::vector<std::string> of_list(const std::string& name, const std::vector<Probe>& probes) {
        const auto loaded = policy::load(place() / "policy", policy::Trust::root).value();
        const auto filter = sandbox::compile(loaded.seccomp.at(name)).value();
        const auto outcomes = sweep(probes, [&]() -> Result<> {
            if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys::fail_errno("prctl");
            return sandbox::install(filter);
        });
        EXPECT_OK(outcomes);
        std::vector<std::string> answers;
        if (outcomes) {
            for (const auto outcome : *outcomes) answers.push_back(in_words(outcome));
        }
        return answers;
    }

    std::vector<Answered> ask_all(const std::string& name) {
        std::vector<Question> questions;
        for (auto& [known, its] : sweeps()) {
            if (known == name) questions = std::move(its);
        }
        std::vector<Probe> probes;
        for (const auto& question : questions) probes.push_back(question.probe);
        std::vector<std::vector<std::string>> columns;
        for (const auto& filter : kFilters) {
            columns.push_back(filter == "worker" ? of_worker(name) : of_list(filter, probes));
            EXPECT_EQ(columns.back().size(), questions.size()) << filter;
            columns.back().resize(questions.size());
        }
        std::vector<Answered> all;
        for (std::size_t i = 0; i < questions.size(); ++i) {
            Answered answered{questions[i], {}};
            for (const auto& column : columns) answered.answers.push_back(column[i]);
            all.push_back(std::move(answered));
        }
        return all;
    }

    void compare(const std::vector<Answered>& all, const std::string& file, const char* about) {
        const auto path = std::string(BULKHEAD_GOLDEN) + "/" + file;
        if (std::getenv("BULKHEAD_RENEW_GOLDEN") != nullptr) {
            std::ofstream(path) << print(all, about);
            return;
        }
        const auto golden = read_golden(content_of(path));
        ASSERT_FALSE(golden.empty()) << path;
        const auto found = keyed(all);
        EXPECT_EQ(found.size(), golden.size()) << "the list knows other calls";
        for (const auto& [asked, answers] : found) {
            const auto expected = golden.find(asked);
            EXPECT_TRUE(expected != golden.end() && expected->second == answers)
                << asked.first << " " << asked.second << ": " << testing::PrintToString(answers)
                << ", golden: "
                << (expected == golden.end() ? "" : testing::PrintToString(expected->second));
        }
    }

    static void note(const std::vector<Answered>& all, const std::string& what) {
        for (std::size_t i = 0; i < kFilters.size(); ++i) {
            std::map<std::string, int> counts;
            for (const auto& one : all) ++counts[one.answers[i]];
            std::string text;
            for (const auto& [answer, count] : counts) {
                text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + answer;
            }
            record_layer("seccomp", kFilters[i], what, text);
            std::printf("%-9s %s: %s\n", kFilters[i].c_str(), what.c_str(), text.c_str());
        }
    }
};

TEST_F(Syscalls, ByNumberAreAnsweredAsInTheGoldenList) {
    if (!kX86) GTEST_SKIP() << "the golden list is x86-64's";
    const auto all = ask_all("numbers");
    compare(all, "syscalls.txt", kAboutNumbers);
    note(all, "system calls 0 to 1023");
}

TEST_F(Syscalls, WithTheX32BitEndTheProcess) {
    if (!kX86) GTEST_SKIP() << "x32 is x86-64's";
    const auto all = ask_all("x32");
    for (const auto& one : all) {
        EXPECT_EQ(one.answers, std::vector<std::string>(kFilters.size(), "killed"))
            << one.question.value;
    }
    note(all, "x32 calls 0 to 1023");
}

TEST_F(Syscalls, OfThe32BitEntryEndTheProcess) {
    if (!has_i386_entry()) GTEST_SKIP() << "this kernel has no 32-bit system calls";
    const auto all = ask_all("i386");
    for (const auto& one : all) {
        EXPECT_EQ(one.answers, std::vector<std::string>(kFilters.size(), "killed"))
            << one.question.value;
    }
    note(all, "32-bit calls 0 to 511");
}

TEST_F(Syscalls, ByArgumentAreAnsweredAsInTheGoldenList) {
    if (!kX86) GTEST_SKIP() << "the golden list is x86-64's";
    const auto all = ask_all("arguments");
    compare(all, "arguments.txt", kAboutArguments);
    note(all, "arguments");
}

}  // namespace
}  // namespace bulkhead::test
