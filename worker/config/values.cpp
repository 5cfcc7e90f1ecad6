#include "worker/config/values.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "worker/backend/http/proxy.hpp"

namespace bulkhead::worker {

Result<> check_backend_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const auto allowed = [&letter](char c) { return letter(c) || c == '-'; };
    if (text.empty() || text.size() > 32 || !letter(text[0]) ||
        !std::ranges::all_of(text, allowed)) {
        return fail("must be 1..32 of a-z, 0-9 and -, beginning with a letter or digit");
    }
    return {};
}

Result<> check_pin(std::string_view text) {
    for (const auto pin : split(text, ';')) {
        static constexpr std::string_view kPrefix = "sha256//";
        const auto digest =
            pin.starts_with(kPrefix) ? parse_base64(pin.substr(kPrefix.size())) : fail("no digest");
        if (!digest || digest->size() != 32) {
            return fail("must be sha256// and 44 characters of base64");
        }
    }
    return {};
}

Result<> check_proxy(std::string_view text) {
    if (!text.starts_with("https://") && !text.starts_with("http://")) {
        return fail("URL must begin with https:// (or http://)");
    }
    const auto proxy = TRY(parse_proxy(text));
    if (proxy.login.empty()) return {};
    return fail(
        "URL must not hold a user or password; name a file that holds user:password by "
        "proxy_credential_file");
}

}  // namespace bulkhead::worker
