#include "worker/state/spool/stream_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace bulkhead::worker {

Result<StreamFile> StreamFile::create(const sys::Dir& dir, std::string_view name) {
    return StreamFile(TRY(dir.open_regular(name, O_RDWR | O_CREAT | O_EXCL, 0600)), 0);
}

Result<StreamFile> StreamFile::open(const sys::Dir& dir, std::string_view name) {
    auto fd = TRY(dir.open_regular(name, O_RDWR));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return sys::fail_errno("fstat");
    return StreamFile(std::move(fd), static_cast<std::uint64_t>(info.st_size));
}

Result<std::uint64_t> StreamFile::append_from(const sys::Fd& pipe, std::uint64_t max) {
    for (;;) {
        auto end = static_cast<loff_t>(size_);
        const ssize_t moved =
            ::splice(pipe.get(), nullptr, fd_.get(), &end, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return sys::fail_errno("splice");
        size_ += static_cast<std::uint64_t>(moved);
        return static_cast<std::uint64_t>(moved);
    }
}

Result<ByteView> StreamFile::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
    for (;;) {
        const ssize_t got =
            ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sys::fail_errno("read output");
        return ByteView(buffer.first(static_cast<std::size_t>(got)));
    }
}

Result<> StreamFile::punch(std::uint64_t from, std::uint64_t to) const {
    if (from >= to) return {};
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (::fallocate(fd_.get(), mode, static_cast<off_t>(from), static_cast<off_t>(to - from)) !=
           0) {
        if (errno != EINTR) return sys::fail_errno("release output");
    }
    return {};
}

}  // namespace bulkhead::worker
