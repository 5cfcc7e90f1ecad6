// CredentialStore: the identity that each backend issued at enrollment, one private file for each.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/sys/dir.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

// Which enrolment of this host at a backend the worker's state belongs to.
struct EnrolmentRecord {
    // "" of the first enrolment, else 8 hex digits. The broker is told delivery ids with it, since
    // a backend that enrolls the host anew may count from 1 again.
    std::string mark;
    std::string identity;  // hex of a digest of the agent id, or of the credential without one
    friend bool operator==(const EnrolmentRecord&, const EnrolmentRecord&) = default;
};
// EnrolmentRecord::identity of this one.
std::string identity_digest(const Identity& identity);

class CredentialStore {
  public:
    // In the directories "credentials" and "enrolments" beneath the worker's state, made here
    // (0700) when absent.
    static Result<CredentialStore> open(const sys::Dir& state);

    // Nothing if this backend never enrolled the host; an error if the file is damaged or if its
    // mode lets other users at it.
    Result<std::optional<Identity>> load(std::string_view backend) const;
    // Mode 0600; replaced atomically (rename(2)) and on disk when this returns.
    Result<> save(std::string_view backend, const Identity& identity) const;
    Result<> forget(std::string_view backend) const;

    // The agent id for a backend whose agents name themselves: a random UUID (RFC 9562, version 4),
    // made at the first call and kept for good. A damaged file is an error: with a new id the
    // backend would see another agent.
    Result<std::string> own_id(std::string_view backend) const;

    Result<> save_own_id(std::string_view backend, const std::string& id) const;
    // Whether there is an id or a key of this host's own for the backend.
    bool has_own(std::string_view backend) const;

    // The private key by which this backend knows the host: raw octets in a file of its own.
    Result<std::optional<Secret>> load_key(std::string_view backend) const;
    Result<> save_key(std::string_view backend, const Secret& key) const;

    // Nothing before the first enrolment, and where it was one of an earlier version; an error if
    // the file is damaged. It stays when a credential is forgotten.
    Result<std::optional<EnrolmentRecord>> enrolment(std::string_view backend) const;
    Result<> save_enrolment(std::string_view backend, const EnrolmentRecord& record) const;

    // Whether an operator had this host leave the backend (`bulkhead leave`), which has noted it
    // among the records of enrolments.
    bool has_left(std::string_view backend) const;
    // What became of the good-bye, one line: "" until note_farewell().
    std::string farewell(std::string_view backend) const;
    // Adds that line to the note. An error (ENOENT) where the note is gone: the operator takes it
    // back.
    Result<> note_farewell(std::string_view backend, const std::string& outcome) const;
    // Removes credential, key and own id. Absent is no error.
    Result<> forget_all(std::string_view backend) const;

    // What open() has removed because the store cannot have written it, a sentence each.
    const std::vector<std::string>& removed() const { return removed_; }

  private:
    // Nothing if the file is absent; an error if its mode lets other users at it.
    Result<std::optional<Secret>> read_private(const std::string& name) const;
    CredentialStore(sys::Dir dir, sys::Dir enrolments)
        : dir_(std::move(dir)), enrolments_(std::move(enrolments)) {}
    sys::Dir dir_;
    sys::Dir enrolments_;
    std::vector<std::string> removed_;
};

// The file of that note, in the directory "enrolments": the time (RFC 3339), then the outcome of
// the good-bye, a line each.
std::string left_name(std::string_view backend);
constexpr std::size_t kMaxLeftNote = 2048;  // bytes
std::string left_note(std::string_view time, std::string_view outcome);
// The second line of such a text; "" where there is none.
std::string farewell_in(std::string_view note);
// How long what is under way at the backend may take to end before the good-bye, and the good-bye
// itself, all tries together.
inline constexpr std::chrono::seconds kToSettle{30};
inline constexpr std::chrono::seconds kFarewellTakes{15};
// How an outcome begins by which the backend knows that the host has left.
inline constexpr std::string_view kTold = "told: ";

// A random mark, of getrandom(2).
Result<std::string> new_enrolment_mark();

// What a log may say of a credential: the first 8 hex digits of its SHA-256.
std::string fingerprint(const Secret& secret);

}  // namespace bulkhead::worker
