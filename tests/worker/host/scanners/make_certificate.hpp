// Certificates of our own making, valid since 1970 and with any end.
#pragma once
#include <string>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::test {

struct CertificateWish {
    std::string common_name = "example.com";
    std::vector<std::string> domains;
    UnixTime not_after{};
};
std::string certificate_der(const CertificateWish& wish);
std::string certificate_pem(const CertificateWish& wish);

}  // namespace bulkhead::test
