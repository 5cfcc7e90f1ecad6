#include "worker/bundle/unpack.hpp"

#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <vector>

namespace bulkhead::worker {

namespace {

constexpr std::size_t kPiece = 64_KiB;
constexpr int kMaxWindowLog = 23;     // 8 MiB
constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more means a gzip header

// Passes on what came out, and counts it.
class Output {
  public:
    Output(const Sink& sink, std::size_t packed) : sink_(sink), packed_(packed) {}

    std::vector<char> piece = std::vector<char>(kPiece);

    Unpacked<> pass_on(std::size_t length) {
        total_ += length;
        if (total_ > kMaxUnpacked) {
            return refuse(kBundleTooLarge,
                          "unpacks to more than " + std::to_string(kMaxUnpacked >> 20) + " MiB");
        }
        if (total_ > kFreeOutput && total_ / kMaxRatio > packed_) {
            return refuse(kBundleTooLarge,
                          "unpacks to more than " + std::to_string(kMaxRatio) + " times its size");
        }
        return length == 0 ? Unpacked<>() : sink_({piece.data(), length});
    }

  private:
    const Sink& sink_;
    std::uint64_t packed_;
    std::uint64_t total_ = 0;
};

std::unexpected<BundleRefusal> truncated() {
    return refuse(kBundleUnreadable, "its compressed data ends too early: it is truncated");
}

Unpacked<> unpack_zstd(std::string_view packed, Output& output) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(::ZSTD_createDCtx(),
                                                                       &ZSTD_freeDCtx);
    if (!context) return refuse(kBundleUnreadable, "no memory");
    ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
    ZSTD_inBuffer in{.src = packed.data(), .size = packed.size(), .pos = 0};
    for (;;) {
        ZSTD_outBuffer out{.dst = output.piece.data(), .size = output.piece.size(), .pos = 0};
        const auto left = ::ZSTD_decompressStream(context.get(), &out, &in);
        if (::ZSTD_isError(left) != 0) {
            return refuse(kBundleUnreadable,
                          std::string("its zstd data is damaged, or needs more than 8 MiB to "
                                      "unpack (zstd --long, --ultra): ") +
                              ::ZSTD_getErrorName(left));
        }
        if (auto done = output.pass_on(out.pos); !done) return done;
        if (left == 0 && in.pos == in.size) return {};
        if (in.pos == in.size && out.pos < out.size) return truncated();
    }
}

Unpacked<> unpack_gzip(std::string_view packed, Output& output) {
    z_stream stream{};
    if (::inflateInit2(&stream, kGzipWindow) != Z_OK) return refuse(kBundleUnreadable, "no memory");
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(output.piece.data());
        stream.avail_out = static_cast<uInt>(output.piece.size());
        const int code = ::inflate(&stream, Z_NO_FLUSH);
        if (code == Z_BUF_ERROR) return truncated();
        if (code != Z_OK && code != Z_STREAM_END) {
            return refuse(kBundleUnreadable,
                          std::string("its gzip data is damaged: ") +
                              (stream.msg != nullptr ? stream.msg : ::zError(code)));
        }
        if (auto done = output.pass_on(output.piece.size() - stream.avail_out); !done) return done;
        if (code != Z_STREAM_END) continue;
        if (stream.avail_in == 0) return {};
        ::inflateReset(&stream);  // the next member
    }
}

}  // namespace

Unpacked<> unpack(std::string_view packed, Packing packing, const Sink& sink) {
    Output output(sink, packed.size());
    return packing == Packing::zstd ? unpack_zstd(packed, output) : unpack_gzip(packed, output);
}

}  // namespace bulkhead::worker
