// The signature that a registry of AegisFlux has made of a bundle. It is told and decides nothing:
// no registry that is known signs in a way that can be verified, and a backend's key is not an
// operator's.
#pragma once
#include <string_view>

#include "worker/backend/dialect/artifacts.hpp"

namespace bulkhead::worker {

// Public keys in PEM, "PUBLIC KEY" or "RSA PUBLIC KEY", one behind the other; at least one.
Result<> check_public_keys(std::string_view pem);

// By the words of AegisFlux' agents, in upper or lower case: RSA-SHA256 is RSASSA-PKCS1-v1_5 and
// RSA-PSS is RSASSA-PSS (RFC 8017) of the bundle, both with SHA-256; Ed25519 (RFC 8032) is of the
// 32 bytes of the bundle's SHA-256. A value "vault:vN:BASE64", as the transit engine of HashiCorp
// Vault and of OpenBao writes it ("sign data", with its default sha2-256), is of the bundle for
// Ed25519 too, and may come without an algorithm: then a key of RSA made it by either padding.
// Valid if one of the keys made it. Not checked without keys, without a signature, and for other
// algorithms, ECDSA among them.
SignatureCheck check_backend_signature(const BackendSignature& signature, std::string_view keys,
                                       std::string_view bundle);

}  // namespace bulkhead::worker
