#include "broker/reads/journal.hpp"

namespace bulkhead::broker {

Result<> ReadJournal::note(records::Audit& audit, std::string_view row, std::string_view path,
                           std::string_view reason, Time now) {
    auto key = std::string(row) + "\n" + std::string(path);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second == reason) return {};
    // Policy bounds how much can be admitted; nothing but `refusals_` bounds what is refused.
    const bool admitted = reason == "ok";
    if (!admitted && !refusals_.admits(now)) return {};
    TRY(audit.event(
        admitted ? "read" : "read-refused",
        {{"row", row}, {"path", path}, {"reason", reason}, {"left_out", refusals_.left_out()}},
        admitted ? records::Durable::later : records::Durable::yes));
    refusals_.wrote(!admitted);
    if (known_.size() == kMostKnown) known_.clear();
    known_.insert_or_assign(std::move(key), reason);
    return {};
}

}  // namespace bulkhead::broker
