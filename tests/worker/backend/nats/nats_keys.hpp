// Keys, seeds and JWTs of NATS, as nsc(1) would make them.
#pragma once
#include <string>

namespace bulkhead::worker::test {

enum class NatsRole : unsigned char { account = 0, operator_ = 14 << 3, user = 20 << 3 };

class NatsKey {
  public:
    explicit NatsKey(NatsRole role);

    const std::string& seed() const { return seed_; }              // "SU..."
    const std::string& public_key() const { return public_key_; }  // "U..."
    // A JWT by this key about `subject`; `nats` is the member of that name, without its braces.
    std::string jwt(const std::string& subject, const std::string& nats) const;

  private:
    std::string secret_;
    std::string seed_;
    std::string public_key_;
};

// The text of a credentials file.
std::string credentials_of(const std::string& jwt, const std::string& seed);

}  // namespace bulkhead::worker::test
