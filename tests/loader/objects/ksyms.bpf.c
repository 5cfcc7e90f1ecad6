#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern const void init_task __ksym;

SEC("xdp")
int run(struct xdp_md *packet)
{
    return (unsigned long)&init_task > 4096 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
