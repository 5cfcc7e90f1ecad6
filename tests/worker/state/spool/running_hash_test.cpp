#include "worker/state/spool/running_hash.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

RunningHash written_and_read(const RunningHash& hash) {
    ByteWriter writer;
    hash.write_state(writer);
    ByteReader reader(writer.bytes());
    return RunningHash::read_state(reader).value();
}

TEST(RunningHash, OfNothingIsTheDigestOfNothing) {
    EXPECT_EQ(RunningHash().digest(), crypto::sha256({}));
    EXPECT_EQ(written_and_read(RunningHash()).digest(), crypto::sha256({}));
}

TEST(RunningHash, GoesOnFromItsWrittenStateAtEveryLength) {
    const std::string text(300, 'x');
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        RunningHash first;
        first.update(as_bytes(text).first(cut));
        auto second = written_and_read(first);
        EXPECT_EQ(second.count(), cut);
        EXPECT_EQ(second.digest(), crypto::sha256(as_bytes(text).first(cut)));
        second.update(as_bytes(text).subspan(cut));
        EXPECT_EQ(second.digest(), crypto::sha256(as_bytes(text))) << cut;
    }
}

TEST(RunningHash, GoesOnBeyondTheFirstWordOfItsBitCount) {
    const std::string block(1 << 20, 'y');
    RunningHash straight;
    RunningHash interrupted;
    for (int i = 0; i < 600; ++i) {  // 2^32 bits are 512 MiB
        straight.update(as_bytes(block));
        interrupted.update(as_bytes(block));
        if (i > 500) interrupted = written_and_read(interrupted);
    }
    EXPECT_EQ(interrupted.digest(), straight.digest());
    EXPECT_EQ(interrupted.count(), 600ULL << 20);
}

TEST(RunningHash, ATruncatedStateIsAnError) {
    ByteWriter writer;
    RunningHash().write_state(writer);
    ByteReader reader(ByteView(writer.bytes()).first(writer.bytes().size() - 1));
    EXPECT_FALSE(RunningHash::read_state(reader));
}

}  // namespace
}  // namespace bulkhead::worker
