// When the certificates end by which this host and its backend know each other.
#pragma once
#include <string_view>
#include <vector>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

struct CertificateEnd {
    std::string setting;  // "ca_file" or "client_certificate_file"
    std::string subject;  // its common name
    UnixTime until{};
};

// Of `ca` and of `client`, both PEM and perhaps empty, the certificate that ends first among those
// that are relied on, see relied_on().
std::vector<CertificateEnd> ends_of(std::string_view ca, std::string_view client);
// A trouble for each that ends within 14 days or has ended.
void tell_ends(std::vector<Trouble>& all, const std::vector<CertificateEnd>& ends, UnixTime now);
void describe_certificates(JsonWriter& json, const std::vector<CertificateEnd>& ends);

}  // namespace bulkhead::worker
