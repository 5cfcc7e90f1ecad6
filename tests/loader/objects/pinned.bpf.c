#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
    __type(key, __u32);
    __type(value, __u64);
} bulkhead_test_pin SEC(".maps");

SEC("xdp")
int run(struct xdp_md *packet)
{
    __u32 first = 0;

    return bpf_map_lookup_elem(&bulkhead_test_pin, &first) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
