/* For the programs of the tests: a map with one count. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} hits SEC(".maps");

static void hit(void)
{
    __u32 first = 0;
    __u64 *count = bpf_map_lookup_elem(&hits, &first);

    if (count)
        __sync_fetch_and_add(count, 1);
}

char LICENSE[] SEC("license") = "GPL";
