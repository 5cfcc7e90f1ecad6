#include <algorithm>

#include "broker/records/worker_states.hpp"
#include "common/base/parse.hpp"
#include "common/sandbox/child.hpp"

namespace bulkhead::records {

Result<std::vector<Heir>> heirs_of(std::span<const Slot> slots, std::string_view accounts,
                                   const Ledger& ledger) {
    auto jobs = ledger.unreported();
    std::ranges::move(ledger.unended(), std::back_inserter(jobs));
    std::vector<Heir> heirs;
    for (const auto& slot : slots) {
        const auto user = TRY(slot_user(accounts, slot.number));
        auto& heir = heirs.emplace_back(Heir{.backend = slot.backend, .user = user, .jobs = {}});
        for (const auto& job : jobs) {
            if (job.start.backend.str() == slot.backend) heir.jobs.push_back(job.number);
        }
    }
    return heirs;
}

Result<std::vector<std::string>> settle_worker_states(const std::string& state,
                                                      std::span<const Heir> heirs) {
    const auto told = TRY(sandbox::ask_child([&]() -> Result<std::string> {
        const auto chown = sandbox::capability(CAP_CHOWN);
        TRY(sandbox::lower_to(chown, chown));
        std::string text;
        for (const auto& line : TRY(prepare_worker_states(TRY(sys::Dir::open(state)), heirs))) {
            text += line + "\n";
        }
        return text;
    }));
    std::vector<std::string> lines;
    for (const auto line : split(told, '\n')) {
        if (!line.empty()) lines.emplace_back(line);
    }
    return lines;
}

}  // namespace bulkhead::records
