#include "worker/host/metrics/kept_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kFirstRoom = 8_KiB;
constexpr std::size_t kLeastRoom = 4_KiB;

// The kernel (fs/seq_file.c) returns less than was asked for only at the end of the file or when
// its buffer of at least 4 KiB cannot hold the next record, and no record of the files read here
// reaches 2 KiB. A read that returned less than this was therefore the last one, and the read that
// would return 0 can be left out.
constexpr std::size_t kSurelyLast = 2_KiB;

}  // namespace

KeptFile::KeptFile(const sys::Dir& dir, std::string path)
    : path_(std::move(path)), fd_(dir.open_regular(path_, O_RDONLY)) {}

Result<std::size_t> KeptFile::read_at(char* to, std::size_t room, std::uint64_t offset) const {
    if (!fd_) return std::unexpected(fd_.error());
    for (;;) {
        const ssize_t got = ::pread(fd_->get(), to, room, static_cast<off_t>(offset));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return sys::fail_errno("read " + path_);
    }
}

Result<std::string_view> KeptFile::read(std::vector<char>& buffer, std::uint64_t max) const {
    std::size_t size = 0;
    for (;;) {
        if (buffer.size() - size < kLeastRoom) {
            buffer.resize(std::max(kFirstRoom, buffer.size() * 2));
        }
        const auto got = TRY(read_at(buffer.data() + size, buffer.size() - size, size));
        size += got;
        if (size > max) return fail(path_ + ": larger than " + std::to_string(max) + " bytes");
        if (got < kSurelyLast) return std::string_view(buffer.data(), size);
    }
}

Result<std::string_view> KeptFile::read_head(std::vector<char>& buffer, std::size_t count) const {
    if (buffer.size() < count) buffer.resize(count);
    const auto got = TRY(read_at(buffer.data(), count, 0));
    return std::string_view(buffer.data(), got);
}

}  // namespace bulkhead::worker
