#include "loader/bpf/program_types.hpp"

#include <array>

namespace bulkhead::loader {

namespace {

using approval::ProgramType;

struct Row {
    ProgramType type;
    std::string_view word;
    KernelType kernel;
    // Names of sections; the first ones are whole, and after `functions` of them "/FUNCTION" may
    // follow.
    std::array<std::string_view, 4> sections;
    bool functions;
};

constexpr auto kNone = static_cast<bpf_attach_type>(0);

constexpr Row kRows[] = {
    {ProgramType::xdp, "xdp", {BPF_PROG_TYPE_XDP, BPF_XDP, BPF_XDP}, {"xdp", "xdp.frags"}, false},
    {ProgramType::tc_ingress,
     "tc-ingress",
     {BPF_PROG_TYPE_SCHED_CLS, kNone, kTcxIngress},
     {"tc", "classifier", "tc/ingress", "tcx/ingress"},
     false},
    {ProgramType::tc_egress,
     "tc-egress",
     {BPF_PROG_TYPE_SCHED_CLS, kNone, kTcxEgress},
     {"tc", "classifier", "tc/egress", "tcx/egress"},
     false},
    {ProgramType::cgroup_connect4,
     "cgroup-connect4",
     {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET4_CONNECT},
     {"cgroup/connect4"},
     false},
    {ProgramType::cgroup_connect6,
     "cgroup-connect6",
     {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_INET6_CONNECT},
     {"cgroup/connect6"},
     false},
    {ProgramType::cgroup_ingress,
     "cgroup-ingress",
     {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_INGRESS},
     {"cgroup_skb/ingress"},
     false},
    {ProgramType::cgroup_egress,
     "cgroup-egress",
     {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_EGRESS},
     {"cgroup_skb/egress"},
     false},
    {ProgramType::lsm,
     "lsm",
     {BPF_PROG_TYPE_LSM, BPF_LSM_MAC, BPF_LSM_MAC},
     {"lsm", "lsm.s"},
     true},
    {ProgramType::fentry,
     "fentry",
     {BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, BPF_TRACE_FENTRY},
     {"fentry", "fentry.s"},
     true},
    {ProgramType::fexit,
     "fexit",
     {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, BPF_TRACE_FEXIT},
     {"fexit", "fexit.s"},
     true},
    {ProgramType::kprobe,
     "kprobe",
     {BPF_PROG_TYPE_KPROBE, kNone, BPF_PERF_EVENT},
     {"kprobe"},
     true},
};

const Row* row_of(ProgramType type) {
    for (const auto& row : kRows) {
        if (row.type == type) return &row;
    }
    return nullptr;
}

// The function in the name of a section of the row, "" if the name is a whole one; nothing if it is
// no section of the row.
std::optional<std::string_view> function_in(const Row& row, std::string_view section) {
    for (const auto name : row.sections) {
        if (name.empty()) break;
        if (section == name) return std::string_view();
        if (row.functions && section.starts_with(name) && section[name.size()] == '/')
            return section.substr(name.size() + 1);
    }
    return std::nullopt;
}

}  // namespace

KernelType kernel_type(ProgramType type) {
    const auto* row = row_of(type);
    return row == nullptr ? KernelType{} : row->kernel;
}

std::string_view word_of(ProgramType type) {
    const auto* row = row_of(type);
    return row == nullptr ? "none" : row->word;
}

bool may_stand_in(ProgramType type, std::string_view section, std::string_view attach) {
    const auto* row = row_of(type);
    if (row == nullptr) return false;
    const auto function = function_in(*row, section);
    return function && (function->empty() || *function == attach);
}

ProgramType type_of_section(std::string_view section) {
    for (const auto& row : kRows) {
        if (function_in(row, section)) return row.type;
    }
    return ProgramType::none;
}

}  // namespace bulkhead::loader
