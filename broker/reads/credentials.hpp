// Opens a file that agent.yaml names, for the worker of one backend, where credentials.policy holds
// it. What is opened is never read here.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "broker/reads/journal.hpp"
#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

struct CredentialWish {
    std::string_view backend;
    std::string_view key;   // of agent.yaml: "credential_file", "ca_file", ...
    std::string_view path;  // as the config reader told it: anything
};

struct CredentialFile {
    std::string_view reason = "ok";
    std::string detail;  // for an operator, of what is not ok
    sys::Fd file;
};

// Records what it hands out and what it refuses, an absent file not: what cannot be recorded is not
// handed out.
CredentialFile open_credential(const CredentialWish& wish,
                               std::span<const policy::CredentialRow> rows, records::Audit& audit,
                               ReadJournal& journal, ReadJournal::Time now);

}  // namespace bulkhead::broker
