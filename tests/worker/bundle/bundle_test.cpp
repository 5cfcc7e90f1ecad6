#include "worker/bundle/bundle.hpp"

#include <gtest/gtest.h>

#include "common/approval/artifact.hpp"
#include "tests/worker/bundle/archive.hpp"
#include "worker/bundle/tar_reader.hpp"
#include "worker/bundle/unpack.hpp"

namespace bulkhead::worker {
namespace {

using test::entry;
using test::gzip;
using test::object;
using test::pax;
using test::tar;
using test::zstd;

const std::string kObject = object();

std::string with(const std::string& more) {
    return zstd(tar(entry({.name = "program.o", .data = kObject}) + more));
}

void expect_refused(const std::string& bytes, std::string_view code, std::string_view word) {
    const auto bundle = read_bundle(bytes);
    ASSERT_FALSE(bundle) << word;
    EXPECT_EQ(bundle.error().code, code) << bundle.error().detail;
    EXPECT_NE(bundle.error().detail.find(word), std::string::npos) << bundle.error().detail;
}

TEST(Bundle, IsWhatThePackerOfAegisFluxMakes) {
    const auto bytes = tar(entry({.name = "program.o", .data = kObject}) +
                           entry({.name = "program.skel.h", .data = std::string(3'000, 'h')}) +
                           entry({.name = "src/main.bpf.c", .data = "int x;\n"}) +
                           entry({.name = "metadata.json",
                                  .data = R"({"template_name":"drop_egress","version":"1.2"})"}));
    for (const auto& packed : {zstd(bytes), gzip(bytes)}) {
        const auto bundle = read_bundle(packed);
        ASSERT_TRUE(bundle) << bundle.error().detail;
        EXPECT_EQ(bundle->elf, kObject);
        EXPECT_EQ(bundle->approval, "");
        EXPECT_EQ(bundle->title, "drop_egress 1.2");
    }
}

TEST(Bundle, MayBeTheObjectAlone) {
    const auto bundle = read_bundle(kObject);
    ASSERT_TRUE(bundle) << bundle.error().detail;
    EXPECT_EQ(bundle->elf, kObject);
    EXPECT_TRUE(read_bundle(object(approval::kMaxElf)));
    expect_refused(object(approval::kMaxElf + 1), kBundleTooLarge, "4 MiB");
}

TEST(Bundle, BringsItsApprovalAlong) {
    const auto bundle = read_bundle(with(entry({.name = "approval.artifact", .data = "manifest"})));
    ASSERT_TRUE(bundle) << bundle.error().detail;
    EXPECT_EQ(bundle->approval, "manifest");
    expect_refused(with(entry({.name = "approval.artifact"})), kBundleUnreadable, "empty");
}

TEST(Bundle, IsReadWhateverArchiverWroteIt) {
    const auto program = [](test::Entry what) {
        what.data = kObject;
        return read_bundle(zstd(tar(entry({.name = "./", .type = '5'}) + entry(what)))).has_value();
    };
    EXPECT_TRUE(program({.name = "./program.o"}));
    EXPECT_TRUE(program({.name = "program.o", .magic = std::string("ustar  \0", 8)}));  // GNU
    EXPECT_TRUE(program({.name = "program.o", .type = '\0', .magic = ""}));             // V7
    EXPECT_TRUE(program({.name = "program.o", .prefix = "."}));
    EXPECT_FALSE(program({.name = "program.o", .prefix = "bundle-1.0"}));
    const auto renamed = entry({.name = "x", .data = kObject});
    EXPECT_TRUE(read_bundle(zstd(tar(pax("mtime", "1.5") + pax("path", "program.o") + renamed))));
    EXPECT_TRUE(read_bundle(
        zstd(tar(pax("comment", "of git", 'g') + entry({.name = "program.o", .data = kObject})))));
    const auto longer = entry({.name = "././@LongLink", .data = "./program.o", .type = 'L'});
    EXPECT_TRUE(read_bundle(zstd(tar(longer + renamed))));
    // The name of one entry is not that of the next.
    const auto next = entry({.name = "y", .data = kObject});
    EXPECT_FALSE(read_bundle(zstd(tar(pax("path", "other") + renamed + next))));
}

TEST(Bundle, HoldsNoPathThatLeadsOutOfIt) {
    expect_refused(with(entry({.name = "/etc/passwd"})), kBundleUnsafe, "absolute");
    expect_refused(with(entry({.name = "../x"})), kBundleUnsafe, "..");
    expect_refused(with(entry({.name = "src/../../x"})), kBundleUnsafe, "..");
    expect_refused(with(entry({.name = "x", .prefix = "/etc"})), kBundleUnsafe, "absolute");
    expect_refused(with(pax("path", "../x") + entry({.name = "x"})), kBundleUnsafe, "..");
    expect_refused(with(entry({.name = "l", .data = "/x", .type = 'L'}) + entry({.name = "x"})),
                   kBundleUnsafe, "absolute");
    expect_refused(with(entry({.name = "../d", .type = '5'})), kBundleUnsafe, "..");
}

TEST(Bundle, HoldsFilesAndDirectoriesAlone) {
    const std::pair<char, const char*> kinds[] = {
        {'1', "hard link"}, {'2', "symbolic link"}, {'3', "device"},
        {'4', "device"},    {'6', "named pipe"},    {'7', "unknown"},
        {'S', "sparse"},    {'K', "symbolic"},      {'Z', "unknown"}};
    for (const auto& [type, word] : kinds) {
        expect_refused(with(entry({.name = "x", .type = type, .link = "program.o"})), kBundleUnsafe,
                       word);
    }
    // As the object itself.
    expect_refused(zstd(tar(entry({.name = "program.o", .type = '2', .link = "/etc/shadow"}))),
                   kBundleUnsafe, "symbolic link");
    expect_refused(with(pax("GNU.sparse.major", "1") + entry({.name = "x"})), kBundleUnsafe,
                   "sparse");
    expect_refused(with(pax("linkpath", "/x") + entry({.name = "x"})), kBundleUnsafe, "linkpath");
    expect_refused(with(pax("size", "9") + entry({.name = "x"})), kBundleUnsafe, "size");
    expect_refused(with(pax("path", "program.o", 'g')), kBundleUnsafe, "path");
}

TEST(Bundle, HoldsOneObject) {
    expect_refused(with(entry({.name = "program.o", .data = object(300)})), kBundleUnsafe, "twice");
    expect_refused(with(entry({.name = "./program.o", .data = kObject})), kBundleUnsafe, "twice");
    expect_refused(zstd(tar(entry({.name = "other.o", .data = kObject}))), kBundleIncomplete,
                   "other.o");
    expect_refused(zstd(tar(entry({.name = "src/program.o", .data = kObject}))), kBundleIncomplete,
                   "src/program.o");
    expect_refused(zstd(tar("")), kBundleIncomplete, "nothing");
    expect_refused(zstd(tar(entry({.name = "program.o", .data = "#!/bin/sh\n"}))),
                   kBundleUnreadable, "no ELF");
    expect_refused(zstd(tar(entry({.name = "program.o"}))), kBundleUnreadable, "no ELF");
}

TEST(Bundle, OfAnotherFormIsNone) {
    expect_refused("", kBundleUnreadable, ".tar.zst");
    expect_refused("hello", kBundleUnreadable, ".tar.zst");
    expect_refused("PK\x03\x04zip", kBundleUnreadable, "zip");
    expect_refused(tar(entry({.name = "program.o", .data = kObject})), kBundleUnreadable,
                   ".tar.zst");
    expect_refused(zstd("hello"), kBundleUnreadable, "no tar");
    expect_refused(gzip(std::string(2'000, 'x')), kBundleUnreadable, "no tar");
    expect_refused(zstd(gzip(kObject)), kBundleUnreadable, "no tar");
    expect_refused(zstd(""), kBundleUnreadable, "no tar");
}

TEST(Bundle, TruncatedAnywhereIsRefused) {
    const auto bytes = tar(entry({.name = "program.o", .data = kObject}) +
                           entry({.name = "approval.artifact", .data = "signed"}));
    for (const auto& packed : {zstd(bytes), gzip(bytes)}) {
        for (std::size_t length = 0; length < packed.size(); ++length) {
            EXPECT_FALSE(read_bundle(packed.substr(0, length))) << length;
        }
    }
    // The archive itself, whole as a compressed stream: whatever is cut before its end.
    const auto ends = bytes.size() - 1'024;
    for (std::size_t length = 1; length <= ends; ++length) {
        EXPECT_FALSE(read_bundle(zstd(bytes.substr(0, length)))) << length;
    }
    EXPECT_TRUE(read_bundle(zstd(bytes.substr(0, ends + 512))));
}

TEST(Bundle, WithAFlippedBitIsRefusedOrTheSame) {
    const auto packed = gzip(tar(entry({.name = "program.o", .data = kObject})));
    for (std::size_t at = 10; at < packed.size(); ++at) {  // behind the header of gzip
        auto flipped = packed;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        const auto bundle = read_bundle(flipped);
        EXPECT_TRUE(!bundle || bundle->elf == kObject) << at;
    }
}

TEST(Bundle, NothingFollowsItsEnd) {
    const auto bytes = tar(entry({.name = "program.o", .data = kObject}));
    expect_refused(zstd(bytes + entry({.name = "x"})), kBundleUnsafe, "behind the end");
    expect_refused(zstd(bytes) + "x", kBundleUnreadable, "");
    expect_refused(gzip(bytes) + "x", kBundleUnreadable, "");
    // Zeros up to a record of tar, and several frames or members, do.
    EXPECT_TRUE(read_bundle(zstd(bytes + std::string(9'216, '\0'))));
    EXPECT_TRUE(read_bundle(zstd(bytes.substr(0, 600)) + zstd(bytes.substr(600))));
    EXPECT_TRUE(read_bundle(gzip(bytes.substr(0, 600)) + gzip(bytes.substr(600))));
}

TEST(Bundle, ABombEndsAtItsBounds) {
    // By the ratio: what unpacks to less than the bound of all.
    const auto zeros = entry({.name = "x", .data = std::string(8_MiB, '\0')});
    expect_refused(zstd(tar(zeros)), kBundleTooLarge, "times its size");
    expect_refused(gzip(tar(zeros)), kBundleTooLarge, "times its size");
    // By the bound of all, at a ratio that is allowed.
    std::uint64_t state = 1;
    std::uint64_t seen = 0;
    const auto count = [&seen](std::string_view piece) {
        seen += piece.size();
        return Unpacked<>();
    };
    auto noise = std::string(17_MiB, '\0');
    for (auto& c : noise) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        c = static_cast<char>(state >> 61);
    }
    const auto done = unpack(zstd(noise), Packing::zstd, count);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().detail.find("16 MiB"), std::string::npos) << done.error().detail;
    EXPECT_LE(seen, kMaxUnpacked);
    // One file.
    expect_refused(with(entry({.name = "metadata.json", .data = std::string(65'537, 'm')})),
                   kBundleTooLarge, "metadata.json");
    expect_refused(zstd(tar(entry({.name = "program.o", .data = object(approval::kMaxElf + 1)}))),
                   kBundleTooLarge, "program.o");
    // Many files.
    std::string entries;
    for (int i = 0; i < 1'025; ++i) entries += entry({.name = "f"});
    expect_refused(zstd(tar(entries)), kBundleTooLarge, "entries");
    // A header that claims what never comes.
    auto claims = entry({.name = "program.o"});
    claims.replace(124, 1, "\x80");
    claims.replace(148, 8, "        ");
    unsigned long sum = 0;
    for (const char c : claims) sum += static_cast<unsigned char>(c);
    char text[9];
    std::snprintf(text, sizeof text, "%06lo", sum);
    claims.replace(148, 8, std::string(text) + std::string("\0 ", 2));
    expect_refused(zstd(claims), kBundleTooLarge, "8 GiB");
}

TEST(Bundle, AWindowThatNeedsMuchMemoryIsRefused) {
    const auto bytes = tar(entry({.name = "program.o", .data = object(3'000'000)}));
    EXPECT_TRUE(read_bundle(zstd(bytes, 23)));
    expect_refused(zstd(bytes, 27), kBundleUnreadable, "8 MiB");
}

TEST(TarReader, MayBeFedByteByByte) {
    const auto bytes = tar(pax("path", "program.o") + entry({.name = "x", .data = kObject}));
    TarReader tar({{"program.o", 1'000}});
    for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_TRUE(tar.feed({&bytes[i], 1})) << i;
    ASSERT_TRUE(tar.finish());
    EXPECT_EQ(tar.files()["program.o"], kObject);
}

}  // namespace
}  // namespace bulkhead::worker
