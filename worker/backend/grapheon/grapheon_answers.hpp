// Judges Grapheon's answers to registrations and check-ins (backend/routers/agents.py).
#pragma once
#include <string>
#include <vector>

#include "worker/backend/dialect/answer.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker::grapheon {

inline constexpr std::uint64_t kMaxAnswerBytes = 1_MiB;

// 200 with status "active" and an API key enrolls; "pending" is not_yet; "active" without a key is
// credential_lost, because Grapheon issues a key only once.
Answer<Enrolled> judge_register(const HttpAnswer& answer, const std::string& agent_id);
// `sent` are the elements of the report, in the order of its arrays. 200 with status "accepted" is
// a success; 403 is not_yet; 422 is refused, with the elements that caused it.
Answer<InventoryReceipt> judge_check_in(const HttpAnswer& answer,
                                        const std::vector<InventoryElement>& sent);

Answer<Standing> judge_standing(const HttpAnswer& answer);

// The policy in "policy" of an answer, or of the original agent's state.json. A value outside the
// bounds of Grapheon's schema (backend/schemas.py) is ignored.
InventoryPolicyChange policy_of(const JsonValue& body);

}  // namespace bulkhead::worker::grapheon
