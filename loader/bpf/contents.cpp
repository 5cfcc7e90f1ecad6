#include "loader/bpf/contents.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gelf.h>
#include <linux/bpf.h>

#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>

#include "loader/bpf/messages.hpp"
#include "loader/bpf/object.hpp"
#include "loader/bpf/program_types.hpp"
#include "loader/bpf/rodata.hpp"

namespace bulkhead::loader {

namespace {

constexpr std::size_t kMostText = 128;

#define HELPER(name) #name
constexpr const char* kHelpers[] = {__BPF_FUNC_MAPPER(HELPER)};
#undef HELPER

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : printable(text, kMostText);
}

std::string helper_name(std::int32_t number) {
    if (number < 0 || static_cast<std::size_t>(number) >= std::size(kHelpers))
        return "helper-" + std::to_string(number);
    return kHelpers[number];
}

// A call instruction with src_reg 0 calls a helper, with 1 a function of the object
// (Documentation/bpf/standardization/instruction-set.rst).
void add_helpers(std::span<const bpf_insn> code, std::set<std::string>& helpers) {
    for (const auto& one : code) {
        if (one.code == (BPF_JMP | BPF_CALL) && one.src_reg == 0 && one.imm != 0)
            helpers.insert(helper_name(one.imm));
    }
}

// The sections of the file that libbpf shows nothing of.
std::map<std::string, std::string> sections_of(std::string& elf) {
    std::map<std::string, std::string> found;
    if (::elf_version(EV_CURRENT) == EV_NONE) return found;
    const std::unique_ptr<Elf, int (*)(Elf*)> file(::elf_memory(elf.data(), elf.size()), ::elf_end);
    std::size_t names = 0;
    if (!file || ::elf_getshdrstrndx(file.get(), &names) != 0) return found;
    for (Elf_Scn* section = ::elf_nextscn(file.get(), nullptr); section != nullptr;
         section = ::elf_nextscn(file.get(), section)) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) == nullptr) continue;
        const char* const name = ::elf_strptr(file.get(), names, header.sh_name);
        const Elf_Data* const data = ::elf_rawdata(section, nullptr);
        if (name == nullptr || data == nullptr || data->d_buf == nullptr) continue;
        const std::string_view key = name;
        if (key != "license" && key != ".text" && key != ".BTF.ext") continue;
        found.emplace(key, std::string(static_cast<const char*>(data->d_buf), data->d_size));
    }
    return found;
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    if (at <= bytes.size() && bytes.size() - at >= sizeof number)
        std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

// Counts the records of the part of .BTF.ext that has CO-RE relocations
// (Documentation/bpf/btf.rst, "struct btf_ext_header"): for each section its name, a count,
// records.
std::uint64_t relocations_in(std::string_view section) {
    constexpr std::size_t kOffset = 24, kLength = 28;  // of the fields core_relo_off and _len
    const std::size_t header = number_at(section, 4);
    if (header < kLength + 4 || header > section.size()) return 0;
    auto rest = section.substr(header);
    const std::size_t begin = number_at(section, kOffset);
    if (begin > rest.size()) return 0;
    rest = rest.substr(begin, number_at(section, kLength));
    const std::uint64_t record = number_at(rest, 0);
    std::uint64_t count = 0;
    for (std::uint64_t at = 4; at + 8 <= rest.size();) {
        const std::uint64_t here = number_at(rest, at + 4);
        count += here;
        at += 8 + here * record;
    }
    return count;
}

std::string type_word(std::string_view section) {
    const auto type = type_of_section(section);
    if (type == approval::ProgramType::none) return "unknown";
    const bool either = section == "tc" || section == "classifier";
    return either ? "tc" : std::string(word_of(type));
}

void add_programs(const Object& object, std::string_view shared, Contents& contents) {
    std::vector<bpf_insn> common(shared.size() / sizeof(bpf_insn));
    std::memcpy(common.data(), shared.data(), common.size() * sizeof(bpf_insn));
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        auto& one = contents.programs.emplace_back();
        one.name = text_of(bpf_program__name(program));
        one.section = text_of(bpf_program__section_name(program));
        one.type = type_word(one.section);
        one.instructions = bpf_program__insn_cnt(program);
        std::set<std::string> helpers;
        add_helpers({bpf_program__insns(program), one.instructions}, helpers);
        add_helpers(common, helpers);
        one.helpers.assign(helpers.begin(), helpers.end());
        if (one.type == "unknown")
            contents.problems.push_back("program \"" + one.name + "\": section \"" + one.section +
                                        "\" is of no type that a manifest may have");
    }
}

void add_maps(const Object& object, Contents& contents) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get()) {
        const auto* const type = libbpf_bpf_map_type_str(bpf_map__type(map));
        contents.maps.push_back(
            {.name = text_of(bpf_map__name(map)),
             .type = type != nullptr ? type : "type-" + std::to_string(bpf_map__type(map)),
             .key_size = bpf_map__key_size(map),
             .value_size = bpf_map__value_size(map),
             .max_entries = bpf_map__max_entries(map)});
    }
}

}  // namespace

Contents contents_of(std::string elf) {
    Contents contents;
    const auto sections = sections_of(elf);
    const auto bytes_of = [&](const char* name) {
        const auto found = sections.find(name);
        return found == sections.end() ? std::string_view() : std::string_view(found->second);
    };
    const auto license = bytes_of("license");
    contents.license = printable(license.substr(0, license.find('\0')), kMostText);
    contents.core_relocations = relocations_in(bytes_of(".BTF.ext"));
    const auto object = Object::open(std::move(elf));
    if (!object) {
        contents.problems.push_back(printable(object.error().what, 512));
        return contents;
    }
    contents.btf = bpf_object__btf(object->get()) != nullptr;
    add_programs(*object, bytes_of(".text"), contents);
    add_maps(*object, contents);
    for (const auto& [name, size] : constants_of(object->get()))
        contents.rodata.push_back({.name = printable(name, kMostText), .size = size});
    if (const auto foreign = object->refuse_foreign(); !foreign)
        contents.problems.push_back(foreign.error().what);
    if (contents.programs.empty()) contents.problems.emplace_back("it has no program");
    return contents;
}

}  // namespace bulkhead::loader
