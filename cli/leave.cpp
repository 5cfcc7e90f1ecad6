// `bulkhead leave`: this host is no longer to be an agent of a backend. Writes a note that has the
// worker say good-bye and stay away, waits for what becomes of that, and removes what the worker
// keeps of the backend. Root speaks to no backend.
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/findings.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--yes"}, Option{"--untold"}, Option{"--undo"},
                              Option{"--reason", Option::Takes::once},
                              Option{"--state", Option::Takes::once}};

Result<std::string> chosen_backend(const sys::Dir& workers, const Options& options) {
    auto names = TRY(workers.list());
    std::ranges::sort(names);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + bulkhead::quoted(name, 64);
    if (options.operands().empty()) {
        if (names.size() == 1) return names[0];
        return wrong(names.empty() ? "this host keeps nothing of any backend"
                                   : "give the backend's name, one of: " + all);
    }
    const auto name = TRY(options.one("backend"));
    if (std::ranges::count(names, name) > 0) return name;
    return wrong("this host keeps nothing of a backend " + bulkhead::quoted(name, 64) +
                 (all.empty() ? "" : "; of these it does: " + all));
}

// This process as the account of a worker, whose directory is `own`, for as long as it lives. A
// worker that runs may change there what it likes meanwhile, and root must not do for it what it
// may not do itself.
class AsWorker {
  public:
    static Result<AsWorker> begin(const sys::Dir& own) {
        struct stat owner {};
        TRY(sys::check(::fstat(own.fd(), &owner), "fstat"));
        TRY(sys::check(::setgroups(0, nullptr), "setgroups"));
        TRY(sys::check(::setegid(owner.st_gid), "setegid"));
        AsWorker self;
        TRY(sys::check(::seteuid(owner.st_uid), "seteuid"));
        return self;
    }
    AsWorker(AsWorker&& other) noexcept : stands_(std::exchange(other.stands_, false)) {}
    AsWorker& operator=(AsWorker&&) = delete;
    ~AsWorker() {
        if (stands_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) std::abort();
    }

  private:
    AsWorker() = default;
    bool stands_ = true;
};

// A directory of the worker's in its own, made where it is absent. What is no directory is an
// error: whoever has the worker's account may put anything there.
Result<sys::Dir> folder(const sys::Dir& own, const std::string& name) {
    auto dir = own.open_dir(name);
    if (dir || dir.error().code != ENOENT) return dir;
    return own.make_dir(name, 0700);
}

Result<> write_note(const sys::Dir& own, const std::string& name, const std::string& text) {
    const auto as_worker = TRY(AsWorker::begin(own));
    const auto marks = TRY(folder(own, "enrolments"));
    TRY(worker::remove_any(marks, name + ".new"));
    TRY(worker::remove_any(marks, name));
    return text.empty() ? Result<>() : marks.write_atomic(name, text, 0644);
}

Result<> remove_kept(const sys::Dir& own, const std::string& backend) {
    const auto as_worker = TRY(AsWorker::begin(own));
    const auto remove = [&](const char* place, const std::string& name) -> Result<> {
        const auto dir = TRY(folder(own, place));
        return worker::remove_any(dir, name);
    };
    for (const auto* ending : {".credential", ".key", ".uuid"}) {
        TRY(remove("credentials", backend + ending));
    }
    TRY(remove("inventory", backend + ".state"));
    TRY(remove("samples", backend + ".cpu"));
    for (const auto* place : {"refusals", "artifacts"}) {
        const auto dir = TRY(folder(own, place));
        for (const auto& name : TRY(dir.list())) TRY(worker::remove_any(dir, name));
    }
    return {};
}

constexpr std::string_view kYours =
    "  - files that agent.yaml names (install_token_file, credential_file, client_key_file) and "
    "its\n"
    "    entry of the backend are yours: remove them\n"
    "  - ledger, audit log and evidence of what ran stay\n"
    "  - eBPF artifacts that it brought stay loaded until their time is over; bulkhead artifacts\n"
    "    lists them, and bulkhead artifacts remove ID unloads one\n";

// A worker looks whether its host has left at each Ping, which comes every 30 s.
constexpr auto kPatience = std::chrono::seconds(35) + worker::kToSettle + worker::kFarewellTakes;
constexpr auto kLook = std::chrono::milliseconds(250);

// The second line of the note, by whoever has the worker's account: "" where there is none.
std::string farewell(const sys::Dir& marks, const std::string& mark) {
    const auto file = marks.open_regular(mark, O_RDONLY | O_NONBLOCK);
    const auto note = file ? sys::read_to_end(*file, worker::kMaxLeftNote)
                           : Result<std::string>(std::unexpected(file.error()));
    return note ? worker::farewell_in(*note) : "";
}

Result<std::string> wait_for_farewell(const sys::Dir& own, const std::string& mark) {
    const auto as_worker = TRY(AsWorker::begin(own));
    const auto marks = TRY(folder(own, "enrolments"));
    const auto until = sys::Clock::now() + kPatience;
    auto outcome = farewell(marks, mark);
    while (outcome.empty() && sys::Clock::now() < until) {
        std::this_thread::sleep_for(kLook);
        outcome = farewell(marks, mark);
    }
    return outcome;
}

std::string what_was_told(const std::string& name, const std::string& outcome) {
    constexpr std::string_view kStays =
        "  - the host stays registered there until an admin of the backend removes it\n";
    if (outcome.empty()) {
        return "The backend was NOT told, as far as is known: no worker of " + name +
               " has taken note within " +
               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(kPatience).count()) +
               " s; is it\nstill in agent.yaml? journalctl -u bulkhead has more. If its worker "
               "runs, it goes on with\nthe credential that it knows: systemctl restart bulkhead\n" +
               std::string(kStays);
    }
    const bool told = outcome.starts_with(worker::kTold);
    return "According to the worker of " + name + ": " + plain(outcome) + "\n" +
           (told ? "" : std::string(kStays));
}

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
    const bool runs = ::flock(broker.fd(), LOCK_EX | LOCK_NB) != 0;
    const auto requests = TRY(broker.open_dir("requests"));
    const auto mark = worker::left_name(name);
    if (options.has("--undo")) {
        TRY(write_note(own, mark, ""));
        TRY(requests.write_atomic("returned." + name, reason + "\n", 0600));
        TRY(print_done("The worker of " + name +
                       " enrolls again when the agent is next started: systemctl " +
                       (runs ? "restart" : "start") + " bulkhead\n"));
        return kDone;
    }
    if (!options.has("--yes")) {
        TRY(
            print("The backend would be told, jobs of its that run would be ended, and the "
                  "credential and all else\nthat " +
                  state + "/workers/" + name +
                  " keeps of it would be removed; nothing has been. To do it: bulkhead leave " +
                  name + " --yes\n"));
        return kNo;
    }
    const bool untold = options.has("--untold");
    if (!runs && !untold) {
        return fail(
            "the agent does not run, and its worker is what tells the backend; nothing has been "
            "removed. Start it and repeat this: systemctl start bulkhead; or have all removed and "
            "nobody told: bulkhead leave " +
            name + " --yes --untold");
    }
    // First, so that a run that is cut off is one that left.
    const auto now = format_utc(sys::now());
    TRY(write_note(own, mark, worker::left_note(now, untold ? "untold: by --untold" : "")));
    TRY(requests.write_atomic("left." + name, reason + "\n", 0600));
    std::string told =
        "The backend was not told (--untold): the host stays registered there until an admin of\n"
        "the backend removes it.\n";
    if (!untold) {
        std::fputs("The worker is asked to say good-bye; that takes up to 80 s.\n", stderr);
        told = what_was_told(name, TRY(wait_for_farewell(own, mark)));
    }
    if (const auto removed = remove_kept(own, name); !removed) {
        return fail(told + "Not all that this host kept of it could be removed: " +
                    removed.error().what + "; repeat this with --untold");
    }
    TRY(print_done(told + "What this host kept of the backend is removed. What was not:\n" +
                   std::string(kYours) + "The worker of " + name +
                   " stays away from it from now on, also when a token still lies there. To enroll "
                   "again:\nbulkhead leave " +
                   name + " --undo\n"));
    return kDone;
}

}  // namespace bulkhead::cli
