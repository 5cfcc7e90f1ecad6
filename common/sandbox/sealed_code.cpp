#include "common/sandbox/sealed_code.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

namespace {

constexpr long kMseal = 462;  // on every architecture; the headers of Debian 12 lack it

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

// Appends the ranges of one loaded object as the loader protects them: whole pages. The last page
// of PT_GNU_RELRO is left out if it is not wholly part of it, because it stays writable.
int add_ranges(dl_phdr_info* object, std::size_t, void* to) {
    auto& ranges = *static_cast<std::vector<Range>*>(to);
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (const auto& part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
        const bool constant = part.p_type == PT_LOAD && (part.p_flags & PF_W) == 0;
        if (!constant && part.p_type != PT_GNU_RELRO) continue;
        const auto begin = object->dlpi_addr + part.p_vaddr;
        const auto end = begin + part.p_memsz + (constant ? page - 1 : 0);
        ranges.push_back({begin / page * page, end / page * page});
    }
    return 0;
}

long seal(const Range& range) { return ::syscall(kMseal, range.begin, range.end - range.begin, 0); }

}  // namespace

Result<> seal_code() {
    std::vector<Range> ranges;
    ::dl_iterate_phdr(add_ranges, &ranges);
    for (const auto& range : ranges) {
        if (range.begin < range.end) TRY(sys::check(seal(range), "mseal"));
    }
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto here = reinterpret_cast<std::uintptr_t>(&seal_code) / page * page;
    const int tried = ::mprotect(reinterpret_cast<void*>(here), page, PROT_READ | PROT_EXEC);
    if (tried == 0 || errno != EPERM)
        return fail("sealed code can be remapped", Error::Kind::differs);
    return {};
}

}  // namespace bulkhead::sandbox
