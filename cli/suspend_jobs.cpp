// `bulkhead suspend-jobs`: keeps the agent from starting jobs, until `bulkhead resume-jobs`. It
// makes the mark file for all backends, which only root can do; the broker records it.
#include <array>

#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--reason", Option::Takes::once},
                              Option{"--state", Option::Takes::once}};

}  // namespace

Result<int> suspend_jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state"}));
    if (!options.operands().empty()) return wrong("takes no operands; --reason TEXT");
    const auto reason = TRY(one_line("--reason", options.value("--reason", "no reason given")));
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker";
    const auto directory = TRY(only_root(sys::Dir::open(place)));
    TRY(only_root(within(place, directory.write_atomic("intake-suspended",
                                                       "by an operator: " + reason + "\n", 0600))));
    TRY(print_done(
        "No job begins from now on, until bulkhead resume-jobs. Those that run go on: bulkhead "
        "jobs lists\nthem, bulkhead stop-job ends one.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
