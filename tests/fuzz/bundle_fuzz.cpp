// What a backend sends as a bundle is held to its bounds, and what comes out is an object.
#include "common/approval/artifact.hpp"
#include "tests/fuzz/target.hpp"
#include "worker/bundle/bundle.hpp"
#include "worker/bundle/tar_reader.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::text(data, size);
    const auto bundle = worker::read_bundle(bytes);
    if (bundle) {
        fuzz::require(bundle->elf.starts_with("\x7f" "ELF"));
        fuzz::require(bundle->elf.size() <= approval::kMaxElf);
        fuzz::require(bundle->approval.size() <= 2 * approval::kMaxManifest);
    } else {
        fuzz::require(!bundle.error().code.empty() && bundle.error().detail.size() < 1'000);
    }
    // The archive alone, without a compression that the fuzzer would have to guess: in two pieces
    // it says the same as in one.
    worker::TarReader whole({{"program.o", 1'000}});
    worker::TarReader pieces({{"program.o", 1'000}});
    const bool read = whole.feed(bytes) && whole.finish();
    const bool read_again = pieces.feed(bytes.substr(0, size / 3)) &&
                            pieces.feed(bytes.substr(size / 3)) && pieces.finish();
    fuzz::require(read == read_again);
    if (read) fuzz::require(whole.files() == pieces.files());
    return 0;
}
