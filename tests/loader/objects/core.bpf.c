/* Relocated when it is loaded (CO-RE): the first member is in every kernel, the second in none. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct task_struct {
    int pid;
    int bulkhead_has_no_such_member;
} __attribute__((preserve_access_index));

SEC("xdp")
int run(struct xdp_md *packet)
{
    if (!bpf_core_field_exists(((struct task_struct *)0)->pid))
        return XDP_ABORTED;
    if (bpf_core_field_exists(((struct task_struct *)0)->bulkhead_has_no_such_member))
        return XDP_ABORTED;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
