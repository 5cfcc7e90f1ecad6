#include "counting.h"

SEC("cgroup/connect6")
int guard6(struct bpf_sock_addr *address)
{
    return 0;
}

SEC("cgroup_skb/ingress")
int count_in(struct __sk_buff *packet)
{
    hit();
    return 1;
}

SEC("cgroup_skb/egress")
int count_out(struct __sk_buff *packet)
{
    hit();
    return 1;
}
