// Object files that are wrong on purpose, under the loader's walls: it says so, or it ends, and
// nothing is left.
#include <elf.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <random>

#include "tests/loader/site.hpp"

namespace bulkhead::test {
namespace {

using Hostile = LoaderTest;

struct Case {
    std::string what;
    std::string elf;
};

template <class T>
std::string with(std::string elf, std::size_t at, T value) {
    if (at + sizeof value <= elf.size()) std::memcpy(elf.data() + at, &value, sizeof value);
    return elf;
}

std::vector<Elf64_Shdr> sections_of(const std::string& elf) {
    Elf64_Ehdr header{};
    std::memcpy(&header, elf.data(), sizeof header);
    std::vector<Elf64_Shdr> all(header.e_shnum);
    std::memcpy(all.data(), elf.data() + header.e_shoff, all.size() * sizeof(Elf64_Shdr));
    return all;
}

void add_headers(const std::string& good, std::vector<Case>& all) {
    const auto add = [&](const char* what, auto value, std::size_t at) {
        all.push_back({what, with(good, at, value)});
    };
    add("no magic", std::uint32_t{0}, 0);
    add("32 bit", std::uint8_t{ELFCLASS32}, EI_CLASS);
    add("the other byte order", std::uint8_t{ELFDATA2MSB}, EI_DATA);
    add("a program", std::uint16_t{ET_EXEC}, offsetof(Elf64_Ehdr, e_type));
    add("x86", std::uint16_t{EM_X86_64}, offsetof(Elf64_Ehdr, e_machine));
    add("no machine", std::uint16_t{EM_NONE}, offsetof(Elf64_Ehdr, e_machine));
    add("sections far away", ~std::uint64_t{0} - 64, offsetof(Elf64_Ehdr, e_shoff));
    add("sections at the end", std::uint64_t{good.size() - 1}, offsetof(Elf64_Ehdr, e_shoff));
    add("sections in the header", std::uint64_t{1}, offsetof(Elf64_Ehdr, e_shoff));
    add("65,535 sections", std::uint16_t{0xffff}, offsetof(Elf64_Ehdr, e_shnum));
    add("no sections", std::uint16_t{0}, offsetof(Elf64_Ehdr, e_shnum));
    add("small section headers", std::uint16_t{1}, offsetof(Elf64_Ehdr, e_shentsize));
    add("names nowhere", std::uint16_t{0xfffe}, offsetof(Elf64_Ehdr, e_shstrndx));
    add("names in no section", std::uint16_t{0}, offsetof(Elf64_Ehdr, e_shstrndx));
}

void add_sections(const std::string& good, std::vector<Case>& all) {
    const auto sections = sections_of(good);
    Elf64_Ehdr header{};
    std::memcpy(&header, good.data(), sizeof header);
    for (std::size_t i = 1; i < sections.size(); ++i) {
        const auto base = header.e_shoff + i * sizeof(Elf64_Shdr);
        const auto add = [&](const char* what, auto value, std::size_t at) {
            all.push_back(
                {"section " + std::to_string(i) + ": " + what, with(good, base + at, value)});
        };
        add("huge", ~std::uint64_t{0}, offsetof(Elf64_Shdr, sh_size));
        add("4 GiB", std::uint64_t{1} << 32, offsetof(Elf64_Shdr, sh_size));
        add("one byte", std::uint64_t{1}, offsetof(Elf64_Shdr, sh_size));
        add("over the header", std::uint64_t{0}, offsetof(Elf64_Shdr, sh_offset));
        add("over its neighbour", sections[i % (sections.size() - 1) + 1].sh_offset + 1,
            offsetof(Elf64_Shdr, sh_offset));
        add("beyond the end", std::uint64_t{good.size()} + 1, offsetof(Elf64_Shdr, sh_offset));
        add("entries of nothing", std::uint64_t{0}, offsetof(Elf64_Shdr, sh_entsize));
        add("linked nowhere", std::uint32_t{0xffffff}, offsetof(Elf64_Shdr, sh_link));
        add("about nothing", std::uint32_t{0xffffff}, offsetof(Elf64_Shdr, sh_info));
        add("without bytes", std::uint32_t{SHT_NOBITS}, offsetof(Elf64_Shdr, sh_type));
        add("relocations", std::uint32_t{SHT_REL}, offsetof(Elf64_Shdr, sh_type));
        add("symbols", std::uint32_t{SHT_SYMTAB}, offsetof(Elf64_Shdr, sh_type));
        add("without a name", std::uint32_t{0xffffff}, offsetof(Elf64_Shdr, sh_name));
    }
}

// Header and types of .BTF (Documentation/bpf/btf.rst).
void add_types(const std::string& good, std::vector<Case>& all) {
    const auto at = good.find(std::string("\x9f\xeb\x01\x00", 4));
    ASSERT_NE(at, good.npos);
    for (const std::size_t field : {4U, 8U, 12U, 16U, 20U}) {
        for (const std::uint32_t value : {0U, 1U, 0x7fffffffU, 0xffffffffU}) {
            all.push_back({"BTF header", with(good, at + field, value)});
        }
    }
    std::uint32_t header = 0, types = 0;
    std::memcpy(&header, good.data() + at + 4, 4);
    std::memcpy(&types, good.data() + at + 12, 4);
    const auto first = at + header;
    // Types that are made of themselves, arrays of arrays of 4,294,967,295, and members without
    // end.
    for (std::uint32_t word = 0; word < types / 4; word += 3) {
        all.push_back({"BTF type", with(good, first + word * 4, word % 40)});
        all.push_back({"BTF array", with(good, first + word * 4, 0xffffffffU)});
        all.push_back({"BTF members", with(good, first + word * 4, 0x0400ffffU)});
    }
}

void add_mutations(const std::string& good, std::vector<Case>& all) {
    std::mt19937 random(18);  // the same in each run
    for (int i = 0; i < 200; ++i) {
        auto elf = good;
        for (auto left = 1 + random() % 16; left > 0; --left)
            elf[random() % elf.size()] = static_cast<char>(random());
        all.push_back({"mutation " + std::to_string(i), std::move(elf)});
    }
    for (std::size_t size = 0; size < good.size(); size += good.size() / 60 + 1)
        all.push_back({"cut at " + std::to_string(size), good.substr(0, size)});
}

TEST_F(Hostile, NoObjectDoesMoreThanEndItsLoader) {
    const auto good = example("count_packets");
    std::vector<Case> all;
    add_headers(good, all);
    add_sections(good, all);
    add_types(good, all);
    add_mutations(good, all);
    const auto before = attached_now();
    unsigned refused = 0, loaded = 0, crashed = 0;
    long most = 0;
    auto slowest = std::chrono::steady_clock::duration::zero();
    for (const auto& one : all) {
        const auto begin = std::chrono::steady_clock::now();
        const auto answer = Loader().load(one.elf, {{"count", approval::ProgramType::xdp, ""}},
                                          {{"limit", "00000000"}});
        slowest = std::max(slowest, std::chrono::steady_clock::now() - begin);
        most = std::max(most, answer.peak_kib);
        EXPECT_FALSE(WIFSIGNALED(answer.status) && WTERMSIG(answer.status) == SIGSYS) << one.what;
        if (answer.silent()) std::printf("%s: %s\n", one.what.c_str(), answer.words().c_str());
        (answer.loaded ? loaded : answer.failed ? refused : crashed)++;
    }
    std::printf(
        "%zu objects: %u refused, %u loaded, %u ended their loader; at most %ld KiB, %ld ms\n",
        all.size(), refused, loaded, crashed, most,
        static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(slowest).count()));
    EXPECT_GT(refused, 300U);
    EXPECT_LT(most, 128 * 1024);
    EXPECT_LT(slowest, std::chrono::seconds(30));
    EXPECT_EQ(attached_now(), before);
}

}  // namespace
}  // namespace bulkhead::test
