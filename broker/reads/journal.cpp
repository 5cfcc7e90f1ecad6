#include "broker/reads/journal.hpp"

namespace bulkhead::broker {

Result<> ReadJournal::note(records::Audit& audit, std::string_view row, std::string_view path,
                           std::string_view reason, Time now) {
    auto key = std::string(row) + "\n" + std::string(path);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second == reason) return {};
    if (now - began_ > kSpan) {
        began_ = now;
        refusals_ = 0;
    }
    // What is admitted is bounded by policy, what is refused only by the worker's imagination.
    const bool admitted = reason == "ok";
    if (!admitted && refusals_ == kMostRefusals) {
        ++left_out_;
        return {};
    }
    TRY(audit.event(admitted ? "read" : "read-refused",
                    {{"row", row}, {"path", path}, {"reason", reason}, {"left_out", left_out_}},
                    admitted ? records::Durable::later : records::Durable::yes));
    left_out_ = 0;
    if (!admitted) ++refusals_;
    if (known_.size() == kMostKnown) known_.clear();
    known_.insert_or_assign(std::move(key), reason);
    return {};
}

}  // namespace bulkhead::broker
