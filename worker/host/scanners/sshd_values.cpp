// What values of sshd_config mean.
#include <algorithm>
#include <array>

#include "common/base/parse.hpp"
#include "worker/host/scanners/sshd_config.hpp"

namespace bulkhead::worker {

namespace {

bool is(const SshdValues& values, std::string_view keyword, std::string_view wanted,
        std::string_view fallback) {
    const auto found = values.find(keyword);
    return (found == values.end() ? fallback : found->second.text) == wanted;
}

// A method without what stands behind its colon.
std::string_view base_of(std::string_view method) { return method.substr(0, method.find(':')); }

bool is_on(const SshdValues& values, std::string_view method) {
    if (method == "password") return is(values, "passwordauthentication", "yes", "yes");
    if (method == "keyboard-interactive") {
        return is(values, "kbdinteractiveauthentication", "yes", "yes");
    }
    if (method == "publickey") return is(values, "pubkeyauthentication", "yes", "yes");
    if (method == "hostbased") return is(values, "hostbasedauthentication", "yes", "no");
    if (method.starts_with("gssapi")) return is(values, "gssapiauthentication", "yes", "no");
    return true;
}

// Without PAM nobody answers keyboard-interactive.
bool asks_for_password(const SshdValues& values, std::string_view method) {
    if (method == "password") return is_on(values, method);
    return method == "keyboard-interactive" && is_on(values, method) &&
           is(values, "usepam", "yes", "no");
}

}  // namespace

SshdValues values_for(const SshdConfig& config, std::span<const SshdTest> known) {
    SshdValues values;
    for (const auto& match : config.matches) {
        const bool is_met = std::ranges::all_of(
            match.criteria.tests, [&](const SshdTest& test) { return follows(known, test); });
        if (is_met) values.insert(match.values.begin(), match.values.end());
    }
    values.insert(config.global.begin(), config.global.end());
    return values;
}

bool takes_passwords(const SshdValues& values) {
    const auto asks = [&](std::string_view method) { return asks_for_password(values, method); };
    const auto methods = values.find("authenticationmethods");
    if (methods == values.end() || methods->second.text == "any") {
        return asks("password") || asks("keyboard-interactive");
    }
    return std::ranges::any_of(words(methods->second.text), [&](std::string_view list) {
        return std::ranges::all_of(split(list, ','), asks, base_of);
    });
}

bool lets_root_in(const SshdValues& values) {
    return is(values, "permitrootlogin", "yes", "prohibit-password");
}

bool lacks_methods(const SshdValues& values) {
    const auto methods = values.find("authenticationmethods");
    if (methods == values.end() || methods->second.text == "any") return false;
    const auto lists = words(methods->second.text);
    return std::ranges::none_of(lists, [&](std::string_view list) {
        return std::ranges::all_of(
            split(list, ','), [&](std::string_view method) { return is_on(values, method); },
            base_of);
    });
}

}  // namespace bulkhead::worker
