#include "tests/worker/bundle/archive.hpp"

#include <zlib.h>
#include <zstd.h>

#include <cstdio>

namespace bulkhead::worker::test {

namespace {

constexpr std::size_t kBlock = 512;

std::string octal(std::uint64_t value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
    return text;
}

}  // namespace

std::string entry(const Entry& what) {
    std::string header(kBlock, '\0');
    const auto put = [&header](std::size_t at, std::string_view text) {
        header.replace(at, text.size(), text);
    };
    put(0, what.name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(what.data.size(), 11));
    put(136, octal(1'700'000'000, 11));
    put(148, "        ");
    header[156] = what.type;
    put(157, what.link);
    put(257, what.magic);
    put(345, what.prefix);
    unsigned long sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    const auto padding = (kBlock - what.data.size() % kBlock) % kBlock;
    return header + what.data + std::string(padding, '\0');
}

std::string pax(std::string_view key, std::string_view value, char type) {
    const auto rest = " " + std::string(key) + "=" + std::string(value) + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    return entry({.name = "PaxHeaders.0/x", .data = std::to_string(length) + rest, .type = type});
}

std::string tar(std::string_view entries) {
    return std::string(entries) + std::string(2 * kBlock, '\0');
}

std::string zstd(std::string_view bytes, int window_log) {
    auto* const context = ::ZSTD_createCCtx();
    if (window_log > 0) {
        ::ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
        ::ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    }
    std::string packed(::ZSTD_compressBound(bytes.size()), '\0');
    // As a stream: of a size that is known the window would be no larger than that.
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    ::ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
    ::ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
    ::ZSTD_freeCCtx(context);
    packed.resize(out.pos);
    return packed;
}

std::string gzip(std::string_view bytes) {
    z_stream stream{};
    ::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string packed(::deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return packed;
}

std::string object(std::size_t size) {
    std::string bytes(
        "\x7f"
        "ELF\x02\x01\x01",
        7);
    while (bytes.size() < size) bytes += static_cast<char>(bytes.size() * 37 + bytes.size() / 251);
    return bytes;
}

}  // namespace bulkhead::worker::test
