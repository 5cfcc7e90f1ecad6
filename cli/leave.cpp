// `bulkhead leave`: this host is no longer to be an agent of a backend. Removes what the worker
// keeps of it, and keeps a note that has the worker stay away. No backend is spoken to: root does
// not, and none of the dialects has a word for it.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--yes"}, Option{"--undo"},
                              Option{"--reason", Option::Takes::once},
                              Option{"--state", Option::Takes::once}};

Result<std::string> chosen_backend(const sys::Dir& workers, const Options& options) {
    auto names = TRY(workers.list());
    std::ranges::sort(names);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + bulkhead::quoted(name, 64);
    if (options.operands().size() > 1) return wrong("give one backend");
    if (options.operands().empty()) {
        if (names.size() == 1) return names[0];
        return wrong(names.empty() ? "this host keeps nothing of any backend"
                                   : "give the backend's name, one of: " + all);
    }
    const auto& name = options.operands()[0];
    if (std::ranges::count(names, name) > 0) return name;
    return wrong("this host keeps nothing of a backend " + bulkhead::quoted(name, 64) +
                 (all.empty() ? "" : "; of these it does: " + all));
}

// A directory of the worker's in its own, made where it is absent. What is no directory is an
// error: whoever has the worker's account may put anything there.
Result<sys::Dir> folder(const sys::Dir& own, const std::string& name) {
    auto dir = own.open_dir(name);
    if (dir || dir.error().code != ENOENT) return dir;
    dir = own.make_dir(name, 0700);
    if (!dir) return dir;
    struct stat owner {};
    TRY(sys::check(::fstat(own.fd(), &owner), "fstat"));
    TRY(sys::check(::fchown(dir->fd(), owner.st_uid, owner.st_gid), "chown " + name));
    return dir;
}

Result<> remove_kept(const sys::Dir& own, const std::string& backend) {
    const auto remove = [&](const char* place, const std::string& name) -> Result<> {
        const auto dir = TRY(folder(own, place));
        return worker::remove_any(dir, name);
    };
    for (const auto* ending : {".credential", ".key", ".uuid"}) {
        TRY(remove("credentials", backend + ending));
    }
    TRY(remove("inventory", backend + ".state"));
    TRY(remove("samples", backend + ".cpu"));
    const auto refusals = TRY(folder(own, "refusals"));
    for (const auto& name : TRY(refusals.list())) TRY(worker::remove_any(refusals, name));
    return {};
}

constexpr std::string_view kLeft =
    "What this host kept of the backend is removed. What could not be:\n"
    "  - the backend is not told, for its dialect has no word for it: the host stays registered\n"
    "    there until an admin of the backend removes it\n"
    "  - files that agent.yaml names (install_token_file, credential_file, client_key_file) and "
    "its\n"
    "    entry of the backend are yours: remove them\n"
    "  - ledger, audit log and evidence of what ran stay\n";

}  // namespace

Result<int> leave(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state"}));
    const auto reason = TRY(one_line("--reason", options.value("--reason", "no reason given")));
    const auto state = options.value("--state", "/var/lib/bulkhead");
    if (::geteuid() != 0) return fail("only root may remove what a worker keeps");
    const auto workers = TRY(within(state + "/workers", sys::Dir::open(state + "/workers")));
    const auto name = TRY(chosen_backend(workers, options));
    const auto own = TRY(within(state + "/workers/" + name, workers.open_dir(name)));
    // The broker holds this lock as long as it runs (records::Ledger::open()).
    const auto broker = TRY(within(state + "/broker", sys::Dir::open(state + "/broker")));
    if (::flock(broker.fd(), LOCK_EX | LOCK_NB) != 0) {
        return fail(
            "the agent runs, and would go on as it is; end it first, which ends its jobs and "
            "reports them: systemctl stop bulkhead");
    }
    const auto requests = TRY(broker.open_dir("requests"));
    const auto marks = TRY(folder(own, "enrolments"));
    const auto mark = worker::left_name(name);
    if (options.has("--undo")) {
        TRY(worker::remove_any(marks, mark));
        TRY(requests.write_atomic("returned." + name, reason + "\n", 0600));
        TRY(print_done(
            "The worker of " + name +
            " enrolls again when the agent is next started: systemctl start bulkhead\n"));
        return kDone;
    }
    if (!options.has("--yes")) {
        TRY(print("The credential and all else that " + state + "/workers/" + name +
                  " keeps of this backend would be removed; nothing has been. To do it: "
                  "bulkhead leave " +
                  name + " --yes\n"));
        return kNo;
    }
    // First, so that a run that is cut off is one that left.
    TRY(worker::remove_any(marks, mark + ".new"));
    TRY(marks.write_atomic(mark, format_utc(sys::now()) + "\n", 0644));
    TRY(requests.write_atomic("left." + name, reason + "\n", 0600));
    TRY(remove_kept(own, name));
    TRY(print_done(std::string(kLeft) + "The worker of " + name +
                   " stays away from it from now on, also when a token still lies there. To enroll "
                   "again:\nbulkhead leave " +
                   name + " --undo\n"));
    return kDone;
}

}  // namespace bulkhead::cli
