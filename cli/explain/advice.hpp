// What to do about a code: a reason of a refusal, a trouble, how a job ended.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace bulkhead::cli {

struct Advice {
    std::string_view code;
    std::string_view means;   // empty for a reason of admission::reasons(), which has its own words
    std::string_view action;  // what the operator does, in commands where there are some
};

std::span<const Advice> reason_advice();   // each reason of admission::reasons()
std::span<const Advice> trouble_advice();  // each trouble that the broker can have
std::span<const Advice> said_advice();  // each trouble that a worker or `bulkhead status` tells of
std::span<const Advice> end_advice();
// Why a worker could not offer an artifact to root.
std::span<const Advice> unusable_advice();  // each reason of an outcome

struct Explained {
    std::string_view
        kind;  // "reason of a refusal", "trouble", "end of a job", "end of an artifact"
    std::string_view means;
    std::string_view action;
};
// All that a code is: `intake-suspended` is a reason and a trouble. Index 0, 1, ... until none.
std::optional<Explained> explained(std::string_view code, std::size_t index);

}  // namespace bulkhead::cli
