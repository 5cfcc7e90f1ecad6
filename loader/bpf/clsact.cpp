#include "loader/bpf/clsact.hpp"

#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/sys/fd.hpp"

namespace bulkhead::loader {

namespace {

bpf_tc_hook hook_of(const protocol::NamedFilter& filter, int points) {
    LIBBPF_OPTS(bpf_tc_hook, hook);
    hook.ifindex = static_cast<int>(filter.interface);
    hook.attach_point = static_cast<bpf_tc_attach_point>(points);
    return hook;
}

bpf_tc_hook hook_of(const protocol::NamedFilter& filter) {
    return hook_of(filter, filter.egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
}

Result<> answered(int result, const char* what) {
    if (result == 0) return {};
    return fail(std::string(what) + ": " + std::strerror(-result), -result);
}

// Removes the qdisc clsact with all that is in it.
Result<> remove_qdisc(const protocol::NamedFilter& filter) {
    auto hook = hook_of(filter, BPF_TC_INGRESS | BPF_TC_EGRESS);
    return answered(bpf_tc_hook_destroy(&hook), "removing clsact");
}

// Asks for the filters of one direction (RTM_GETTFILTER, rtnetlink(7)).
Result<bool> has_filters(const sys::Fd& socket, std::uint32_t interface, std::uint32_t direction) {
    struct {
        nlmsghdr header;
        tcmsg message;
    } question{};
    question.header = {.nlmsg_len = sizeof question,
                       .nlmsg_type = RTM_GETTFILTER,
                       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                       .nlmsg_seq = 1,
                       .nlmsg_pid = 0};
    question.message.tcm_family = AF_UNSPEC;
    question.message.tcm_ifindex = static_cast<int>(interface);
    question.message.tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
    if (::send(socket.get(), &question, sizeof question, 0) < 0)
        return sys::fail_errno("asking for filters");
    bool any = false;
    while (true) {
        alignas(nlmsghdr) std::array<char, 32768> answer{};
        const auto size = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (size < 0) return sys::fail_errno("the filters");
        auto left = static_cast<unsigned>(size);
        const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
        for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE) return any;
            if (header->nlmsg_type == NLMSG_ERROR) return any;
            any = any || header->nlmsg_type == RTM_NEWTFILTER;
        }
        if (size == 0) return any;
    }
}

Result<> remove_empty_qdisc(const protocol::NamedFilter& filter) {
    const sys::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return sys::fail_errno("netlink");
    for (const std::uint32_t direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
        if (TRY(has_filters(socket, filter.interface, direction))) return {};
    }
    return remove_qdisc(filter);
}

bool is_gone(int code) { return code == ENOENT || code == EINVAL || code == ENODEV; }

}  // namespace

Result<> add_filter(const protocol::NamedFilter& filter, int program) {
    auto hook = hook_of(filter);
    const int made = bpf_tc_hook_create(&hook);
    if (made != 0 && made != -EEXIST) return answered(made, "making clsact");
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.prog_fd = program;
    options.handle = filter.handle;
    options.priority = filter.priority;
    const int added = bpf_tc_attach(&hook, &options);
    if (added == 0) return {};
    if (made == 0) static_cast<void>(remove_qdisc(filter));
    return answered(added, "adding a filter to clsact");
}

Result<> remove_filter(const protocol::NamedFilter& filter) {
    const auto hook = hook_of(filter);
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.handle = filter.handle;
    options.priority = filter.priority;
    const int removed = bpf_tc_detach(&hook, &options);
    if (removed != 0 && !is_gone(-removed)) return answered(removed, "removing a filter");
    if (removed == -ENODEV) return {};
    const auto emptied = remove_empty_qdisc(filter);
    return !emptied && is_gone(emptied.error().code) ? Result<>() : emptied;
}

}  // namespace bulkhead::loader
