// An object file (ELF), opened by libbpf and held against its plan, and the loading of it.
#pragma once
#include <bpf/libbpf.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// Errors carry errno of the kernel or of libbpf in `code`, else 0.
class Object {
  public:
    // Parses it and loads nothing. The bytes are copied by libbpf where it needs them later.
    static Result<Object> open(std::string elf);

    // Errors: what would take something else of the host's than its programs do: a map pinned by
    // name, struct_ops, .kconfig, .ksyms, more than kMaxMaps maps. So is a perf event array that
    // does not say how many entries it has.
    Result<> refuse_foreign() const;
    // Errors: those of refuse_foreign(); a program that no plan names, or is of another type than
    // its plan's; a plan without a program. Then each program's type is set as planned.
    Result<> hold_against(const std::vector<protocol::ProgramPlan>& plans);
    // Sets constants of .rodata by name; each is as long as its value.
    Result<> set_rodata(const std::vector<protocol::RodataValue>& values);
    // Creates maps, relocates and has the kernel verify the programs. An error has the end of the
    // verifier's log.
    Result<> load();

    bpf_program* program(const std::string& name) const;
    bpf_object* get() const { return object_.get(); }

  private:
    struct Close {
        void operator()(bpf_object* object) const { bpf_object__close(object); }
    };
    std::string elf_;
    std::unique_ptr<std::vector<char>> log_;
    std::unique_ptr<bpf_object, Close> object_;
};

// ".rodata" of libbpf's name of a map that it made for a section, "bulkhead.rodata"; else "".
std::string_view section_of(const bpf_map* map);

}  // namespace bulkhead::loader
