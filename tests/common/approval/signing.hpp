// Keys and signatures for tests: what ssh-keygen makes, in this process.
#pragma once
#include <string>
#include <string_view>

#include "common/approval/public_key.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/bytes.hpp"

namespace bulkhead::test {

class SigningKey {
  public:
    // The same name gives the same key on every run.
    explicit SigningKey(std::string_view name,
                        approval::PublicKey::Kind kind = approval::PublicKey::Kind::ed25519);

    const approval::PublicKey& public_key() const { return public_; }
    // "ssh-ed25519 AAAA...", as authorized_keys and allowed_signers have it.
    std::string line() const;
    // An unencrypted private key file, which ssh-keygen takes (software keys only).
    std::string private_file() const;

    struct Options {
        std::string_view name_space = approval::kNamespace;
        std::string_view hash = "sha512";
        unsigned flags = 1;  // of a token: touched
    };
    Bytes sign(std::string_view message, Options options) const;
    Bytes sign(std::string_view message) const { return sign(message, Options{}); }
    std::string armored(std::string_view message) const;

  private:
    std::array<std::byte, 32> seed_;
    approval::PublicKey public_;
};

std::string armor(ByteView blob);

}  // namespace bulkhead::test
