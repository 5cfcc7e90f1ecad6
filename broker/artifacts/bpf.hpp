// What the broker asks the kernel about programs, maps and links whose descriptors it holds
// (bpf(2), linux/bpf.h). It loads nothing and attaches nothing. Errors of system calls carry errno
// in `code`.
//
// Each raises CAP_SYS_ADMIN meanwhile. From Linux 5.19 on only enable_run_time() needs it, while
// before kernel.unprivileged_bpf_disabled = 1 or 2 asks for it, or for CAP_BPF, everywhere.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/protocol/schema.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker::bpf {

// Values of enum bpf_link_type and enum bpf_attach_type that Linux 6.6 added, for older headers.
inline constexpr std::uint32_t kLinkTcx = 11;
inline constexpr std::uint32_t kTcxIngress = 46;
inline constexpr std::uint32_t kTcxEgress = 47;

using ObjectName = BoundaryText<15>;
// The name that the kernel has for a program or map that is named `name` in its object file: its
// first 15 bytes (BPF_OBJ_NAME_LEN). Maps of sections (.rodata) are named otherwise by libbpf.
ObjectName kernel_name(std::string_view name);

// The first 8 bytes of a hash over the program's instructions. Relocations of CO-RE are in them, so
// it differs between kernels.
using Tag = std::array<std::byte, 8>;

struct ProgramInfo {
    std::uint32_t type = 0;  // enum bpf_prog_type
    std::uint32_t id = 0;    // not given to another program before 2^31 more were loaded
    Tag tag{};
    ObjectName name;
    // Since it was loaded, in nanoseconds and runs on all processors together. Both stand still
    // while nobody has enabled them (enable_run_time()).
    std::uint64_t run_time_ns = 0;
    std::uint64_t run_count = 0;
    static constexpr auto fields =
        std::tuple{protocol::field("type", &ProgramInfo::type),
                   protocol::field("id", &ProgramInfo::id),
                   protocol::field("tag", &ProgramInfo::tag),
                   protocol::field("name", &ProgramInfo::name),
                   protocol::field("run_time_ns", &ProgramInfo::run_time_ns),
                   protocol::field("run_count", &ProgramInfo::run_count)};
};

// Members that the type of link does not have are 0.
struct LinkInfo {
    std::uint32_t type = 0;  // enum bpf_link_type, or kLinkTcx
    std::uint32_t id = 0;
    std::uint32_t program_id = 0;
    std::uint32_t interface = 0;  // of XDP and tcx: an index; 0 once it is detached from it
    // Of a cgroup: the inode number of its directory (st_ino of stat(2)); 0 once it is detached
    // from it, as when the cgroup was removed.
    std::uint64_t cgroup = 0;
    // Of tcx, cgroup, LSM, fentry and fexit: enum bpf_attach_type. The kernel has no BPF_XDP here.
    std::uint32_t attach_type = 0;
    // Of LSM, fentry and fexit (BPF_LINK_TYPE_TRACING): the function, as a number in the kernel's
    // BTF; 0 before Linux 5.19.
    std::uint32_t target_btf = 0;
    friend bool operator==(const LinkInfo&, const LinkInfo&) = default;
    static constexpr auto fields =
        std::tuple{protocol::field("type", &LinkInfo::type),
                   protocol::field("id", &LinkInfo::id),
                   protocol::field("program_id", &LinkInfo::program_id),
                   protocol::field("interface", &LinkInfo::interface),
                   protocol::field("cgroup", &LinkInfo::cgroup),
                   protocol::field("attach_type", &LinkInfo::attach_type),
                   protocol::field("target_btf", &LinkInfo::target_btf)};
};

struct MapInfo {
    std::uint32_t type = 0;  // enum bpf_map_type
    std::uint32_t id = 0;
    std::uint32_t key_size = 0;    // bytes
    std::uint32_t value_size = 0;  // bytes, on one processor
    std::uint32_t max_entries = 0;
    ObjectName name;
    friend bool operator==(const MapInfo&, const MapInfo&) = default;
    static constexpr auto fields = std::tuple{protocol::field("type", &MapInfo::type),
                                              protocol::field("id", &MapInfo::id),
                                              protocol::field("key_size", &MapInfo::key_size),
                                              protocol::field("value_size", &MapInfo::value_size),
                                              protocol::field("max_entries", &MapInfo::max_entries),
                                              protocol::field("name", &MapInfo::name)};
};

// BPF_OBJ_GET_INFO_BY_FD. The kernel fills in what the descriptor really is, whatever structure is
// meant, so these first read its kind from /proc/self/fdinfo: a map cannot pass for a link. Another
// kind is Error::Kind::differs.
Result<ProgramInfo> program_info(const sys::Fd& program);
Result<LinkInfo> link_info(const sys::Fd& link);
Result<MapInfo> map_info(const sys::Fd& map);

// The sum over all entries, and all processors, of a BPF_MAP_TYPE_ARRAY or PERCPU_ARRAY of u64 with
// at most kMostSummed entries; 2^64-1 if it is more. Another map is Kind::differs. The descriptor
// must be readable (BPF_MAP_LOOKUP_ELEM).
inline constexpr std::uint32_t kMostSummed = 1'024;
Result<std::uint64_t> sum_of_map(const sys::Fd& map);

// BPF_LINK_DETACH (Linux 5.9) of XDP, tcx and cgroup: at once, whoever else holds the link.
// Code EOPNOTSUPP for LSM, fentry, fexit and kprobe: those run until the last descriptor is closed
// and the last pin is gone.
Result<> detach(const sys::Fd& link);

// BPF_ENABLE_STATS (Linux 5.8): the kernel counts run time and runs of every program of this host
// until the descriptor is closed.
Result<sys::Fd> enable_run_time();

// BPF_OBJ_PIN and BPF_OBJ_GET. `path` is absolute and in a bpffs; otherwise code EPERM. What is
// pinned gets mode 0600. Code EEXIST if there is such a file.
Result<> pin(const sys::Fd& object, const std::string& path);
Result<sys::Fd> get_pinned(const std::string& path);

}  // namespace bulkhead::broker::bpf
