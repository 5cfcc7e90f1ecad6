#include "worker/backend/dialect/identifiers.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

Result<> check_name(std::string_view name) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (name.empty() || name.size() > 128) return fail("not 1..128 bytes");
    if (!is_utf8(name) || std::ranges::any_of(name, control)) {
        return fail("holds odd bytes: " + quoted(name));
    }
    return {};
}

}  // namespace

Result<> check_delivery_id(std::string_view id) {
    TRY(within("delivery id", check_name(id)));
    if (id == "." || id == "..") return fail("delivery id: \"" + std::string(id) + "\" is no name");
    return {};
}

Result<> check_agent_id(std::string_view id) { return within("agent id", check_name(id)); }

Result<> check_credential(std::string_view credential) {
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    if (credential.empty() || credential.size() > 4096) {
        return fail("credential: not 1..4096 characters");
    }
    if (!std::ranges::all_of(credential, visible)) return fail("credential: odd characters");
    return {};
}

}  // namespace bulkhead::worker
