/* The verifier refuses it: it reads a packet beyond its bounds. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int run(struct xdp_md *packet)
{
    return *(volatile char *)(long)packet->data;
}

char LICENSE[] SEC("license") = "GPL";
