/* A map of 8 GiB. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1 << 20);
    __type(key, __u32);
    __type(value, char[8192]);
} bomb SEC(".maps");

SEC("xdp")
int run(struct xdp_md *packet)
{
    __u32 first = 0;

    return bpf_map_lookup_elem(&bomb, &first) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
