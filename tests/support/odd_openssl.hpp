// Files openssl.cnf(5) that an administrator may have, by mistake or for other programs, and under
// which functions of libcrypto fail that "cannot fail".
#pragma once
#include <string>
#include <vector>

namespace bulkhead::test {

struct OddOpensslFile {
    std::string what;
    std::string text;       // "": it cannot be read
    bool computes = false;  // libcrypto goes on as if there were none
};

inline std::string providers(const std::string& names, const std::string& more = "") {
    auto text = std::string("openssl_conf = top\n[top]\nproviders = all\n") + more + "[all]\n";
    std::string sections;
    for (const auto& name : {std::string("default"), std::string("legacy"), std::string("fips")}) {
        if (names.find(name) == names.npos) continue;
        text += name + " = of_" + name + "\n";
        sections += "[of_" + name + "]\nactivate = 1\n";
    }
    return text + sections;
}

inline const std::vector<OddOpensslFile> kOddOpensslFiles{
    {"legacy is the only provider", providers("legacy")},
    {"fips is the only provider, and not installed", providers("fips")},
    {"a provider that does not exist",
     "openssl_conf = top\n[top]\nproviders = all\n[all]\npkcs11 = one\n[one]\nmodule = "
     "/nowhere.so\n"
     "activate = 1\n"},
    {"fips=yes without the provider",
     providers("default", "alg_section = asked\n[asked]\ndefault_properties = fips=yes\n")},
    {"cannot be read", "", true},
    {"garbage", "openssl_conf = top\n[top\n\x01 = \xff\nproviders\n", true},
    {"names a section that is missing", "openssl_conf = nowhere\n", true},
};

}  // namespace bulkhead::test
