#include "loader/bpf/object.hpp"

#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "common/base/bytes.hpp"
#include "loader/bpf/messages.hpp"
#include "loader/bpf/program_types.hpp"
#include "loader/bpf/rodata.hpp"

namespace bulkhead::loader {

namespace {

// libbpf puts it before the name of the map that it makes for a section.
constexpr const char* kObjectName = "bulkhead";
constexpr std::size_t kLogBytes = 64 * 1024;
// BPF_LOG_STATS: what is wrong, without a line for each instruction that the verifier has walked
// (include/linux/bpf_verifier.h). Those would be 100 MB for a program at the verifier's bound, and
// take it more than ten seconds.
constexpr std::uint32_t kLogLevel = 4;
// Of the keys and values of all maps, on one processor; the memory of the loader's cgroup is the
// bound that holds.
constexpr std::uint64_t kMaxMapBytes = 64_MiB;
constexpr std::size_t kMostSaid = 400;

std::string quote(std::string_view text) { return "\"" + printable(text, 64) + "\""; }

// Adds what libbpf had to say.
std::unexpected<Error> refused(const std::string& what, int code) {
    const auto why = first_warning();
    last_warning();
    return fail(what + ": " + std::strerror(code) + (why.empty() ? "" : "; " + why), code);
}

Result<> refuse_externs(const bpf_object* object) {
    const auto* btf = bpf_object__btf(object);
    for (const char* section : {".kconfig", ".ksyms"}) {
        if (btf != nullptr && btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC) > 0)
            return fail(std::string("section ") + section +
                        ": symbols of the kernel are not given to artifacts");
    }
    return {};
}

Result<> refuse_maps(const bpf_object* object) {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        const auto name = "map " + quote(bpf_map__name(map));
        if (bpf_map__pin_path(map) != nullptr)
            return fail(name +
                        ": pinning by name (LIBBPF_PIN_BY_NAME) is refused; the manifest "
                        "says what is pinned");
        if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
            return fail(name + ": struct_ops is no type of program that a manifest may have");
        if (bpf_map__ifindex(map) != 0) return fail(name + ": is for a device");
        // libbpf would look for their number in /sys, which a loader does not see.
        if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY && bpf_map__max_entries(map) == 0)
            return fail(name +
                        ": a perf event array without max_entries; name as many as the host "
                        "has processors");
        const std::uint64_t entry =
            std::uint64_t{bpf_map__key_size(map)} + bpf_map__value_size(map);
        bytes += std::min(entry * bpf_map__max_entries(map), kMaxMapBytes + 1);
        if (bytes > kMaxMapBytes) return fail(name + ": more than 64 MiB in maps");
        if (++count > protocol::kMaxMaps)
            return fail("more than " + std::to_string(protocol::kMaxMaps) + " maps");
    }
    return {};
}

Result<> fit(bpf_program* program, const protocol::ProgramPlan& plan) {
    const std::string_view section = bpf_program__section_name(program);
    if (!may_stand_in(plan.type, section, plan.attach.str()))
        return fail("its section " + quote(section) + " is not one of type " +
                    std::string(word_of(plan.type)) +
                    (plan.attach.str().empty() ? "" : " for " + quote(plan.attach.str())));
    const auto type = kernel_type(plan.type);
    bpf_program__set_autoload(program, true);
    bpf_program__set_type(program, type.type);
    bpf_program__set_expected_attach_type(program, type.expected);
    const bool by_btf = type.type == BPF_PROG_TYPE_LSM || type.type == BPF_PROG_TYPE_TRACING;
    if (!by_btf) return {};
    const int set = bpf_program__set_attach_target(program, 0, plan.attach.str().c_str());
    if (set != 0) return refused("no target " + quote(plan.attach.str()) + " for it", -set);
    return {};
}

}  // namespace

std::string_view section_of(const bpf_map* map) {
    if (!bpf_map__is_internal(map)) return {};
    const std::string_view name = bpf_map__name(map);
    const auto dot = name.find('.');
    return dot == name.npos ? std::string_view() : name.substr(dot);
}

Result<Object> Object::open(std::string elf) {
    keep_messages();
    Object made;
    made.elf_ = std::move(elf);
    made.log_ = std::make_unique<std::vector<char>>(kLogBytes);
    LIBBPF_OPTS(bpf_object_open_opts, options);
    options.object_name = kObjectName;
    made.object_.reset(bpf_object__open_mem(made.elf_.data(), made.elf_.size(), &options));
    if (!made.object_) return refused("no object file that can be loaded", errno);
    return made;
}

bpf_program* Object::program(const std::string& name) const {
    return bpf_object__find_program_by_name(object_.get(), name.c_str());
}

Result<> Object::refuse_foreign() const {
    TRY(refuse_externs(object_.get()));
    return refuse_maps(object_.get());
}

Result<> Object::hold_against(const std::vector<protocol::ProgramPlan>& plans) {
    if (plans.empty()) return fail("the plan names no program");
    TRY(refuse_foreign());
    std::set<std::string> found;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        const std::string name = bpf_program__name(program);
        const auto plan =
            std::ranges::find_if(plans, [&](const auto& one) { return one.name.str() == name; });
        if (plan == plans.end()) return fail("program " + quote(name) + ": not in the manifest");
        TRY(within("program " + quote(name), fit(program, *plan)));
        bpf_program__set_log_buf(program, log_->data(), log_->size());
        bpf_program__set_log_level(program, kLogLevel);
        found.insert(name);
    }
    for (const auto& plan : plans) {
        if (found.erase(plan.name.str()) == 0)
            return fail("program " + quote(plan.name.str()) +
                        ": the object has none of this name, or the manifest names it twice");
    }
    return {};
}

Result<> Object::set_rodata(const std::vector<protocol::RodataValue>& values) {
    for (const auto& value : values)
        TRY(within(quote(value.name.str()), loader::set_rodata(object_.get(), value)));
    return {};
}

Result<> Object::load() {
    const int done = bpf_object__load(object_.get());
    if (done == 0) return {};
    const int code = -done;
    const std::string_view log(log_->data(), ::strnlen(log_->data(), log_->size()));
    if (log.empty() && code == EPERM)
        return refused(
            "the kernel, which allows no LSM, fentry and fexit where it is locked down "
            "(lockdown=confidentiality)",
            code);
    if (log.empty()) return refused("the kernel", code);
    return fail("the verifier: " + end_of_log(log, kMostSaid), code);
}

}  // namespace bulkhead::loader
