// The keywords of sshd_config(5) that OpenSSH's server knows, up to 10.0 and with the additions of
// Debian and Red Hat: an unknown one keeps sshd from starting, so it must not be passed over.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct SshdKeyword {
    enum class Value {
        any,      // not looked at
        one,      // one, which is not looked at
        choice,   // one of `choices`, in any case
        number,   // 0 to 2^31 - 1
        port,     // 1 to 65535; names of services are not looked up
        time,     // in the form of sshd_config(5): 600, 10m, 1h30m
        methods,  // of AuthenticationMethods
        include,
        match
    };
    std::string_view name;  // of several that mean the same: the one in force
    bool in_match = false;  // may stand in a Match block
    Value value = Value::any;
    std::string_view choices;
};

// `name` in lower case. nullopt: there is none.
std::optional<SshdKeyword> find_sshd_keyword(std::string_view name);

// What stands behind a keyword of one value, or AuthenticationMethods, as one text; choices in
// lower case and by the name in force. Error: why sshd refuses it.
Result<std::string> sshd_value(const SshdKeyword& keyword,
                               const std::vector<std::string>& arguments);

}  // namespace bulkhead::worker
