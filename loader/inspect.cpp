#include "loader/inspect.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>

#include "common/approval/artifact.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/walls.hpp"
#include "loader/bpf/contents.hpp"
#include "loader/own_filter.hpp"

namespace bulkhead::loader {

namespace {

constexpr rlim_t kMemory = 256UL * 1024 * 1024;  // bytes of address space
constexpr rlim_t kSeconds = 10;                  // of processor time

// The reader needs no policy, so that it works where none is installed: it may read, write, have
// memory that is not executable, and end.
constexpr std::uint32_t kCalls[] = {
    SYS_read,  SYS_write,      SYS_close,          SYS_munmap,        SYS_mremap,   SYS_brk,
    SYS_fstat, SYS_lseek,      SYS_madvise,        SYS_futex,         SYS_exit,     SYS_exit_group,
    SYS_uname, SYS_newfstatat, SYS_rt_sigprocmask, SYS_clock_gettime, SYS_getrandom};

Result<> confine() {
    TRY(sandbox::set_limit(RLIMIT_AS, kMemory, kMemory));
    TRY(sandbox::set_limit(RLIMIT_CPU, kSeconds, kSeconds));
    TRY(sandbox::forbid_core());
    TRY(sandbox::refuse_dumps());
    TRY(sandbox::forbid_new_privileges());
    const std::span<const std::uint16_t> no_ports;
    const auto ruleset =
        TRY(sandbox::make_ruleset({.paths = {}, .tcp_connect = no_ports}, sandbox::landlock_abi()));
    if (ruleset) TRY(sandbox::raise_ruleset(ruleset->get(), "/"));
    return sandbox::install(allow_only(kCalls));
}

std::string quoted_json(const std::string& text) {
    std::string out = "\"";
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') out += '\\';
        out += byte;
    }
    return out + '"';
}

template <class List, class Write>
std::string list_of(const List& list, const Write& write) {
    std::string out = "[";
    for (const auto& one : list) out += (out.size() > 1 ? "," : "") + write(one);
    return out + "]";
}

std::string json_of(const Contents& contents) {
    const auto text = [](const std::string& one) { return quoted_json(one); };
    const auto number = [](auto one) { return std::to_string(one); };
    return "{\"license\":" + text(contents.license) +
           ",\"btf\":" + (contents.btf ? "true" : "false") +
           ",\"core_relocations\":" + number(contents.core_relocations) + ",\"programs\":" +
           list_of(contents.programs,
                   [&](const auto& one) {
                       return "{\"name\":" + text(one.name) + ",\"section\":" + text(one.section) +
                              ",\"type\":" + text(one.type) +
                              ",\"instructions\":" + number(one.instructions) +
                              ",\"helpers\":" + list_of(one.helpers, text) + "}";
                   }) +
           ",\"maps\":" +
           list_of(contents.maps,
                   [&](const auto& one) {
                       return "{\"name\":" + text(one.name) + ",\"type\":" + text(one.type) +
                              ",\"key_size\":" + number(one.key_size) +
                              ",\"value_size\":" + number(one.value_size) +
                              ",\"max_entries\":" + number(one.max_entries) + "}";
                   }) +
           ",\"rodata\":" +
           list_of(contents.rodata,
                   [&](const auto& one) {
                       return "{\"name\":" + text(one.name) + ",\"size\":" + number(one.size) + "}";
                   }) +
           ",\"problems\":" + list_of(contents.problems, text) + "}\n";
}

}  // namespace

Result<std::string> inspect(const sys::Fd& from) {
    TRY(within("confine", confine()));
    return json_of(contents_of(TRY(sys::read_to_end(from, approval::kMaxElf))));
}

}  // namespace bulkhead::loader
