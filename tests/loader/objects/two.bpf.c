#include "counting.h"

SEC("tc")
int count_in(struct __sk_buff *packet)
{
    hit();
    return -1;
}

SEC("xdp")
int run(struct xdp_md *packet)
{
    return XDP_PASS;
}
