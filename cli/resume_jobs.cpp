// `bulkhead resume-jobs`: lifts the suspension that a worker's violations brought about. Root's to
// do: the mark lies where only root may write, and the broker records that it is gone.
#include <unistd.h>

#include <array>

#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/options.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--state", Option::Takes::once}};

}  // namespace

Result<int> resume_jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto mark = options.value("--state", "/var/lib/bulkhead") + "/broker/intake-suspended";
    if (::unlink(mark.c_str()) == 0) {
        TRY(
            print("Jobs are taken again, from the next one on; the audit log will have "
                  "intake-resumed.\n"
                  "Look there for protocol-violation: five of them suspended jobs.\n"));
        return kDone;
    }
    const auto why = sys::fail_errno(mark).error();
    if (why.code != ENOENT) {
        return fail(why.what + (why.code == EACCES ? "; only root may" : ""), why.code);
    }
    TRY(print(
        "Nothing to resume: there is no " + mark +
        ".\nIf jobs are refused as intake-suspended all the same, jobs.disabled stands in the "
        "policy directory.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
