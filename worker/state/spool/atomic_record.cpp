#include "worker/state/spool/atomic_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kHeader = sizeof(std::uint64_t) + sizeof(std::uint32_t);
constexpr std::size_t kOverhead = kHeader + sizeof(crypto::Digest);

Result<> write_at(const sys::Fd& fd, ByteView bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t put =
            ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return sys::fail_errno("write record");
        bytes = bytes.subspan(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
    return {};
}

struct Slot {
    std::uint64_t sequence = 0;
    ByteView record;
};

Result<Slot> read_slot(ByteView slot) {
    ByteReader reader(slot);
    const auto sequence = TRY(reader.integer<std::uint64_t>());
    const auto size = TRY(reader.integer<std::uint32_t>());
    const auto record = TRY(reader.take(size));
    const auto stored = TRY(reader.take(sizeof(crypto::Digest)));
    if (!std::ranges::equal(stored, crypto::sha256(slot.first(kHeader + size)))) {
        return fail("half a record");
    }
    return Slot{sequence, record};
}

}  // namespace

Result<AtomicRecord> AtomicRecord::create(const sys::Dir& dir, std::string_view name,
                                          std::uint64_t slot_size) {
    AtomicRecord file(TRY(dir.open_regular(name, O_RDWR | O_CREAT | O_EXCL, 0600)), slot_size);
    TRY(write_at(file.fd_, Bytes(2 * slot_size), 0));
    return file;
}

Result<AtomicRecord> AtomicRecord::open(const sys::Dir& dir, std::string_view name,
                                        std::uint64_t slot_size) {
    AtomicRecord file(TRY(dir.open_regular(name, O_RDWR)), slot_size);
    auto content = TRY(within(name, sys::read_from_start(file.fd_, 2 * slot_size)));
    content.resize(2 * slot_size);  // after a crash of the host the file may be shorter
    const auto bytes = as_bytes(content);
    file.adopt(bytes.first(slot_size));
    file.adopt(bytes.last(slot_size));
    return file;
}

void AtomicRecord::adopt(ByteView slot) {
    const auto found = read_slot(slot);
    if (!found || found->sequence <= sequence_) return;
    sequence_ = found->sequence;
    record_.assign(found->record.begin(), found->record.end());
}

Result<> AtomicRecord::store(ByteView record) {
    if (record.size() + kOverhead > slot_size_)
        return fail("record too large", Error::Kind::too_large);
    ByteWriter writer;
    writer.integer(sequence_ + 1);
    writer.integer(static_cast<std::uint32_t>(record.size()));
    writer.put(record);
    const auto digest = crypto::sha256(writer.bytes());
    writer.put(digest);
    TRY(write_at(fd_, writer.bytes(), (sequence_ + 1) % 2 * slot_size_));
    ++sequence_;
    record_.assign(record.begin(), record.end());
    return {};
}

Result<> AtomicRecord::sync() const {
    if (::fdatasync(fd_.get()) != 0) return sys::fail_errno("sync record");
    return {};
}

}  // namespace bulkhead::worker
