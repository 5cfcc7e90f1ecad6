// What parses as an artifact's manifest is written again as the very same bytes, and an approval
// file falls into parts that are the whole.
#include "common/approval/artifact.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::text(data, size);
    if (const auto parts = approval::split_artifact_approval(bytes)) {
        fuzz::require(std::string(parts->manifest).append(parts->signatures) == bytes);
    }
    const auto artifact = approval::parse_artifact_manifest(bytes);
    if (!artifact) {
        fuzz::require(!artifact.error().what.empty() && artifact.error().what.size() < 512);
        return 0;
    }
    fuzz::require(approval::write_artifact_manifest(*artifact) == bytes);
    fuzz::require(artifact->not_before < artifact->not_after && artifact->elf_size > 0);
    fuzz::require(!artifact->programs.empty());
    for (const auto& one : artifact->programs) {
        fuzz::require(one.type != approval::ProgramType::none);
    }
    for (const auto& one : artifact->rodata) {
        fuzz::require(!one.bytes.empty() && one.bytes.size() <= 8);
    }
    return 0;
}
