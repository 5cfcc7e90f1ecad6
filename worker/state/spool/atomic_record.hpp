// AtomicRecord: a small record that is rewritten often and is, after any crash, the old or the new
// one.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::worker {

// Two slots, written in turn and in place, each with a sequence number and a checksum; the newest
// that is whole counts. One pwrite a record, where temporary file and rename would take six calls;
// and as both slots are written when the file is made, a full disk cannot refuse a record later.
class AtomicRecord {
  public:
    static Result<AtomicRecord> create(const sys::Dir& dir, std::string_view name,
                                       std::uint64_t slot_size);
    static Result<AtomicRecord> open(const sys::Dir& dir, std::string_view name,
                                     std::uint64_t slot_size);

    const Bytes& record() const { return record_; }  // empty: none was ever stored
    // Survives the death of this process; the death of the host only after sync().
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
