// Memory that a process has no use for any more.
#pragma once

namespace bulkhead::sys {

// Gives the kernel what is free in the heap (malloc_trim(3)), and takes out of this process those
// pages of code and constants that it shares with the files of the program and its libraries
// (MADV_DONTNEED, madvise(2)). A page that is used again comes back from the page cache, with a
// fault of about a microsecond, and the kernel can have the others. To be called where much was
// done that is not done again soon, as at the end of a start. Never fails: what cannot be given
// back stays.
void give_back_memory();

}  // namespace bulkhead::sys
