// What parses as a manifest is written again as the very same bytes: there is no second spelling.
#include "common/approval/manifest.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::text(data, size);
    const auto job = approval::parse_manifest(bytes);
    if (!job) {
        fuzz::require(!job.error().what.empty() && job.error().what.size() < 512);
        return 0;
    }
    fuzz::require(approval::write_manifest(*job) == bytes);
    fuzz::require(job->not_before < job->not_after && job->script_size > 0);
    for (const auto& param : job->params) {
        static_cast<void>(approval::check_param(param, job->reason));
        fuzz::require(!approval::check_param(param, ""));
    }
    return 0;
}
