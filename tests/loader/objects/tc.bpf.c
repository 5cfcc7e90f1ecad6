#include "counting.h"

SEC("tc")
int count_in(struct __sk_buff *packet)
{
    hit();
    return -1; /* TCX_NEXT, TC_ACT_UNSPEC */
}

SEC("tc")
int count_out(struct __sk_buff *packet)
{
    hit();
    return -1;
}
