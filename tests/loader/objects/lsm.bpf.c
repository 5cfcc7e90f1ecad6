#include "counting.h"

SEC("lsm/file_open")
int see_open(unsigned long long *arguments)
{
    hit();
    return 0;
}
