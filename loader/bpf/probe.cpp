#include "loader/bpf/probe.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loader/bpf/attach.hpp"
#include "loader/bpf/messages.hpp"
#include "loader/bpf/program_types.hpp"

namespace bulkhead::loader {

namespace {

using approval::ProgramType;

constexpr std::uint32_t kLoopback = 1;          // in every network namespace
constexpr std::uint32_t kProbeHandle = 0xb01c;  // of a filter that is there for a moment
constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";
constexpr const char* kTestFunction = "bpf_fentry_test1";
constexpr const char* kHook = "bpf";

std::unexpected<Error> failed(std::string_view step, std::string_view hint = {}) {
    const int code = errno;
    std::string what = std::string(step) + ": " + std::strerror(code);
    if (!hint.empty()) what += "; " + std::string(hint);
    return fail(std::move(what), code);
}

bpf_insn move(int value) {
    return {
        .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = value};
}
constexpr bpf_insn kExit{
    .code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

// A program that only returns what changes nothing.
std::vector<bpf_insn> idle(ProgramType type) {
    switch (type) {
        case ProgramType::xdp:
            return {move(XDP_PASS), kExit};
        case ProgramType::tc_ingress:
        case ProgramType::tc_egress:
            return {move(-1), kExit};  // TCX_NEXT, TC_ACT_UNSPEC
        case ProgramType::cgroup_connect4:
        case ProgramType::cgroup_connect6:
        case ProgramType::cgroup_ingress:
        case ProgramType::cgroup_egress:
            return {move(1), kExit};
        default:
            return {move(0), kExit};
    }
}

// A program that adds one to the first value of the map, an array of u64, and returns 0.
std::vector<bpf_insn> counting(int map) {
    return {{.code = BPF_LD | BPF_DW | BPF_IMM,
             .dst_reg = 1,
             .src_reg = BPF_PSEUDO_MAP_VALUE,
             .off = 0,
             .imm = map},
            {.code = 0, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
            {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .src_reg = 0, .off = 0, .imm = 1},
            {.code = BPF_STX | BPF_DW | BPF_ATOMIC,
             .dst_reg = 1,
             .src_reg = 2,
             .off = 0,
             .imm = BPF_ADD},
            move(0),
            kExit};
}

Result<sys::Fd> load(ProgramType type, const std::vector<bpf_insn>& code, const char* function) {
    const auto kernel = kernel_type(type);
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    options.expected_attach_type = kernel.expected;
    if (function != nullptr) {
        const int id = libbpf_find_vmlinux_btf_id(function, kernel.expected);
        if (id <= 0) {
            errno = -id;
            return failed("load", "the kernel's BTF has no " + std::string(function));
        }
        options.attach_btf_id = static_cast<std::uint32_t>(id);
    }
    sys::Fd program(
        ::bpf_prog_load(kernel.type, "bulkhead_probe", "GPL", code.data(), code.size(), &options));
    if (program) return program;
    if (errno == EPERM && function != nullptr)
        return failed("load", "as where the kernel is locked down (lockdown=confidentiality)");
    if (errno == EINVAL) return failed("load", "this kernel is built without it");
    return failed("load");
}

Result<> try_type(ProgramType type) {
    protocol::ProgramPlan plan;
    plan.type = type;
    plan.interface = kLoopback;
    const bool by_btf = type == ProgramType::fentry || type == ProgramType::fexit;
    if (by_btf || type == ProgramType::kprobe)
        plan.attach = protocol::Label::clipped(kTestFunction);
    const auto program = TRY(load(type, idle(type), by_btf ? kTestFunction : nullptr));
    const auto attached = attach(plan, program.get(), kProbeHandle);
    // Another XDP program is there, as only on a kernel that can.
    if (!attached && attached.error().code == EBUSY) return {};
    if (!attached) return within("attach", attached.error());
    return {};
}

Result<> try_cgroup(ProgramType type) {
    const auto program = TRY(load(type, idle(type), nullptr));
    const sys::Fd none(
        ::bpf_link_create(program.get(), program.get(), kernel_type(type).attach, nullptr));
    if (!none && errno == EBADF) return {};
    return failed("attach", "this kernel is built without CONFIG_CGROUP_BPF");
}

// A kernel whose parameter lsm= does not name bpf attaches the program, and never calls it.
Result<> try_lsm() {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    const sys::Fd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "bulkhead_probe", 4, 8, 1, &options));
    if (!map) return failed("map");
    const auto program = TRY(load(ProgramType::lsm, counting(map.get()), kHook));
    protocol::ProgramPlan plan;
    plan.type = ProgramType::lsm;
    const auto attached = attach(plan, program.get(), 0);
    if (!attached) return within("attach", attached.error());
    const std::uint32_t key = 0;
    std::uint64_t calls = 0;
    // The first of these calls is counted, and the second reads the count.
    for (int i = 0; i < 2; ++i) {
        if (::bpf_map_lookup_elem(map.get(), &key, &calls) != 0) return failed("count");
    }
    if (calls > 0) return {};
    return fail("attached and never called; the kernel's parameter lsm= does not name bpf");
}

Result<> try_types() {
    const sys::Fd file(::open(kKernelTypes, O_RDONLY | O_CLOEXEC));
    std::uint16_t magic = 0;
    if (!file) return failed(kKernelTypes, "CONFIG_DEBUG_INFO_BTF");
    if (::read(file.get(), &magic, sizeof magic) != sizeof magic || magic != BTF_MAGIC)
        return fail(std::string(kKernelTypes) + ": not BTF");
    return {};
}

Result<> try_tcx() {
    if (has_tcx(kLoopback)) return {};
    return fail("no tcx (Linux 6.6): TC programs are filters of clsact here");
}

Result<> try_one(ProgramType type) {
    switch (type) {
        case ProgramType::cgroup_connect4:
        case ProgramType::cgroup_connect6:
        case ProgramType::cgroup_ingress:
        case ProgramType::cgroup_egress:
            return try_cgroup(type);
        case ProgramType::lsm:
            return try_lsm();
        default:
            return try_type(type);
    }
}

protocol::KernelFeature feature(std::string_view name, const Result<>& tried) {
    protocol::KernelFeature made;
    made.name = protocol::Code::clipped(name);
    made.works = tried.has_value();
    if (!tried) made.why = protocol::Label::clipped(printable(tried.error().what, 128));
    return made;
}

}  // namespace

std::vector<protocol::KernelFeature> probe() {
    keep_messages();
    std::vector<protocol::KernelFeature> all;
    for (int type = 1; type <= static_cast<int>(ProgramType::kLast); ++type) {
        const auto one = static_cast<ProgramType>(type);
        all.push_back(feature(word_of(one), try_one(one)));
    }
    all.push_back(feature("btf", try_types()));
    all.push_back(feature("tcx", try_tcx()));
    return all;
}

}  // namespace bulkhead::loader
