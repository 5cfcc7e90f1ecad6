#include "counting.h"

SEC("fexit/do_unlinkat")
int see_exit(unsigned long long *arguments)
{
    hit();
    return 0;
}
