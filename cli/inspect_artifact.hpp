// What is in an object file, as bulkhead-loader --inspect tells it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

struct Inspection {
    struct Program {
        std::string name;
        std::string section;
        std::string type;
        std::uint64_t instructions = 0;
        std::vector<std::string> helpers;
    };
    struct Map {
        std::string name;
        std::string type;
        std::uint64_t key_size = 0;    // bytes
        std::uint64_t value_size = 0;  // bytes
        std::uint64_t max_entries = 0;
    };
    struct Rodata {
        std::string name;
        std::uint64_t size = 0;  // bytes
    };
    std::string license;
    bool btf = false;
    std::uint64_t core_relocations = 0;
    std::vector<Program> programs;
    std::vector<Map> maps;
    std::vector<Rodata> rodata;
    std::vector<std::string> problems;  // for which a loader refuses the object
};

// Parses the loader's JSON. An error if it is not of the form that it promises.
Result<Inspection> parse_inspection(std::string_view json);

// Runs the loader of this installation on the object in a confined child that gives it no rights;
// the object may attack it. An error says why nothing was looked at.
Result<Inspection> inspect(std::string_view elf);

}  // namespace bulkhead::cli
