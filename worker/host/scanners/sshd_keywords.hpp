// The keywords of sshd_config(5) that OpenSSH's server knows, up to 10.0 and with the additions of
// Debian and Red Hat: an unknown one keeps sshd from starting, so it must not be passed over.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::worker {

struct SshdKeyword {
    enum class Value {
        any,      // not looked at here
        one,      // the same, but a single one
        flag,     // yes or no
        root,     // of PermitRootLogin
        methods,  // of AuthenticationMethods
        include,
        match
    };
    std::string_view name;  // the one in force where there are several
    bool in_match = false;  // may stand in a Match block
    Value value = Value::any;
};

// `name` in lower case. nullptr: there is none.
const SshdKeyword* find_sshd_keyword(std::string_view name);

}  // namespace bulkhead::worker
