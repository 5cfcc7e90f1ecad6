// A bundle: what a backend sends of an artifact. It is the object file itself (ELF), or a tar
// archive, packed by zstd or gzip, of
//
//   program.o          the object, at most approval::kMaxElf
//   approval.artifact  may be left out: the manifest and its signatures (common/approval)
//   metadata.json      may be left out: what the packer says about it, for people
//
// and of other files, which are passed over. Nothing is written to a disk.
#pragma once
#include <string>
#include <string_view>

#include "worker/bundle/bundle_refusal.hpp"

namespace bulkhead::worker {

struct Bundle {
    std::string elf;
    std::string approval;  // empty: none
    // Of metadata.json: "NAME VERSION", each at most 64 bytes; empty: it says none.
    std::string title;
};

// Takes at most kMaxBundle bytes. Tells the forms apart by their first bytes, whatever name or type
// they were sent under.
Unpacked<Bundle> read_bundle(std::string_view bytes);

}  // namespace bulkhead::worker
