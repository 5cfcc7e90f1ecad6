#include "counting.h"

SEC("fentry/do_unlinkat")
int see_entry(unsigned long long *arguments)
{
    hit();
    return 0;
}
