#include "worker/backend/dialect/messages.hpp"

#include <array>

namespace bulkhead::worker {

std::string_view name_of(Collection collection) {
    static constexpr std::array<std::string_view, kCollections> kNames{"addresses", "neighbours",
                                                                       "connections", "routes"};
    return kNames[index_of(collection)];
}

std::string_view name_of(JobOutcome outcome) {
    switch (outcome) {
        case JobOutcome::finished:
            return "finished";
        case JobOutcome::refused:
            return "refused";
        case JobOutcome::timed_out:
            return "timed_out";
        case JobOutcome::cancelled:
            return "cancelled";
        case JobOutcome::interrupted:
            return "interrupted";
        case JobOutcome::failed_to_start:
            return "failed_to_start";
    }
    return "interrupted";
}

}  // namespace bulkhead::worker
