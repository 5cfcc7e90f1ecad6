#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct tcp_congestion_ops {
    char name[16];
    unsigned int (*ssthresh)(void *socket);
};

SEC("struct_ops/ssthresh")
unsigned int run(void *socket)
{
    return 1;
}

SEC(".struct_ops")
struct tcp_congestion_ops ops = {
    .name = "bulkhead_test",
    .ssthresh = run,
};

char LICENSE[] SEC("license") = "GPL";
