// `bulkhead accept-lost-ledger`: an operator says that what the ledger no longer knows may be
// forgotten. It leaves a request, which only root can do; the running agent takes it and records
// it.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::string_view kRequest = "accept-lost-ledger";  // as broker/records/past.hpp has it
constexpr std::array kOptions{Option{"--state", Option::Takes::once},
                              Option{"--reason", Option::Takes::once}};

// For the audit log: the login name that sudo(8) was called by, else the number.
std::string caller() {
    const char* user = std::getenv("SUDO_USER");  // NOLINT(concurrency-mt-unsafe): one thread
    return user != nullptr ? quoted(user, 64) : "uid " + std::to_string(::getuid());
}

}  // namespace

Result<int> accept_lost_ledger(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state"}));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker";
    const auto reason = options.value("--reason", "");
    const auto text = caller() + ", " + format_utc(sys::now()) +
                      (reason.empty() ? "" : ": " + quoted(reason, 100));
    auto done = [&]() -> Result<> {
        const auto directory = TRY(sys::Dir::open(place));
        return within(place, directory.write_atomic(kRequest, text, 0600));
    }();
    if (!done) {
        auto why = done.error();
        if (why.code == EACCES || why.code == EPERM) why.what += "; only root may";
        return std::unexpected(std::move(why));
    }
    TRY(print_done(
        "Asked for. The running agent takes it with the next job or heartbeat, or now by "
        "systemctl reload bulkhead;\nthe audit log will have ledger-accepted, and bulkhead "
        "status no longer ledger-lost or ledger-rolled-back.\nFrom then on one-shot jobs run "
        "that are approved from 20 minutes later on; others need a later --not-before.\n"
        "If nothing is lost the agent drops the request.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
