#include "cli/inspect_artifact.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/vet/confined_child.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

// Where the loader may be, seen from this program: installed, or in a build tree.
constexpr std::string_view kPlaces[] = {"../libexec/bulkhead/bulkhead-loader",
                                        "../loader/bulkhead-loader"};

Result<std::string> find_loader() {
    std::error_code error;
    const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto place : kPlaces) {
        const auto path = (here / place).lexically_normal().string();
        if (!error && ::access(path.c_str(), X_OK) == 0) return path;
    }
    return fail("bulkhead-loader is not installed here");
}

template <class T>
void read(const json& object, const char* name, T& into) {
    object.at(name).get_to(into);
}

Inspection::Program program_of(const json& one) {
    Inspection::Program program;
    read(one, "name", program.name);
    read(one, "section", program.section);
    read(one, "type", program.type);
    read(one, "instructions", program.instructions);
    read(one, "helpers", program.helpers);
    return program;
}

Inspection::Map map_of(const json& one) {
    Inspection::Map map;
    read(one, "name", map.name);
    read(one, "type", map.type);
    read(one, "key_size", map.key_size);
    read(one, "value_size", map.value_size);
    read(one, "max_entries", map.max_entries);
    return map;
}

Inspection inspection_of(const json& document) {
    Inspection found;
    read(document, "license", found.license);
    read(document, "btf", found.btf);
    read(document, "core_relocations", found.core_relocations);
    for (const auto& one : document.at("programs")) found.programs.push_back(program_of(one));
    for (const auto& one : document.at("maps")) found.maps.push_back(map_of(one));
    for (const auto& one : document.at("rodata")) {
        auto& constant = found.rodata.emplace_back();
        read(one, "name", constant.name);
        read(one, "size", constant.size);
    }
    read(document, "problems", found.problems);
    return found;
}

}  // namespace

Result<Inspection> parse_inspection(std::string_view text) {
    try {
        return inspection_of(json::parse(text));
    } catch (const json::exception& error) {
        return fail("bulkhead-loader --inspect said what is not understood: " +
                    quoted(error.what(), 120));
    }
}

Result<Inspection> inspect(std::string_view elf) {
    const auto loader = TRY(find_loader());
    const auto ran =
        TRY(run_confined({loader, "--inspect"}, elf, std::chrono::seconds(10), Input::standard));
    if (ran.exit_code == 0) return parse_inspection(ran.output);
    return fail("bulkhead-loader --inspect ended with " +
                (ran.exit_code < 0 ? "a signal" : "status " + std::to_string(ran.exit_code)) +
                (ran.output.empty() ? "" : ": " + quoted(trimmed(ran.output), 200)));
}

}  // namespace bulkhead::cli
