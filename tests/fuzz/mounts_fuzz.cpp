// A mountinfo, in which places and sources bear names that users chose: what comes of a line are
// words of that line, in their order, and no line makes two mounts.
#include "common/base/parse.hpp"
#include "common/sys/mounts.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    auto lines = split(text, '\n');
    auto line = lines.begin();
    for (const auto& mount : sys::parse_mounts(text)) {
        const char* end = nullptr;
        while (line != lines.end() && line->data() + line->size() < mount.id.data()) ++line;
        fuzz::require(line != lines.end());
        for (const auto part : {mount.id, mount.device, mount.place, mount.options, mount.type,
                                mount.super_options}) {
            fuzz::require(!part.empty() && part.find_first_of(" \t\n") == part.npos);
            fuzz::require(part.data() >= line->data() &&
                          part.data() + part.size() <= line->data() + line->size());
            fuzz::require(end == nullptr || part.data() > end);
            end = part.data() + part.size();
        }
        ++line;
    }
    return 0;
}
