// What of an X.509 certificate tells when it has to be replaced.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

struct Certificate {
    std::string subject;  // its common name, or the whole name on one line
    std::vector<std::string> domains;
    UnixTime not_after{};
};

// The first certificate of a file, PEM or DER.
Result<Certificate> parse_certificate(std::string_view file);

}  // namespace bulkhead::worker
