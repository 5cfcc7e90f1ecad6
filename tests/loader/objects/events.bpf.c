/* As many objects declare it: libbpf is to find out how many processors there are. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("xdp")
int run(struct xdp_md *packet)
{
    __u32 one = 1;

    bpf_perf_event_output(packet, &events, BPF_F_CURRENT_CPU, &one, sizeof one);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
