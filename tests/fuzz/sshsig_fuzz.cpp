// The input as armored text and as a raw blob: only the one true signature is ever valid.
#include <algorithm>

#include "common/approval/sshsig.hpp"
#include "common/base/parse.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

constexpr std::string_view kKey =
    "AAAAC3NzaC1lZDI1NTE5AAAAIBPslBWL05d1B7GRT32SuG9TkHP640I7s6ZTPlgM1/z/";
// Over "golden\n"; the seeds hold it armored and raw.
constexpr std::string_view kSignature =
    "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgE+yUFYvTl3UHsZFPfZK4b1OQc/rjQjuzplM+WAzX/P8A"
    "AAAPYnVsa2hlYWQtam9iLXYxAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5AAAAQB+xxG9HuXxshia2"
    "HZ2dmIN0Ce1GOBT9uABG6yhybB+IpeH+SIJ/hM+S1F5jUjJAUYtWvGAndOVeyUJwx7aE7gQ=";

const approval::PublicKey& key() {
    static const auto parsed = approval::parse_public_key("ssh-ed25519", kKey).value();
    return parsed;
}

void try_blob(ByteView blob) {
    static const auto golden = parse_base64(kSignature).value();
    const auto match = approval::match_sshsig(blob, key(), "golden\n");
    const bool same = std::equal(blob.begin(), blob.end(), golden.begin(), golden.end());
    fuzz::require((match == approval::Match::valid) == same);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    try_blob(as_bytes(text));
    if (const auto blobs = approval::dearmor(text)) {
        fuzz::require(blobs->size() <= approval::kMaxSignatures);
        for (const auto& blob : *blobs) try_blob(blob);
    }
    return 0;
}
