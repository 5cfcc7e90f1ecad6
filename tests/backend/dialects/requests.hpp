// Functions that the dialects share: checks of requests, random ids, narration.
#pragma once

#include <chrono>
#include <expected>

#include "tests/backend/message.hpp"
#include "tests/backend/narrator.hpp"
#include "tests/backend/shape.hpp"

namespace bulkhead::reference {

/// A value, or the answer to a request that is not valid.
template <class T>
using OrAnswer = std::expected<T, Answer>;

/// The body if it is JSON of this shape, else a 400 that names the member.
OrAnswer<nlohmann::json> json_body(const Call& call, const Shape& shape);

/// A parameter of the query, `otherwise` if it is missing; a 400 if it is not a whole number.
OrAnswer<std::uint64_t> number_in_query(const Call& call, const std::string& name,
                                        const std::string& otherwise = {});
OrAnswer<std::uint64_t> whole_number(const std::string& text, const std::string& name);

std::string random_hex(std::size_t octets);
void say_findings(Narrator& narrator, const std::string& who, const nlohmann::json& findings);

}  // namespace bulkhead::reference
