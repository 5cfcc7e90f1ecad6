#include "common/sys/memory.hpp"

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace bulkhead::sys {

namespace {

// With text relocations (DT_TEXTREL) its code is not what the file holds.
bool is_as_in_its_file(const dl_phdr_info& object) {
    for (const auto& part : std::span(object.dlpi_phdr, object.dlpi_phnum)) {
        if (part.p_type != PT_DYNAMIC) continue;
        const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + part.p_vaddr);
        for (; entry->d_tag != DT_NULL; ++entry) {
            if (entry->d_tag == DT_TEXTREL) return false;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return false;
        }
    }
    return true;
}

// A segment that cannot be written is what its file holds; PT_GNU_RELRO is part of one that can.
int drop_constant_pages(dl_phdr_info* object, std::size_t, void*) {
    if (!is_as_in_its_file(*object)) return 0;
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (const auto& part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
        const auto begin = (object->dlpi_addr + part.p_vaddr) / page * page;
        const auto end = object->dlpi_addr + part.p_vaddr + part.p_filesz;
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void give_back_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(drop_constant_pages, nullptr);
}

}  // namespace bulkhead::sys
