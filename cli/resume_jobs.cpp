// `bulkhead resume-jobs`: lets the agent start jobs again after a worker's violations of the
// protocol, or `bulkhead suspend-jobs`, have suspended that. It removes the mark files, which only
// root can do; the broker then records it.
#include <array>
#include <filesystem>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "common/admission/host_facts.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kMark = "intake-suspended";
constexpr std::array kOptions{Option{"--state", Option::Takes::once},
                              Option{"--policy", Option::Takes::once}};

}  // namespace

Result<int> resume_jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state", "--policy"}));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker";
    const auto directory = TRY(only_root(sys::Dir::open(place)));
    std::string resumed;
    for (const auto& name : TRY(within(place, directory.list()))) {
        // Version 0.1 made one mark for all backends; since then each backend has its own.
        const bool of_one = name.starts_with(std::string(kMark) + ".");
        if (name != kMark && !of_one) continue;
        TRY(only_root(within(place, directory.remove_file(name))));
        const auto whose = of_one ? "backend " + name.substr(kMark.size() + 1) : "all backends";
        resumed += (resumed.empty() ? "" : ", ") + whose;
    }
    const auto policy = options.value("--policy", kPolicyDirectory);
    // Without a policy in that place, the agent's is in another, which only --policy can say.
    std::error_code unknown;
    const bool there = std::filesystem::exists(policy, unknown);
    const auto disabled = there ? admission::suspended_by(policy) : "";
    if (!resumed.empty() && !disabled.empty()) {
        return fail("removed what suspended " + resumed +
                    ", but what stands is not lifted by this command: " + disabled);
    }
    if (!resumed.empty()) {
        TRY(print_done("No mark keeps jobs from starting any more: of " + resumed +
                       "; the audit log will have intake-resumed,\nand bulkhead status says "
                       "whether anything else does.\n"
                       "Look there for protocol-violation: five of a backend's worker suspend its "
                       "jobs. So does\nbulkhead suspend-jobs, those of all.\n"));
        return kDone;
    }
    if (!disabled.empty()) {
        return fail("there is no " + std::string(kMark) + " in " + place +
                    "; what suspends jobs is not lifted by this command: " + disabled);
    }
    TRY(print("Nothing to resume: there is no " + std::string(kMark) + " in " + place +
              ", and no jobs.disabled in " + policy + ".\n"));
    return kDone;
}

}  // namespace bulkhead::cli
