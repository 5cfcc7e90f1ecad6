// AtomicRecord: a small record that is rewritten often and is, after any crash, the old or the new
// one.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

// Two slots, written alternately and in place, each with a sequence number and a SHA-256; the
// newest slot whose hash is right holds the record. Storing is one pwrite(2), where a temporary
// file and rename(2) take six calls; and as both slots are allocated by create(), ENOSPC cannot
// occur later.
class AtomicRecord {
  public:
    static Result<AtomicRecord> create(const sys::Dir& dir, std::string_view name,
                                       std::uint64_t slot_size);
    static Result<AtomicRecord> open(const sys::Dir& dir, std::string_view name,
                                     std::uint64_t slot_size);

    const Bytes& record() const { return record_; }  // empty: none was ever stored
    // What is stored survives the death of this process, and a crash of the host only after sync().
    // Kind::too_large if it does not fit into a slot.
    Result<> store(ByteView record);
    Result<> sync() const;

  private:
    AtomicRecord(sys::Fd fd, std::uint64_t slot_size) : fd_(std::move(fd)), slot_size_(slot_size) {}
    void adopt(ByteView slot);

    sys::Fd fd_;
    std::uint64_t slot_size_;
    std::uint64_t sequence_ = 0;
    Bytes record_;
};

}  // namespace bulkhead::worker
