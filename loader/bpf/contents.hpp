// What is in an object file, for people and for a dry run: nothing is loaded.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::loader {

struct Contents {
    struct Program {
        std::string name;
        std::string section;
        std::string type;  // of the manifest; "tc" for both directions; "unknown" if it has none
        std::size_t instructions = 0;  // of its function; those of functions it calls come on top
        std::vector<std::string>
            helpers;  // by it and by every function that programs share, sorted
    };
    struct Map {
        std::string name;
        std::string type;  // as bpftool(8) has it: "percpu_array"; "type-N" if it is a newer one
        std::uint32_t key_size = 0, value_size = 0, max_entries = 0;  // sizes in bytes
    };
    struct Constant {
        std::string name;
        std::uint32_t size = 0;  // bytes
    };
    std::string license;  // "": it has none
    bool btf = false;
    std::uint64_t core_relocations = 0;
    std::vector<Program> programs;
    std::vector<Map> maps;
    std::vector<Constant> rodata;
    std::vector<std::string> problems;  // for which a loader would refuse it whatever the manifest
};

// Never an error: an object that cannot be parsed has a problem. Texts are printable ASCII.
Contents contents_of(std::string elf);

}  // namespace bulkhead::loader
