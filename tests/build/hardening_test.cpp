// The three programs as scripts/test builds them, and small ones that lack something, to show that
// the check sees it.
#include <gmock/gmock.h>

#include "tests/build/elf.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPrograms[] = {BROKER, WORKER, BULKHEAD};

TEST(Programs, AreHardened) {
    for (const auto* program : kPrograms) EXPECT_THAT(faults_of(program), IsEmpty()) << program;
}

TEST(Programs, DoNotSayWhereTheyWereBuilt) {
    if (!std::string_view(BUILD_TREE).starts_with(SOURCE_TREE "/build/")) {
        GTEST_SKIP() << "built elsewhere than a preset builds: debug information names the place";
    }
    for (const auto* program : kPrograms) {
        const auto bytes = content_of(program);
        ASSERT_FALSE(bytes.empty());
        EXPECT_FALSE(bytes.contains(SOURCE_TREE)) << program;
        EXPECT_FALSE(bytes.contains(BUILD_TREE)) << program;
    }
}

// The flags above come from BULKHEAD_HARDEN and the build type, and release has the same.
TEST(Presets, OfTestsAndReleaseCompileAlike) {
    const auto presets = content_of(SOURCE_TREE "/CMakePresets.json");
    for (const auto* name : {"\"dev\"", "\"release\""}) {
        const auto at = presets.find("\"name\": " + std::string(name));
        ASSERT_NE(at, presets.npos);
        const auto preset = presets.substr(at, presets.find("\n    }", at) - at);
        EXPECT_THAT(preset, HasSubstr("\"CMAKE_BUILD_TYPE\": \"RelWithDebInfo\"")) << name;
        EXPECT_THAT(preset, HasSubstr("\"BULKHEAD_HARDEN\": \"ON\"")) << name;
    }
}

class Check : public ::testing::Test {
  protected:
    // With the flags of our build, and then with some that undo one of them.
    std::vector<std::string> faults_with(const std::string& spoiling,
                                         const std::string& cet = "-Wl,-z,ibt,-z,shstk") const {
        const auto program = files_.path() + "/program";
        output_of(COMPILER
                  " -O2 -fPIE -pie -fstack-protector-strong -U_FORTIFY_SOURCE "
                  "-D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now,-z,noexecstack " +
                  cet + " " + spoiling + " -o " + program + " " + program + ".cpp");
        return faults_of(program);
    }

  private:
    Tree files_{{"program.cpp",
                 "#include <stdio.h>\n#include <string.h>\n"
                 "static int number;\nint* volatile kept = &number;\n"
                 "int* where() { return &number; }\n"
                 "#ifdef WRITE_EXECUTE\n"
                 "__asm__(\".section .wx,\\\"awx\\\",@progbits\\n.long 0\\n.previous\");\n"
                 "#endif\n"
                 "int main(int count, char** words) {\n"
                 "    char text[64];\n"
                 "    strcpy(text, words[count - 1]);\n"
                 "    return puts(text) + (kept == where());\n}\n"}};
};

TEST_F(Check, PassesWhatIsHardened) { EXPECT_THAT(faults_with(""), IsEmpty()); }

TEST_F(Check, SeesEachThingThatIsMissing) {
    struct Case {
        const char* flags;
        const char* fault;
    };
    for (const auto& [flags, fault] : {
             Case{"-fno-PIE -no-pie", "pie"},
             Case{"-Wl,-z,norelro", "relro"},
             Case{"-Wl,-z,lazy", "now"},
             Case{"-Wl,-z,execstack", "nx"},
             Case{"-fno-stack-protector", "canary"},
             Case{"-U_FORTIFY_SOURCE", "fortify"},
             Case{"-Wl,-rpath,/opt/lib", "rpath"},
             Case{"-fno-PIC -mcmodel=large -Wl,-z,notext", "textrel"},
             Case{"-DWRITE_EXECUTE", "write+execute"},
         }) {
        EXPECT_THAT(faults_with(flags), ElementsAre(fault)) << flags;
    }
#ifdef __x86_64__
    EXPECT_THAT(faults_with("", ""), ElementsAre("cet"));
#endif
}

}  // namespace
}  // namespace bulkhead::test
