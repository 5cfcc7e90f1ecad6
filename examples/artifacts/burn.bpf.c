/* For tests of the guard only: burns processor time at every packet (bpf_loop, Linux 5.17). */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 rounds = 1000000;
__u64 sum;

static long turn(__u64 number, void *unused)
{
    sum += number;
    return 0;
}

SEC("xdp")
int burn(struct xdp_md *packet)
{
    bpf_loop(rounds, turn, 0, 0);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
