// `bulkhead describe-protocol`: prints the reference page of the protocol between worker and
// broker.
#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "common/protocol/describe.hpp"

namespace bulkhead::cli {

Result<int> describe_protocol(const Arguments& arguments) {
    if (!arguments.empty()) return wrong("takes no arguments");
    TRY(print(protocol::describe()));
    return kDone;
}

}  // namespace bulkhead::cli
