/* Refuses connect(2) over IPv4 to one port (EPERM), for the processes of a cgroup. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} refused SEC(".maps");

const volatile __u16 port = 0; /* 0: refuses nothing */

SEC("cgroup/connect4")
int guard(struct bpf_sock_addr *address)
{
    __u32 first = 0;
    __u64 *count;

    if (!port || address->user_port != bpf_htons(port))
        return 1;
    count = bpf_map_lookup_elem(&refused, &first);
    if (count)
        ++*count;
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
