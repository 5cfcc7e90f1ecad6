#include "common/protocol/codec.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/parse.hpp"
#include "tests/common/protocol/random_message.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::protocol {
namespace {

constexpr unsigned kRounds = 50;

template <Record T>
Result<T> decode_frame(ByteView bytes, std::vector<sys::Fd> descriptors) {
    TRY(decode_header(bytes));
    return decode<T>(bytes, descriptors);
}

// The payload cut or grown to `size`, with the header saying so: what only the decoder can refuse.
Bytes resized(const Bytes& frame, std::size_t size) {
    ByteWriter out;
    out.put(ByteView(frame).first(8));
    out.integer(static_cast<std::uint32_t>(size));
    const auto payload = ByteView(frame).subspan(kHeaderBytes);
    out.put(payload.first(std::min(size, payload.size())));
    for (std::size_t i = payload.size(); i < size; ++i) out.integer(std::uint8_t{0});
    return std::move(out).bytes();
}

template <Record T>
std::string refusal(ByteView payload, std::size_t descriptors = 0) {
    std::vector<sys::Fd> fds;
    for (std::size_t i = 0; i < descriptors; ++i) fds.emplace_back(::dup(0));
    Decoder decoder(payload, fds);
    T message;
    auto result = decoder.get(message);
    if (result) result = decoder.finish();
    return result ? "" : result.error().what;
}

Bytes bytes_of(std::string_view hex) { return parse_hex(hex).value(); }

TEST(Codec, EveryMessageReadsBackWhateverItHolds) {
    each_message([]<class T>(const std::string& name) {
        RandomValues values(1);
        for (unsigned round = 0; round < kRounds; ++round) {
            const auto message = values.make<T>();
            const auto frame = encode(7, 9, message);
            ASSERT_TRUE(frame) << name;
            const auto again = decode_frame<T>(frame->bytes, received(frame->descriptors));
            ASSERT_OK(again) << name;
            const auto second = encode(7, 9, *again);
            EXPECT_EQ(second->bytes, frame->bytes) << name;
            EXPECT_EQ(second->descriptors.size(), frame->descriptors.size()) << name;
        }
    });
}

TEST(Codec, EveryTruncationIsRefused) {
    each_message([]<class T>(const std::string& name) {
        RandomValues values(2);
        for (unsigned round = 0; round < 5; ++round) {
            const auto message = values.make<T>();
            const auto frame = encode(7, 9, message).value();
            for (std::size_t size = 0; size + kHeaderBytes < frame.bytes.size(); ++size) {
                const auto cut = resized(frame.bytes, size);
                ASSERT_FALSE(decode_frame<T>(cut, received(frame.descriptors)))
                    << name << " of " << size << " bytes";
            }
        }
    });
}

TEST(Codec, EveryTrailingByteIsRefused) {
    each_message([]<class T>(const std::string& name) {
        RandomValues values(3);
        for (unsigned round = 0; round < kRounds; ++round) {
            const auto message = values.make<T>();
            const auto frame = encode(7, 9, message).value();
            const auto grown = resized(frame.bytes, frame.bytes.size() - kHeaderBytes + 1);
            const auto result = decode_frame<T>(grown, received(frame.descriptors));
            ASSERT_FALSE(result) << name;
            EXPECT_EQ(result.error().what, "trailing bytes") << name;
        }
    });
}

TEST(Codec, AMissingOrSurplusDescriptorIsRefused) {
    each_message([]<class T>(const std::string& name) {
        RandomValues values(4);
        for (unsigned round = 0; round < kRounds; ++round) {
            const auto message = values.make<T>();
            const auto frame = encode(7, 9, message).value();
            auto more = received(frame.descriptors);
            more.emplace_back(::dup(0));
            const auto surplus = decode_frame<T>(frame.bytes, std::move(more));
            ASSERT_FALSE(surplus) << name;
            EXPECT_EQ(surplus.error().what, "too many descriptors") << name;
            auto fewer = received(frame.descriptors);
            if (fewer.empty()) continue;
            fewer.pop_back();
            const auto missing = decode_frame<T>(frame.bytes, std::move(fewer));
            ASSERT_FALSE(missing) << name;
            EXPECT_TRUE(missing.error().what.ends_with("a descriptor is missing")) << name;
        }
    });
}

TEST(Codec, TheHeaderStandsAsDocumented) {
    const auto frame = encode(4, 0x01020304, CancelJob{.number = JobNumber{5}}).value();
    EXPECT_EQ(to_hex(frame.bytes),
              "0400"
              "0000"
              "04030201"
              "08000000"
              "0500000000000000");
    const auto header = decode_header(frame.bytes).value();
    EXPECT_EQ(header.id, 4);
    EXPECT_EQ(header.serial, 0x01020304U);
    EXPECT_EQ(header.length, 8U);
}

TEST(Codec, AHeaderThatLiesIsRefused) {
    const auto what = [](std::string_view hex) {
        const auto header = decode_header(bytes_of(hex));
        return header ? "" : header.error().what;
    };
    EXPECT_EQ(what("060000000100000000000000"), "");
    EXPECT_EQ(what(""), "truncated");
    EXPECT_EQ(what("0600000001000000000000"), "truncated");
    EXPECT_EQ(what("060001000100000000000000"), "reserved bits are set");
    EXPECT_EQ(what("060000000100000001000000"), "length does not match the packet");
    EXPECT_EQ(what("06000000010000000000000000"), "length does not match the packet");
    EXPECT_EQ(what("0600000001000000ffffffff"), "length does not match the packet");
}

TEST(Codec, AnUnknownEnumeratorIsRefused) {
    EXPECT_EQ(refusal<StatusReply>(bytes_of("010000")), "");
    EXPECT_EQ(refusal<StatusReply>(bytes_of("020000")), "status: unknown enumerator");
    EXPECT_EQ(refusal<StatusReply>(bytes_of("ff0000")), "status: unknown enumerator");
}

struct Flags {
    bool flag = false;
    std::optional<std::uint8_t> maybe;
    static constexpr auto fields =
        std::tuple{field("flag", &Flags::flag), field("maybe", &Flags::maybe)};
};

TEST(Codec, ABooleanIsZeroOrOneSoThatAValueHasOneSpelling) {
    EXPECT_EQ(refusal<Flags>(bytes_of("0100")), "");
    EXPECT_EQ(refusal<Flags>(bytes_of("000107")), "");
    EXPECT_EQ(refusal<Flags>(bytes_of("0200")), "flag: not a boolean");
    EXPECT_EQ(refusal<Flags>(bytes_of("ff00")), "flag: not a boolean");
    EXPECT_EQ(refusal<Flags>(bytes_of("000207")), "maybe: not a boolean");
}

struct Text {
    BoundaryText<4> text;
    static constexpr auto fields = std::tuple{field("text", &Text::text)};
};

TEST(Codec, TextIsBoundedWholeUtf8) {
    EXPECT_EQ(refusal<Text>(bytes_of("040061626364")), "");
    EXPECT_EQ(refusal<Text>(bytes_of("05006162636465")), "text: text too long");
    EXPECT_EQ(refusal<Text>(bytes_of("ffff61626364")), "text: text too long");
    EXPECT_EQ(refusal<Text>(bytes_of("0400616263")), "text: truncated");
    EXPECT_EQ(refusal<Text>(bytes_of("0100ff")), "text: text is not UTF-8");
    EXPECT_EQ(refusal<Text>(bytes_of("010000")), "text: text holds a NUL");
}

struct List {
    Bounded<std::uint8_t, 2> list;
    static constexpr auto fields = std::tuple{field("list", &List::list)};
};

TEST(Codec, AListIsBoundedBeforeItIsRead) {
    EXPECT_EQ(refusal<List>(bytes_of("02000102")), "");
    EXPECT_EQ(refusal<List>(bytes_of("0300010203")), "list: list too long");
    EXPECT_EQ(refusal<List>(bytes_of("ffff")), "list: list too long");
    EXPECT_EQ(refusal<List>(bytes_of("020001")), "list: truncated");
}

struct Huge {
    Bounded<Detail, 100> details;
    static constexpr auto fields = std::tuple{field("details", &Huge::details)};
};

TEST(Codec, AMessageTooLargeForAFrameIsNotEncoded) {
    Huge huge;
    huge.details.items.assign(kMaxPayload / 514, Detail::clipped(std::string(512, 'x')));
    EXPECT_TRUE(encode(1, 1, huge));
    huge.details.items.push_back(huge.details.items.front());
    EXPECT_EQ(encode(1, 1, huge).error().what, "message too large");
}

// Otherwise a worker that left much behind could never be greeted again.
TEST(Codec, TheFullestReplyToHelloFitsIntoAFrame) {
    const auto longest = []<std::size_t Max>(BoundaryText<Max>& text) {
        text = BoundaryText<Max>::clipped(std::string(Max, 'x'));
    };
    HelloReply reply;
    longest(reply.host_id);
    for (int i = 0; i < 16; ++i) longest(reply.missing.items.emplace_back());
    for (std::size_t i = 0; i < kMaxUnreported; ++i) {
        auto& job = reply.jobs.items.emplace_back();
        longest(job.delivery_id.value);
        longest(job.job_id.value);
        longest(job.end.reason);
        longest(job.end.detail);
        job.out.emplace();
        job.err.emplace();
    }
    const auto frame = encode(1, 1, reply);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->descriptors.size(), 2 * kMaxUnreported);
}

TEST(Codec, DescriptorsStayOwnedWhenAMessageIsRefused) {
    const auto pipe = sys::make_pipe().value();
    std::vector<sys::Fd> descriptors;
    descriptors.push_back(pipe.write.duplicate().value());
    const int number = descriptors.front().get();
    {
        Decoder decoder({}, descriptors);
        protocol::Setup setup;
        EXPECT_FALSE(decoder.get(setup));
    }
    descriptors.clear();
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace bulkhead::protocol
