#include "counting.h"

SEC("kprobe/do_unlinkat")
int see_unlink(void *registers)
{
    hit();
    return 0;
}
