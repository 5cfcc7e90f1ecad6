// Reads the sizes of /proc/meminfo. The function has a file of its own so that the broker, which
// reads no such size, does not link it.
#include <limits>

#include "common/base/parse.hpp"

namespace bulkhead {

Result<std::uint64_t> ColonTable::kibibytes(std::string_view key) const {
    const auto parts = words(TRY(value(key)));
    if (parts.size() != 2 || parts[1] != "kB") return fail(std::string(key) + ": expected kB");
    const auto count = TRY(within(key, parse_number<std::uint64_t>(parts[0])));
    if (count > std::numeric_limits<std::uint64_t>::max() / 1024) {
        return fail(std::string(key) + ": number out of range");
    }
    return count * 1024;
}

}  // namespace bulkhead
