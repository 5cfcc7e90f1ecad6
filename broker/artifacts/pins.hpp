// Pins: artifacts that outlive the broker (`pin yes`). Programs, links and maps are pinned in a
// directory of bpffs that is root's alone; what is needed to judge them again lies in a record in
// the broker's state, since bpffs holds no other files.
//
//   /sys/fs/bpf/bulkhead/ID/      program-0 link-0 program-1 ... map-0 ...
//   STATE/broker/pinned/ID        PinRecord
//
// The record is on disk before the first pin exists, and removed after the last one. The pins are
// made in ID_new, which is then renamed, so after a crash ID is whole or absent. Whatever lies in
// the directory and has no record is a stranger's: it is neither adopted nor removed.
//
// While no broker runs, nothing ends what is pinned: neither its time to live nor the guard.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "broker/artifacts/drift.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

struct PinRecord {
    protocol::JobId artifact_id;
    protocol::Digest manifest_digest{};
    BoundaryText<64> boot;      // boot_id() when it was loaded
    std::uint64_t loaded = 0;   // seconds since 1970
    std::uint64_t expires = 0;  // the same
    Facts facts;
    std::string manifest, signatures, elf;  // as they were admitted; they follow the fields
    static constexpr auto fields =
        std::tuple{protocol::field("artifact_id", &PinRecord::artifact_id),
                   protocol::field("manifest_digest", &PinRecord::manifest_digest),
                   protocol::field("boot", &PinRecord::boot),
                   protocol::field("loaded", &PinRecord::loaded),
                   protocol::field("expires", &PinRecord::expires),
                   protocol::field("facts", &PinRecord::facts)};
};

struct Adopted {
    PinRecord record;  // its facts are those of now, so that the guard counts from there
    Held held;
};
// What adopt() met and did not adopt.
struct NotAdopted {
    std::string name;        // the artifact's, or the file's; a stranger's is foreign text
    std::string why;         // for the operator, with what to do where there is something to do
    bool withdrawn = false;  // its pins are gone, and so it is detached
};
struct Found {
    std::vector<Adopted> adopted;
    std::vector<NotAdopted> others;
};

class Pins {
  public:
    static constexpr std::string_view kBpffs = "/sys/fs/bpf";
    static constexpr std::string_view kFolder = "bulkhead";  // in bpffs
    static constexpr std::string_view kRecords = "pinned";   // in the broker's state

    // `state` is the broker's; `boot` is boot_id(). The directory in bpffs is not made before
    // something is pinned.
    static Result<Pins> open(const sys::Dir& state, std::string boot,
                             std::string bpffs = std::string(kBpffs));

    // All or nothing: after an error nothing of it is pinned. Kind::differs if what is named
    // `bpffs` is none (statfs(2), BPF_FS_MAGIC), or the directory in it is not root's alone, mode
    // 0700; code EEXIST if the id is pinned already, by whomever; an error if kMaxArtifacts are.
    Result<> pin(const PinRecord& record, const Held& held) const;

    // Removes pins and record, of a half-made one too. Succeeds if there are none. After an error
    // it has removed what it could; the record stays while a pin does, and adopt() tries again.
    // Links that can be detached are. Others (LSM, fentry, fexit, kprobe) stay attached while the
    // caller holds a descriptor of them. Pins without a record, a stranger's, are not touched.
    Result<> unpin(const protocol::JobId& id) const;

    // What the pins refer to now, for drift() against the record's facts. An error if one is
    // absent, is not root's, or another file lies beside them.
    Result<Facts> look(const PinRecord& record) const;

    // At the start of a broker, before anything is loaded. An artifact is adopted if it has a
    // record of this boot, its pins are complete and nothing has drifted; whether its manifest is
    // approved still, and its time not over, the caller decides, and calls unpin() if not. What has
    // a record and is not adopted is withdrawn: half-made pins, drifted ones, records without pins.
    // An error means that the directories could not be read; nothing was removed then.
    Result<Found> adopt() const;

  private:
    Pins(sys::Dir records, std::string boot, std::string bpffs)
        : records_(std::move(records)), boot_(std::move(boot)), bpffs_(std::move(bpffs)) {}
    Result<std::optional<sys::Dir>> folder() const;  // nothing if it is absent
    Result<sys::Dir> make_folder() const;
    Result<Held> held(const PinRecord& record) const;
    Result<Adopted> adopt(const std::string& id) const;
    NotAdopted withdraw(const std::string& id, std::string why) const;
    Result<std::vector<std::string>> records_of_this_boot(Found& found) const;

    sys::Dir records_;
    std::string boot_;
    std::string bpffs_;
};

}  // namespace bulkhead::broker
