// A signed script that can be taken apart is put together again as the very same bytes.
#include "common/approval/signed_script.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    const auto parts = approval::split_signed_script(text);
    if (!parts) return 0;
    fuzz::require(text.starts_with(parts->script));
    fuzz::require(parts->has_tail || parts->script == text);
    if (!parts->has_tail || parts->script.empty()) return 0;
    const auto again =
        approval::join_signed_script(parts->script, parts->manifest, parts->signatures);
    fuzz::require(again && *again == text);
    return 0;
}
