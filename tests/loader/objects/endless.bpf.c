/* The verifier walks it until its bound of a million instructions. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int run(struct xdp_md *packet)
{
    unsigned long sum = 0;
    volatile unsigned long end = 0;

    for (unsigned long i = 0; i < 100000000; i++)
        sum += bpf_get_prandom_u32() ^ i;
    end = sum;
    return end & 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
