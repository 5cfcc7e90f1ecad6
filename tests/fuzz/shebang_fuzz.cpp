// What the parser of the #! line hands out is a piece of the script's first 255 bytes.
#include "common/approval/shebang.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto script = fuzz::text(data, size);
    const auto line = approval::parse_shebang(script);
    fuzz::require(line || script.starts_with("#!"));
    if (line && *line) {
        const auto first = script.substr(0, approval::kMaxShebang);
        fuzz::require(first.contains((*line)->interpreter) && first.contains((*line)->argument));
        fuzz::require(!(*line)->interpreter.empty());
    }
    const auto asked = approval::asked_for(script);
    fuzz::require(!asked || !*asked || !(*asked)->program.empty());
    return 0;
}
