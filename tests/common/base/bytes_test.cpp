#include "common/base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/parse.hpp"

namespace bulkhead {
namespace {

template <class T>
void reads_back() {
    for (const T value :
         {std::numeric_limits<T>::min(), T{0}, T{1}, T{0x5a}, std::numeric_limits<T>::max()}) {
        ByteWriter out;
        out.integer(value);
        EXPECT_EQ(out.bytes().size(), sizeof(T));
        ByteReader in(out.bytes());
        EXPECT_EQ(in.integer<T>(), value);
        EXPECT_TRUE(in.finish());
    }
}

TEST(Bytes, IntegersReadBackInEveryWidth) {
    reads_back<std::uint8_t>();
    reads_back<std::uint16_t>();
    reads_back<std::uint32_t>();
    reads_back<std::uint64_t>();
    reads_back<std::int8_t>();
    reads_back<std::int16_t>();
    reads_back<std::int32_t>();
    reads_back<std::int64_t>();
}

TEST(Bytes, IntegersAreLittleEndian) {
    ByteWriter out;
    out.integer(std::uint32_t{0x01020304});
    out.integer(std::uint16_t{0xa0b0});
    EXPECT_EQ(to_hex(out.bytes()), "04030201b0a0");
}

TEST(Bytes, AShortIntegerIsAnErrorAndTakesNothing) {
    const Bytes three(3);
    ByteReader in(three);
    EXPECT_EQ(in.integer<std::uint32_t>().error().what, "truncated");
    EXPECT_EQ(in.remaining(), 3U);
    EXPECT_TRUE(in.integer<std::uint16_t>());
    EXPECT_FALSE(in.integer<std::uint16_t>());
    EXPECT_TRUE(in.integer<std::uint8_t>());
    EXPECT_FALSE(in.integer<std::uint8_t>());
}

TEST(Bytes, TakeGivesExactlyThatManyOrNone) {
    ByteReader in(as_bytes("boat"));
    EXPECT_EQ(as_text(in.take(3).value()), "boa");
    EXPECT_FALSE(in.take(2));
    EXPECT_FALSE(in.take(std::numeric_limits<std::size_t>::max()));
    EXPECT_TRUE(in.take(0));
    EXPECT_EQ(in.finish().error().what, "trailing bytes");
    EXPECT_TRUE(in.take(1));
    EXPECT_TRUE(in.finish());
}

}  // namespace
}  // namespace bulkhead
