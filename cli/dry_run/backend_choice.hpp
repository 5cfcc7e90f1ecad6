// What a backend may choose of a job: all that the manifest leaves open. It is what an approval
// gives to whoever holds the backend.
#pragma once
#include <string>
#include <vector>

#include "common/approval/manifest.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

struct BackendChoice {
    struct Value {
        std::string name;
        std::string rule;
        double bits = 0;         // of freedom: the logarithm of the number of values, rounded down
        bool free_text = false;  // characters of a list, and not one of few values
    };

    std::string hosts;
    std::string when;
    std::string runs;
    std::vector<Value> values;
    std::vector<std::string> warnings;  // what should not be signed without a second look

    // All of it as sentences, the warnings last.
    std::vector<std::string> sentences() const;
};

// `profile` is the job's, or nullptr if policy has none of that name.
BackendChoice backend_choice(const approval::Manifest& job, const policy::Profile* profile);

}  // namespace bulkhead::cli
