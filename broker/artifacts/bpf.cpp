#include "broker/artifacts/bpf.hpp"

#include <fcntl.h>

#include <limits>
#include <vector>

#include "common/sandbox/privileges.hpp"
#include "common/sys/bpf_call.hpp"

namespace bulkhead::broker::bpf {

namespace {

// The most processors that a kernel can be built for (CONFIG_NR_CPUS of x86 and powerpc). The
// kernel writes a value for each possible one, however few there are, and is not told the buffer's
// size.
constexpr std::size_t kMostProcessors = 8'192;
// Of /proc/self/fdinfo/N. A program's is the longest, with under twenty lines.
constexpr std::uint64_t kMostFdinfo = 16'384;

Result<> call(bpf_cmd command, bpf_attr& attribute, std::string_view what) {
    const sandbox::Raised raised(sandbox::capability(CAP_SYS_ADMIN));
    return sys::bpf_call(command, attribute, what);
}

Result<sys::Fd> open(bpf_cmd command, bpf_attr& attribute, std::string_view what) {
    const sandbox::Raised raised(sandbox::capability(CAP_SYS_ADMIN));
    return sys::bpf_open(command, attribute, what);
}

// `line` is one that fdinfo has for this kind alone: "prog_type", "link_type", "map_type"
// (bpf_prog_show_fdinfo() and its like in kernel/bpf/syscall.c).
Result<> require_kind(const sys::Fd& object, std::string_view line, std::string_view kind) {
    const auto path = "/proc/self/fdinfo/" + std::to_string(object.get());
    const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return sys::fail_errno(path);
    const auto text = TRY(sys::read_to_end(file, kMostFdinfo));
    if (text.find("\n" + std::string(line) + ":\t") != text.npos) return {};
    return fail("the descriptor is of no BPF " + std::string(kind), Error::Kind::differs);
}

template <class Info>
Result<Info> info(const sys::Fd& object, std::string_view line, std::string_view kind) {
    TRY(require_kind(object, line, kind));
    Info info{};
    bpf_attr attribute{};
    attribute.info.bpf_fd = static_cast<std::uint32_t>(object.get());
    attribute.info.info_len = sizeof info;
    attribute.info.info = sys::bpf_address(&info);
    TRY(call(BPF_OBJ_GET_INFO_BY_FD, attribute, "BPF_OBJ_GET_INFO_BY_FD"));
    return info;
}

// The kernel ends it with a NUL.
ObjectName name_in(const char (&name)[BPF_OBJ_NAME_LEN]) {
    return ObjectName::clipped({name, BPF_OBJ_NAME_LEN});
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    const auto sum = a + b;
    return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

}  // namespace

ObjectName kernel_name(std::string_view name) { return ObjectName::clipped(name); }

Result<ProgramInfo> program_info(const sys::Fd& program) {
    const auto of = TRY(info<bpf_prog_info>(program, "prog_type", "program"));
    ProgramInfo result{.type = of.type,
                       .id = of.id,
                       .name = name_in(of.name),
                       .run_time_ns = of.run_time_ns,
                       .run_count = of.run_cnt};
    std::memcpy(result.tag.data(), of.tag, result.tag.size());
    return result;
}

Result<LinkInfo> link_info(const sys::Fd& link) {
    const auto of = TRY(info<bpf_link_info>(link, "link_type", "link"));
    LinkInfo result{.type = of.type, .id = of.id, .program_id = of.prog_id};
    switch (of.type) {
        case BPF_LINK_TYPE_XDP:
            result.interface = of.xdp.ifindex;
            break;
        case kLinkTcx:  // has an index in this place, and then a type, as `netns` has a number
            result.interface = of.netns.netns_ino;
            result.attach_type = of.netns.attach_type;
            break;
        case BPF_LINK_TYPE_CGROUP:
            result.cgroup = of.cgroup.cgroup_id;
            result.attach_type = of.cgroup.attach_type;
            break;
        case BPF_LINK_TYPE_TRACING:
            result.attach_type = of.tracing.attach_type;
            result.target_btf = of.tracing.target_btf_id;
            break;
        default:
            break;
    }
    return result;
}

Result<MapInfo> map_info(const sys::Fd& map) {
    const auto of = TRY(info<bpf_map_info>(map, "map_type", "map"));
    return MapInfo{.type = of.type,
                   .id = of.id,
                   .key_size = of.key_size,
                   .value_size = of.value_size,
                   .max_entries = of.max_entries,
                   .name = name_in(of.name)};
}

Result<std::uint64_t> sum_of_map(const sys::Fd& map) {
    const auto of = TRY(map_info(map));
    const bool per_processor = of.type == BPF_MAP_TYPE_PERCPU_ARRAY;
    if ((of.type != BPF_MAP_TYPE_ARRAY && !per_processor) ||
        of.value_size != sizeof(std::uint64_t) || of.max_entries > kMostSummed) {
        return fail("the map is no array of at most " + std::to_string(kMostSummed) +
                        " counters of 8 bytes",
                    Error::Kind::differs);
    }
    std::vector<std::uint64_t> values(per_processor ? kMostProcessors : 1);
    std::uint64_t sum = 0;
    for (std::uint32_t key = 0; key < of.max_entries; ++key) {
        bpf_attr attribute{};
        attribute.map_fd = static_cast<std::uint32_t>(map.get());
        attribute.key = sys::bpf_address(&key);
        attribute.value = sys::bpf_address(values.data());
        TRY(call(BPF_MAP_LOOKUP_ELEM, attribute, "BPF_MAP_LOOKUP_ELEM"));
        for (const auto value : values) sum = plus(sum, value);
    }
    return sum;
}

Result<> detach(const sys::Fd& link) {
    TRY(require_kind(link, "link_type", "link"));
    bpf_attr attribute{};
    attribute.link_detach.link_fd = static_cast<std::uint32_t>(link.get());
    return call(BPF_LINK_DETACH, attribute, "BPF_LINK_DETACH");
}

Result<sys::Fd> enable_run_time() {
    bpf_attr attribute{};
    attribute.enable_stats.type = BPF_STATS_RUN_TIME;
    return open(BPF_ENABLE_STATS, attribute, "BPF_ENABLE_STATS");
}

Result<> pin(const sys::Fd& object, const std::string& path) {
    bpf_attr attribute{};
    attribute.pathname = sys::bpf_address(path.c_str());
    attribute.bpf_fd = static_cast<std::uint32_t>(object.get());
    return call(BPF_OBJ_PIN, attribute, "BPF_OBJ_PIN " + path);
}

Result<sys::Fd> get_pinned(const std::string& path) {
    bpf_attr attribute{};
    attribute.pathname = sys::bpf_address(path.c_str());
    return open(BPF_OBJ_GET, attribute, "BPF_OBJ_GET " + path);
}

}  // namespace bulkhead::broker::bpf
