#include "cli/dry_run/host_memory.hpp"

#include <fcntl.h>

#include <cerrno>

#include "broker/records/ledger.hpp"
#include "broker/records/written_by.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

Result<records::History> read_ledger(const std::string& directory) {
    const auto dir = TRY(sys::Dir::open(directory));
    const auto file = TRY(dir.open_regular(records::Ledger::kFile, O_RDONLY));
    const auto content =
        TRY(sys::read_to_end(file, (records::kMaxRecords + 1) * records::kRecordBytes));
    records::History history;
    crypto::Digest chain{};
    TRY(records::each_record(as_bytes(content), chain,
                             [&](const records::Record& one) { return history.apply(one); }));
    return history;
}

}  // namespace

admission::LedgerView HostMemory::view() const {
    if (!history) return {.birth = UnixTime{}};
    auto view = records::Ledger::view_of(*history);
    if (!view.birth) view.birth = UnixTime{};  // see the assumptions
    if (!asks_now) view.clock_floor = view.unsure_floor = {};
    return view;
}

Result<> check_state(const std::string& state) {
    const auto place = state + "/broker";
    const auto dir = sys::Dir::open(place);
    if (!dir) return {};
    const auto unread = [](const Error& error) {
        return error.code == EACCES || error.code == EPERM || error.code == ENOENT ||
               error.code == ENODATA;
    };
    const auto last = records::read_written_by(*dir);
    if (!last && !unread(last.error())) return within(state, last.error());
    if (last) TRY(within(state, records::require_known(*last)));
    const auto history = read_ledger(place);
    if (history || unread(history.error())) return {};
    auto error = within(place + "/ledger", history.error()).error();
    if (error.code == ENOTSUP) {
        const bool named = last && !last->version.empty();
        error.what += ": install " + (named ? last->version : "that version") + " or newer";
    }
    return std::unexpected(std::move(error));
}

Result<HostMemory> remember(const Options& options, const PolicyCopy& copy) {
    HostMemory memory;
    memory.asks_now = !options.has("--at");
    memory.is_host =
        copy.directory == kPolicyDirectory && !options.has("--host-id") && !options.has("--group");
    if (!options.has(kState.name) && !memory.is_host) {
        memory.why_not = "the question is about another host; --state DIR names a ledger";
        return memory;
    }
    const auto place = options.value(kState.name, "/var/lib/bulkhead") + "/broker";
    auto history = within(place + "/ledger", read_ledger(place));
    if (history) {
        memory.history = *std::move(history);
        return memory;
    }
    if (options.has(kState.name))
        return or_wrong(only_root(Result<HostMemory>(std::unexpected(history.error()))));
    const auto code = history.error().code;
    memory.why_not = history.error().what;
    if (code == EACCES || code == EPERM)
        memory.why_not = "only root may read the ledger of this host";
    if (code == ENOENT) memory.why_not = "there is no ledger in " + place;
    return memory;
}

}  // namespace bulkhead::cli
