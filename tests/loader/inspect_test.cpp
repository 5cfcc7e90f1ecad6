// bulkhead-loader --inspect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "common/sys/exec.hpp"
#include "tests/loader/site.hpp"

namespace bulkhead::test {
namespace {

struct Inspected {
    int status = 0;
    std::string out;
};

// The object comes by a pipe or a file, as it does from a shell.
Inspected inspect(const std::string& elf) {
    const auto input = sys::sealed_memfd("object", as_bytes(elf)).value();
    auto output = sys::make_pipe().value();
    auto child = sandbox::Child::start(0, -1, [&] {
                     const sys::Argv argv({"bulkhead-loader", "--inspect"});
                     static_cast<void>(sys::place_descriptors(
                         std::array{sys::Placed{input.get()}, sys::Placed{output.write.get()},
                                    sys::Placed{STDERR_FILENO}}));
                     ::execv(BULKHEAD_LOADER, argv.get());
                     ::_exit(127);
                 }).value();
    output.write.reset();
    Inspected all;
    all.out = sys::read_to_end(output.read, 1 << 20).value();
    all.status = child.reap().status;
    return all;
}

nlohmann::json json_of(const std::string& elf) {
    const auto seen = inspect(elf);
    EXPECT_EQ(seen.status, 0);
    return nlohmann::json::parse(seen.out, nullptr, false);
}

TEST(Inspect, SaysWhatIsInAnObject) {
    const auto seen = json_of(example("count_packets"));
    EXPECT_EQ(seen.value("license", ""), "GPL");
    EXPECT_EQ(seen.value("btf", false), true);
    EXPECT_EQ(seen.value("core_relocations", -1), 0);
    ASSERT_EQ(seen["programs"].size(), 1U);
    const auto& program = seen["programs"][0];
    EXPECT_EQ(program["name"], "count");
    EXPECT_EQ(program["section"], "xdp");
    EXPECT_EQ(program["type"], "xdp");
    EXPECT_GT(program["instructions"], 5);
    EXPECT_EQ(program["helpers"], nlohmann::json::array({"map_lookup_elem"}));
    ASSERT_EQ(seen["maps"].size(), 3U);
    EXPECT_EQ(seen["maps"][0], (nlohmann::json{{"name", "packets"},
                                               {"type", "percpu_array"},
                                               {"key_size", 4},
                                               {"value_size", 8},
                                               {"max_entries", 1}}));
    EXPECT_EQ(seen["rodata"], nlohmann::json::parse(R"([{"name":"limit","size":4}])"));
    EXPECT_EQ(seen["problems"], nlohmann::json::array());
}

TEST(Inspect, CountsRelocationsAndNamesBothDirectionsOfTc) {
    EXPECT_EQ(json_of(object("core")).value("core_relocations", -1), 2);
    EXPECT_EQ(json_of(object("tc"))["programs"][0]["type"], "tc");
    EXPECT_EQ(json_of(object("lsm"))["programs"][0]["type"], "lsm");
}

TEST(Inspect, NamesWhatALoaderWouldRefuse) {
    for (const char* name : {"pinned", "kconfig", "ksyms", "struct_ops", "bomb", "events"})
        EXPECT_GE(json_of(object(name))["problems"].size(), 1U) << name;
    for (const std::string& text : {std::string(),
                                    std::string("\x7f"
                                                "ELF"),
                                    std::string(1000, 'x'), example("burn").substr(0, 700)})
        EXPECT_EQ(json_of(text)["problems"].size(), 1U);
}

TEST(Inspect, RefusesMoreThanAnArtifactMayHave) {
    EXPECT_EQ(WEXITSTATUS(inspect(std::string((4 << 20) + 1, 'x')).status), 1);
}

// Names in an object are an attacker's text.
TEST(Inspect, EscapesTexts) {
    auto elf = example("count_packets");
    for (auto at = elf.find("packets"); at != elf.npos; at = elf.find("packets", at + 1))
        elf.replace(at, 7, "p\"\\\x1b[2\xff");
    const auto seen = json_of(elf);
    ASSERT_FALSE(seen.is_discarded());
    for (const auto& map : seen["maps"]) {
        for (const unsigned char byte : map["name"].get<std::string>())
            EXPECT_TRUE(byte >= 0x20 && byte < 0x7f);
    }
}

}  // namespace
}  // namespace bulkhead::test
