// The #! line: what its parser reads, and that the kernel and env(1) read the same.
#include "common/approval/shebang.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "common/sys/fd.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::approval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

Asked asked(const std::string& line) {
    static std::string kept;  // what the views refer to
    kept = line + "\ntrue\n";
    return asked_for(kept).value().value();
}

TEST(Shebang, GivesAllThatFollowsTheInterpreterAsOneArgument) {
    const auto line = asked("#! \t/bin/bash  -e  -u \t");
    EXPECT_EQ(line.program, "/bin/bash");
    EXPECT_THAT(line.arguments, ElementsAre("-e  -u"));
}

TEST(Shebang, NeedsNoArgument) {
    EXPECT_EQ(asked("#!/bin/sh").program, "/bin/sh");
    EXPECT_THAT(asked("#!/bin/sh ").arguments, IsEmpty());
}

TEST(Shebang, IsNoLineOfAScriptThatBeginsOtherwise) {
    for (const std::string script :
         {"", "#", "true\n", " #!/bin/sh\n", "\xef\xbb\xbf#!/bin/sh\n"}) {
        EXPECT_EQ(asked_for(script).value(), std::nullopt) << script;
    }
}

TEST(Shebang, LeavesItToEnvWhereAProgramLies) {
    EXPECT_EQ(asked("#!/usr/bin/env bash").program, "bash");
    const auto split = asked("#!/bin/env -S bash  -e\t-u");
    EXPECT_EQ(split.program, "bash");
    EXPECT_THAT(split.arguments, ElementsAre("-e", "-u"));
    EXPECT_EQ(asked("#!/usr/bin/env -S /bin/bash -e").program, "/bin/bash");
}

TEST(Shebang, ThatCannotBeObeyedIsNamed) {
    const std::pair<std::string, std::string> cases[] = {
        {"#!\n", "names no interpreter"},
        {"#! \t \n", "names no interpreter"},
        {"#!/bin/bash", "does not end within 255 bytes"},
        {"#!/bin/bash " + std::string(244, 'x') + "\n", "does not end within 255 bytes"},
        {"#!/bin/bash\r\n", "ends with CR LF"},
        {"#!/bin/bash -e\r\n", "ends with CR LF"},
        {"#!/bin/bash\r \n", "ends with CR LF"},
        {std::string("#!/bin/bash\0-e\n", 15), "NUL"},
        {"#!bash\n", "no absolute path"},
        {"#!/usr/bin/env\n", "no program for env"},
        {"#!/usr/bin/env -S\n", "no program for env"},
        {"#!/usr/bin/env bash -e\n", "env -S"},
        {"#!/usr/bin/env -i\n", "env NAME"},
        {"#!/usr/bin/env A=1\n", "env NAME"},
        {"#!/usr/bin/env -S A=1 bash\n", "env NAME"},
        {"#!/usr/bin/env -S -i bash\n", "env NAME"},
        {"#!/usr/bin/env -S 'bash'\n", "plain words only"},
        {"#!/usr/bin/env -S bash -c \"x\"\n", "plain words only"},
        {"#!/usr/bin/env -S ${SHELL}\n", "plain words only"},
        {"#!/usr/bin/env -S bash\\_-e\n", "plain words only"},
        {"#!/usr/bin/env -S bash # why\n", "plain words only"},
        {"#!/usr/bin/env -S bash\v-e\n", "plain words only"},
    };
    for (const auto& [script, says] : cases) {
        const auto read = asked_for(script);
        ASSERT_FALSE(read) << script;
        EXPECT_THAT(read.error().what, HasSubstr(says)) << script;
    }
}

TEST(Shebang, OfTheGreatestLengthIsObeyed) {
    EXPECT_THAT(asked("#!/bin/bash " + std::string(243, 'x')).arguments,
                ElementsAre(std::string(243, 'x')));
}

TEST(Shebang, MeansTheProgramOfTheSameName) {
    EXPECT_TRUE(same_program("bash", "/bin/bash"));
    EXPECT_TRUE(same_program("/usr/bin/bash", "/bin/bash"));
    EXPECT_FALSE(same_program("/bin/sh", "/bin/bash"));
    EXPECT_FALSE(same_program("", "/bin/bash"));
}

// Starts scripts for which an interpreter of ours is asked, and hears what it was given.
class Kernel : public ::testing::Test {
  protected:
    Kernel() {
        std::filesystem::create_symlink(ARGV_PROGRAM, folder_ / "i");
        interpreter_ = folder_ / "i";
        script_ = folder_ / "script";
    }

    // Its arguments but the first; nothing where the kernel starts no such program.
    std::optional<Words> arguments(const std::string& script) const {
        {
            const sys::Fd file(
                ::open(script_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
            EXPECT_TRUE(sys::write_all(file, as_bytes(script)));
        }
        return run();
    }

    const std::string& interpreter() const { return interpreter_; }
    const std::string& script() const { return script_; }

  private:
    std::optional<Words> run() const {
        auto pipe = sys::make_pipe().value();
        const auto path = "PATH=" + folder_.path();
        const std::array<const char*, 2> argv{script_.c_str(), nullptr};
        const std::array<const char*, 2> environment{path.c_str(), nullptr};
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(pipe.write.get(), STDOUT_FILENO);
            ::dup2(pipe.write.get(), STDERR_FILENO);  // complaints, which nobody reads
            ::execve(script_.c_str(), const_cast<char**>(argv.data()),
                     const_cast<char**>(environment.data()));
            ::_exit(125);
        }
        pipe.write.reset();
        const auto said = sys::read_to_end(pipe.read, 1 << 16).value();
        int status = 0;
        ::waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
        Words words;
        for (std::size_t at = 0, end = 0; at < said.size(); at = end + 1) {
            end = said.find('\0', at);
            words.push_back(said.substr(at, end - at));
        }
        return words;
    }

    test::TempDir folder_;
    std::string interpreter_;
    std::string script_;
};

// Lines of pieces that the rules are about.
class Lines {
  public:
    explicit Lines(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

    std::string next(const std::string& begin) {
        auto line = begin;
        const auto count = pick(9);
        for (std::size_t i = 0; i < count; ++i) line += pieces_[pick(pieces_.size())];
        return line + "\n# the script\n";
    }

  private:
    std::size_t pick(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }
    std::vector<std::string> pieces_;
    std::mt19937 random_{1};
};

constexpr int kLines = 1000;

TEST_F(Kernel, ReadsTheLineAsTheParserDoes) {
    const std::vector<std::string> begins{"#!", "#! ", "#!\t", "# !", "#"};
    Lines lines({interpreter(), interpreter(), " ", " ", "\t", "-e", "x", "\r", "\v", "\"", "\\",
                 "#", "\xc3\xa4", std::string(1, '\0'), "\n", std::string(60, 'y'),
                 std::string(255 - interpreter().size() - 3, 'z')});
    int obeyed = 0;
    for (int i = 0; i < kLines; ++i) {
        const auto begin = begins[static_cast<std::size_t>(i) % begins.size()];
        const auto text = lines.next(i % 3 == 0 ? begin : begin + interpreter());
        const auto line = parse_shebang(text);
        const auto real = arguments(text);
        // What we refuse, the kernel may cut short and start; never the other way round.
        if (!line) continue;
        const bool ours = *line && (*line)->interpreter == interpreter();
        ASSERT_EQ(ours, real.has_value()) << ::testing::PrintToString(text);
        if (!ours) continue;
        Words expected;
        if (!(*line)->argument.empty()) expected.emplace_back((*line)->argument);
        expected.push_back(script());
        ASSERT_EQ(*real, expected) << ::testing::PrintToString(text);
        ++obeyed;
    }
    EXPECT_GT(obeyed, kLines / 20);
}

TEST_F(Kernel, AndEnvReadTheLineAsTheParserDoes) {
    Lines lines({"i", "i", " ",  " ",  " ",   "\t", "-e",   "-S", "-S ", "x",
                 "=", "'", "\"", "\\", "\\_", "#",  "${A}", "\v", "-",   interpreter()});
    int obeyed = 0;
    for (int i = 0; i < kLines; ++i) {
        const auto text = lines.next(i % 2 == 0 ? "#!/usr/bin/env -S i " : "#!/usr/bin/env ");
        const auto line = asked_for(text);
        if (!line) continue;
        const auto real = arguments(text);
        const bool ours = *line && ((*line)->program == "i" || (*line)->program == interpreter());
        ASSERT_EQ(ours, real.has_value()) << ::testing::PrintToString(text);
        if (!ours) continue;
        auto expected = (*line)->arguments;
        expected.push_back(script());
        ASSERT_EQ(*real, expected) << ::testing::PrintToString(text);
        ++obeyed;
    }
    EXPECT_GT(obeyed, kLines / 20);
}

// Where the kernel itself cuts or refuses, the parser refuses.
TEST_F(Kernel, CutsALineThatTheParserRefuses) {
    const auto cut = "#!" + interpreter() + " " + std::string(300, 'x') + "\n";
    EXPECT_FALSE(parse_shebang(cut));
    const auto real = arguments(cut);
    ASSERT_TRUE(real);
    EXPECT_EQ((*real)[0].size(), 255 - 3 - interpreter().size());
}

}  // namespace
}  // namespace bulkhead::approval
