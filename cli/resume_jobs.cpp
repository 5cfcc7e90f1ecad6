// `bulkhead resume-jobs`: lets the agent start jobs again after a worker's violations of the
// protocol have suspended that. It removes the mark files, which only root can do; the broker then
// records it.
#include <array>
#include <cerrno>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kMark = "intake-suspended";
constexpr std::array kOptions{Option{"--state", Option::Takes::once}};

}  // namespace

Result<int> resume_jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker";
    const auto only_root = [](Error why) {
        if (why.code == EACCES || why.code == EPERM) why.what += "; only root may";
        return std::unexpected(std::move(why));
    };
    const auto directory = sys::Dir::open(place);
    if (!directory) return only_root(directory.error());
    std::string resumed;
    for (const auto& name : TRY(within(place, directory->list()))) {
        // Version 0.1 made one mark for all backends; since then each backend has its own.
        const bool of_one = name.starts_with(std::string(kMark) + ".");
        if (name != kMark && !of_one) continue;
        const auto removed = within(place, directory->remove_file(name));
        if (!removed) return only_root(removed.error());
        const auto whose = of_one ? "backend " + name.substr(kMark.size() + 1) : "all backends";
        resumed += (resumed.empty() ? "" : ", ") + whose;
    }
    if (!resumed.empty()) {
        TRY(print("Jobs are taken again, from the next one on: of " + resumed +
                  "; the audit log will have intake-resumed.\n"
                  "Look there for protocol-violation: five of a backend's worker suspended its "
                  "jobs.\n"));
        return kDone;
    }
    TRY(print("Nothing to resume: there is no " + std::string(kMark) + " in " + place +
              ".\nIf jobs are refused as intake-suspended all the same, jobs.disabled stands in "
              "the policy directory.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
