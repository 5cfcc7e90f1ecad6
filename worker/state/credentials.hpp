// CredentialStore: what each backend gave us at enrollment, one private file per backend.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/sys/dir.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

class CredentialStore {
  public:
    // In the directory "credentials" beneath the worker's state, made here (0700) when absent.
    static Result<CredentialStore> open(const sys::Dir& state);

    // Nothing when this backend never enrolled us; an error when the file is damaged or others
    // can read it.
    Result<std::optional<Identity>> load(std::string_view backend) const;
    // 0600, whole or not at all, on disk when this returns.
    Result<> save(std::string_view backend, const Identity& identity) const;
    Result<> forget(std::string_view backend) const;

    // What we call ourselves to a backend whose agents name themselves: a random UUID (RFC 9562,
    // version 4), made at the first call and kept for good. A damaged file is an error, for a new
    // name would be another agent.
    Result<std::string> own_id(std::string_view backend) const;

    // The private key that this backend knows us by: raw octets in a file of its own.
    Result<std::optional<Secret>> load_key(std::string_view backend) const;
    Result<> save_key(std::string_view backend, const Secret& key) const;

    // What open() found there that could be no file of ours.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    // Nothing when it is absent; refused when others can read it.
    Result<std::optional<Secret>> read_private(const std::string& name) const;
    explicit CredentialStore(sys::Dir dir) : dir_(std::move(dir)) {}
    sys::Dir dir_;
    std::vector<std::string> removed_;
};

// What a log may say of a credential: the first 8 hex digits of its SHA-256.
std::string fingerprint(const Secret& secret);

}  // namespace bulkhead::worker
