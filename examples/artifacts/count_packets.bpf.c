/* Counts the packets of an interface, and drops every one whose length is above `limit` if that is
 * set. Maps: "packets" has one count, "dropped" is the drops-map of the manifest. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} packets SEC(".maps"), dropped SEC(".maps");

const volatile __u32 limit = 0; /* bytes; 0: drop nothing */

static void add_one(void *map)
{
    __u32 first = 0;
    __u64 *count = bpf_map_lookup_elem(map, &first);

    if (count)
        ++*count;
}

SEC("xdp")
int count(struct xdp_md *packet)
{
    add_one(&packets);
    if (limit && packet->data_end - packet->data > limit) {
        add_one(&dropped);
        return XDP_DROP;
    }
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
