#include "worker/config/values.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bulkhead::worker {
namespace {

TEST(CheckPin, TakesOneOrSeveral) {
    const std::string pin = "sha256//" + std::string(43, 'A') + "=";
    EXPECT_TRUE(check_pin(pin));
    EXPECT_TRUE(check_pin(pin + ";" + pin));
    for (const auto& odd : {std::string(""), pin + ";", std::string(43, 'A') + "=",
                            std::string("sha256//AAAA"), std::string("/etc/key.pem")}) {
        EXPECT_FALSE(check_pin(odd)) << odd;
    }
}

TEST(CheckBackendName, AllowsWhatIsSafeInAFileName) {
    for (const auto* name : {"a", "main", "hyprbox-2", "0"}) EXPECT_TRUE(check_backend_name(name));
    for (const auto* name :
         {"", "-a", "A", "a/b", "..", "a b", "a.b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        EXPECT_FALSE(check_backend_name(name)) << name;
    }
}

}  // namespace
}  // namespace bulkhead::worker
