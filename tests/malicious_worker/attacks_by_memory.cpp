// Memfds: seals that are missing or come late, sizes, contents that change or are not there.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::StartJob;

Bytes start(bool manifest = false, bool signatures = false) {
    return framed(kId<StartJob>, start_payload(manifest, signatures));
}

Attack script(const char* kind, const char* what, const char* reason) {
    return {.name = std::string("script-") + kind,
            .moment = serving,
            .what = what,
            .expected = answered(reason),
            .act = sends(start(), {kind}),
            .needs = kind};
}
Attack manifest(const char* kind, const char* what, const char* reason) {
    return {.name = std::string("manifest-") + kind,
            .moment = serving,
            .what = what,
            .expected = answered(reason),
            .act = sends(start(true), {"script", kind}),
            .needs = kind};
}

std::string tried(long result) { return result < 0 ? ::strerrorname_np(errno) : "done"; }

// Every way to change a sealed memfd that the worker's filter leaves open.
std::string change_after_sealing(Attacker& attacker) {
    const int fd = attacker.descriptor("script");
    auto words = "pwrite " + tried(::pwrite(fd, "x", 1, 0));
    words += ", ftruncate " + tried(::ftruncate(fd, 1 << 20));
    words += ", fallocate " +
             tried(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    words += ", seals " + tried(::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    attacker.send(start(), {fd});
    return words + ": " + attacker.answer();
}

// A memfd made inside the sandbox, with fewer seals than it takes, and the last one set after it
// was sent: judged as it is when the broker looks, which may be before or after.
std::string seal_in_the_queue(Attacker& attacker) {
    const sys::Fd late(memory("#!/bin/sh\nid\n", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    attacker.send(start(), {late.get()});
    ::fcntl(late.get(), F_ADD_SEALS, F_SEAL_SEAL);
    const auto words = attacker.answer();
    return words == "not-sealed" || words == "not-approved" ? "refused" : words;
}

}  // namespace

std::vector<Attack> attacks_by_memory() {
    return {
        script("unsealed", "no seal at all", "not-sealed"),
        script("no-write-seal", "may still be written", "not-sealed"),
        script("no-shrink-seal", "may still shrink", "not-sealed"),
        script("no-grow-seal", "may still grow", "not-sealed"),
        script("no-seal-seal", "more seals may follow", "not-sealed"),
        script("future-write", "sealed against new writers only", "not-sealed"),
        script("mapped", "sealing tried while a writable mapping stands", "not-sealed"),
        script("never-sealable", "made without MFD_ALLOW_SEALING", "not-sealed"),
        script("write-only", "sealed, but open for writing only", "not-sealed"),
        script("empty", "sealed, and empty", "script-empty"),
        script("binary", "sealed, and a program with NULs in it", "not-approved"),
        script("largest", "4 MiB, mostly a hole", "not-approved"),
        script("too-large", "one byte more", "size-exceeded"),
        script("sparse", "1 GiB, all but a byte a hole", "size-exceeded"),
        script("at-its-end", "its position is at its end", "not-approved"),
        script("huge-pages", "of huge pages", "script-empty"),
        manifest("empty", "an empty manifest", "manifest-malformed"),
        manifest("binary", "a manifest of NULs", "manifest-malformed"),
        manifest("largest-manifest", "a manifest of 16 KiB, mostly a hole", "manifest-malformed"),
        manifest("too-large-manifest", "one byte more", "size-exceeded"),
        manifest("sparse", "a manifest of 1 GiB", "size-exceeded"),
        {.name = "signatures-too-large",
         .moment = serving,
         .what = "signatures of more than 16 KiB",
         .expected = answered("size-exceeded"),
         .act = sends(start(true, true), {"script", "script", "too-large-manifest"})},
        {.name = "all-three-the-same",
         .moment = serving,
         .what = "one memfd as script, manifest and signatures",
         .expected = answered("manifest-malformed"),
         .act = sends(start(true, true), {"script", "script", "script"})},
        {.name = "signatures-without-manifest",
         .moment = serving,
         .what = "signatures of nothing",
         .expected = answered("not-approved"),
         .act = sends(start(false, true), {"script", "script"})},
        {.name = "changed-after-sealing",
         .moment = serving,
         .what = "writes, truncates, punches, seals again",
         .expected =
             answered("pwrite EPERM, ftruncate EPERM, fallocate EPERM, seals EPERM: not-approved"),
         .act = change_after_sealing},
        {.name = "sealed-in-the-queue",
         .moment = serving,
         .what = "the last seal is set after the frame was sent",
         .expected = answered("refused"),
         .act = seal_in_the_queue},
    };
}

}  // namespace bulkhead::test
