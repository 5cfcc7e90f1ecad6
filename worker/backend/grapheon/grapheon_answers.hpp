// What Grapheon's answers mean.
#pragma once
#include <string>
#include <vector>

#include "worker/backend/dialect/answer.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker::grapheon {

inline constexpr std::uint64_t kMaxAnswerBytes = 1_MiB;

Answer<Enrolled> judge_register(const HttpAnswer& answer, const std::string& agent_id);
// `sent`: the elements of the report, in the order of its arrays.
Answer<InventoryReceipt> judge_check_in(const HttpAnswer& answer,
                                        const std::vector<InventoryElement>& sent);

}  // namespace bulkhead::worker::grapheon
