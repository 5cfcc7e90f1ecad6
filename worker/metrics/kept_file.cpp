#include "worker/metrics/kept_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kFirstRoom = 8_KiB;
constexpr std::size_t kLeastRoom = 4_KiB;
// A read of /proc stops early only when its page of at least 4 KiB cannot hold the next record
// (seq_file), and no record of the files read here is half a page long. So a read that brought
// less than this was the last one, and asking again for an empty answer can be spared.
constexpr std::size_t kSurelyLast = 2_KiB;

}  // namespace

Result<std::size_t> KeptFile::read_at(const sys::Dir& dir, char* to, std::size_t room,
                                      std::uint64_t offset) {
    if (!fd_) fd_ = TRY(dir.open_regular(path_, O_RDONLY));
    for (;;) {
        const ssize_t got = ::pread(fd_.get(), to, room, static_cast<off_t>(offset));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EINTR) continue;
        auto failure = sys::fail_errno("read " + path_);
        fd_.reset();
        return failure;
    }
}

Result<std::string_view> KeptFile::read(const sys::Dir& dir, std::vector<char>& buffer,
                                        std::uint64_t max) {
    std::size_t size = 0;
    for (;;) {
        if (buffer.size() - size < kLeastRoom) {
            buffer.resize(std::max(kFirstRoom, buffer.size() * 2));
        }
        const auto got = TRY(read_at(dir, buffer.data() + size, buffer.size() - size, size));
        size += got;
        if (size > max) return fail(path_ + ": larger than " + std::to_string(max) + " bytes");
        if (got < kSurelyLast) return std::string_view(buffer.data(), size);
    }
}

Result<std::string_view> KeptFile::read_head(const sys::Dir& dir, std::vector<char>& buffer,
                                             std::size_t count) {
    if (buffer.size() < count) buffer.resize(count);
    const auto got = TRY(read_at(dir, buffer.data(), count, 0));
    return std::string_view(buffer.data(), got);
}

}  // namespace bulkhead::worker
