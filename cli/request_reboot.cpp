// `bulkhead request-reboot`: a job calls it to have the host restarted after the job has ended. It
// makes a file for which the broker looks then; only root can make it. A job can also ask by exit
// status 194.
#include <fcntl.h>

#include <cstdlib>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

Result<int> request_reboot(const Arguments& arguments) {
    if (!arguments.empty()) return wrong("takes no arguments");
    const char* const mark = std::getenv("BULKHEAD_REBOOT_MARK");
    if (mark == nullptr) {
        return fail(
            "only for jobs whose profile is root's, and there is no BULKHEAD_REBOOT_MARK here");
    }
    const sys::Fd file(::open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return sys::fail_errno(mark);
    TRY(print_done("The host restarts when this job has ended and its result is delivered.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
