#include "loader/bpf/attach.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/parse.hpp"
#include "loader/bpf/clsact.hpp"
#include "loader/bpf/program_types.hpp"

namespace bulkhead::loader {

namespace {

using approval::ProgramType;

// The number of the PMU "kprobe" (perf_event_open(2), dynamic PMU).
constexpr const char* kKprobeType = "/sys/devices/kprobe/type";

std::unexpected<Error> failed(const std::string& what) {
    const int code = errno;
    return fail(what + ": " + std::strerror(code), code);
}

Result<sys::Fd> link_to(int program, int target, bpf_attach_type type) {
    sys::Fd link(bpf_link_create(program, target, type, nullptr));
    if (!link) return failed("making a link");
    return link;
}

Result<std::uint32_t> kprobe_type() {
    const sys::Fd file(::open(kKprobeType, O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT)
        return fail("this kernel has no kprobes (CONFIG_KPROBE_EVENTS)", ENOENT);
    if (!file) return failed(kKprobeType);
    auto text = TRY(sys::read_from_start(file, 16));
    while (text.ends_with('\n')) text.pop_back();
    return parse_number<std::uint32_t>(text);
}

// An event of perf_event_open(2) at the first instruction of the function, and a link to it
// (Linux 5.15).
Result<sys::Fd> link_to_kprobe(const std::string& function, int program) {
    perf_event_attr event{};
    event.size = sizeof event;
    event.type = TRY(kprobe_type());
    event.kprobe_func = reinterpret_cast<std::uintptr_t>(function.c_str());
    const sys::Fd probe(
        static_cast<int>(::syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!probe && (errno == EACCES || errno == EPERM))
        return failed(
            "perf_event_open: CAP_PERFMON does not suffice where kernel.perf_event_paranoid is "
            "above 2, or the kernel is locked down");
    if (!probe) return failed("perf_event_open of " + function);
    return link_to(program, probe.get(), BPF_PERF_EVENT);
}

Result<Attached> attach_tc(const protocol::ProgramPlan& plan, int program, std::uint32_t handle) {
    const bool egress = plan.type == ProgramType::tc_egress;
    if (has_tcx(plan.interface)) {
        return Attached(TRY(
            link_to(program, static_cast<int>(plan.interface), egress ? kTcxEgress : kTcxIngress)));
    }
    const protocol::NamedFilter filter{.interface = plan.interface,
                                       .egress = egress,
                                       .handle = handle,
                                       .priority = protocol::kFilterPriority};
    TRY(add_filter(filter, program));
    return Attached(filter);
}

Result<Attached> attach_there(const protocol::ProgramPlan& plan, int program,
                              std::uint32_t handle) {
    const auto type = kernel_type(plan.type).attach;
    switch (plan.type) {
        case ProgramType::xdp:
            return Attached(TRY(link_to(program, static_cast<int>(plan.interface), type)));
        case ProgramType::tc_ingress:
        case ProgramType::tc_egress:
            return attach_tc(plan, program, handle);
        case ProgramType::cgroup_connect4:
        case ProgramType::cgroup_connect6:
        case ProgramType::cgroup_ingress:
        case ProgramType::cgroup_egress:
            if (!plan.cgroup) return fail("the plan has no cgroup for it");
            return Attached(TRY(link_to(program, plan.cgroup->fd.get(), type)));
        case ProgramType::lsm:
        case ProgramType::fentry:
        case ProgramType::fexit:
            return Attached(TRY(link_to(program, 0, type)));
        case ProgramType::kprobe:
            return Attached(TRY(link_to_kprobe(plan.attach.str(), program)));
        case ProgramType::none:
            break;
    }
    return fail("the plan has no type for it");
}

bool on_interface(ProgramType type) {
    return type == ProgramType::xdp || type == ProgramType::tc_ingress ||
           type == ProgramType::tc_egress;
}

}  // namespace

Attached::~Attached() {
    if (filter_) static_cast<void>(remove_filter(*filter_));
}

bool has_tcx(std::uint32_t interface) {
    std::uint32_t count = 0;
    const int asked =
        bpf_prog_query(static_cast<int>(interface), kTcxIngress, 0, nullptr, nullptr, &count);
    return asked == 0 || errno != EINVAL;
}

Result<Attached> attach(const protocol::ProgramPlan& plan, int program, std::uint32_t handle) {
    if (on_interface(plan.type) && plan.interface == 0) return fail("the plan has no interface");
    return within(std::string(word_of(plan.type)), attach_there(plan, program, handle));
}

}  // namespace bulkhead::loader
