#include "worker/backend/grapheon/gzip.hpp"

#include <zlib.h>

#include <cstdlib>

namespace bulkhead::worker {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more means a gzip header

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    // With these parameters deflateInit2() fails only without memory: the process ends.
    if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, MAX_MEM_LEVEL - 1,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
        std::abort();
    }
    std::string packed(::deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int code = ::deflate(&stream, Z_FINISH);  // one call: deflateBound() bytes are enough
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (code != Z_STREAM_END) std::abort();
    return packed;
}

}  // namespace bulkhead::worker
