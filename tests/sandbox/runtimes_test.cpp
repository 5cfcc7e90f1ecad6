// Programs of every make under each list that names what passes: shell and tools, a static program,
// Go, Rust, and the runtimes that scripts are written for. Each makes children, threads and files.
// What is not installed is skipped; scripts/test installs all but Java.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/pair/installation.hpp"
#include "tests/pair/program.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

struct Runtime {
    std::string name;
    std::string program;
    std::vector<std::string> arguments;
    std::string says;
    std::string started_by = {};  // this program instead, with the arguments
};

const Runtime kRuntimes[] = {
    {.name = "Shell",
     .program = "/bin/bash",
     .arguments =
         {"-euc",
          "set -o pipefail; d=$(mktemp -d /tmp/bulkhead-runtime-XXXXXX); trap 'rm -r $d' EXIT; cd "
          "$d\n"
          "seq 9 | sort -rn | head -n 1; touch new; mkfifo pipe; echo piped > pipe & cat pipe; "
          "wait\n"
          "cp new other; mv other third; ln -s third link; find . -type f | wc -l\n"
          "grep -c ^root: /etc/passwd; awk 'BEGIN { print 6 * 7 }'; echo abc | sed s/b/B/\n"
          "timeout 0.1 sleep 9 || echo $?; df / | wc -l; date -d @0 -u +%F; stat -c %U "
          "/etc/passwd"},
     .says = "9\npiped\n2\n1\n42\naBc\n124\n2\n1970-01-01\nroot\n"},
    {.name = "Static",
     .program = "/bin/busybox",
     .arguments = {"sh", "-c", "echo static | busybox tr a-z A-Z; busybox ls -d /etc"},
     .says = "STATIC\n/etc\n"},
    {.name = "Go",
     .program = "/usr/bin/fzf",
     .arguments = {"-c", "printf 'abc\\nxyz\\n' | fzf --filter xyz"},
     .says = "xyz\n",
     .started_by = "/bin/bash"},
    {.name = "Rust",
     .program = "/usr/bin/rg",
     .arguments = {"-c", "^root:", "/etc/passwd"},
     .says = "1\n"},
    {.name = "RustThreads",
     .program = "/usr/bin/fdfind",
     .arguments = {"--max-depth", "1", "--exec", "echo", "{}", ";", "^passwd$", "/etc"},
     .says = "/etc/passwd\n"},
    {.name = "Perl",
     .program = "/usr/bin/perl",
     .arguments =
         {"-e",
          "use threads; print `echo child`; threads->create(sub { print \"thread\\n\" })->join;"
          "use Socket; socketpair(A, B, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; print "
          "\"pair\\n\""},
     .says = "child\nthread\npair\n"},
    {.name = "Python",
     .program = "/usr/bin/python3",
     .arguments =
         {"-c",
          "import asyncio, subprocess, tempfile, threading\n"
          "print(subprocess.check_output(['echo', 'child']).decode().strip(), flush=True)\n"
          "t = threading.Thread(target=lambda: print('thread', flush=True)); t.start(); t.join()\n"
          "with tempfile.TemporaryDirectory() as d: open(d + '/f', 'w').write('x')\n"
          "async def f(): await (await asyncio.create_subprocess_exec('echo', 'async')).wait()\n"
          "asyncio.run(f())"},
     .says = "child\nthread\nasync\n"},
    {.name = "Node",
     .program = "/usr/bin/node",
     .arguments =
         {"-e",
          "console.log(require('child_process').execSync('echo child').toString().trim());"
          "require('fs').readFile('/etc/passwd', (e, d) => { console.log(e || 'read');"
          "new (require('worker_threads').Worker)('console.log(\"thread\")', {eval: true}) })"},
     .says = "child\nread\nthread\n"},
    {.name = "Java",
     .program = "/usr/bin/java",
     .arguments = {"-c", "java -version 2>&1 | grep -c 64-Bit"},
     .says = "1\n",
     .started_by = "/bin/bash"},
};

Finished run_under(const std::string& list, const std::vector<std::string>& command) {
    const TempDir place;
    std::vector<std::string> words{BULKHEAD_UNDER_LIST, BULKHEAD_POLICY, list};
    words.insert(words.end(), command.begin(), command.end());
    const auto output = place / "output";
    Program program({.words = words,
                     .environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/tmp"}},
                     .output = output});
    const auto code = program.wait(std::chrono::minutes(1));
    return {code.value_or(-1), content_of(output)};
}

class Runtimes : public testing::TestWithParam<std::tuple<std::string, Runtime>> {};

TEST_P(Runtimes, DoTheirWork) {
    const auto& [list, runtime] = GetParam();
    if (::access(runtime.program.c_str(), X_OK) != 0) {
        GTEST_SKIP() << runtime.program << " is not installed";
    }
    std::vector<std::string> command{runtime.started_by.empty() ? runtime.program
                                                                : runtime.started_by};
    command.insert(command.end(), runtime.arguments.begin(), runtime.arguments.end());
    const auto done = run_under(list, command);
    EXPECT_EQ(done.code, 0) << done.output;
    EXPECT_EQ(done.output, runtime.says);
}

INSTANTIATE_TEST_SUITE_P(Lists, Runtimes,
                         testing::Combine(testing::Values("inspect", "diagnose", "maintain"),
                                          testing::ValuesIn(kRuntimes)),
                         [](const auto& each) {
                             return std::get<0>(each.param) + std::get<1>(each.param).name;
                         });

// So that a test which never sees the list would fail.
TEST(UnderList, IsTheListThatIsNamed) {
    const std::vector<std::string> change{"/bin/bash", "-c",
                                          "f=$(mktemp) && chmod 600 $f; s=$?; rm $f; exit $s"};
    EXPECT_EQ(run_under("inspect", change).code, 0);
    EXPECT_NE(run_under("maintain", change).code, 0);
}

}  // namespace
}  // namespace bulkhead::test
