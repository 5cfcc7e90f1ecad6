// Length, type and phase: what the gate judges before a byte of the payload is read.
#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::AckJob;
using protocol::AuditHead;
using protocol::CancelJob;
using protocol::Hello;
using protocol::StartCatalogueJob;
using protocol::StartJob;

Bytes bytes_of(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

Payload eight() { return Payload().number(std::uint64_t{1}); }
Payload zeros(std::size_t size) { return Payload().raw(std::string(size, '\0')); }
Payload hello(std::uint32_t version) { return Payload().number(version).number(std::uint32_t{0}); }

constexpr auto kMismatch = "length does not match the packet";

}  // namespace

std::vector<Attack> attacks_on_headers() {
    const auto head = framed(kId<AuditHead>);
    return {
        // --- length
        {"empty-packet", serving, "a packet of no bytes, which looks like the end", closed(),
         sends({})},
        {"one-byte", serving, "a packet of one byte", violation("truncated"), sends(bytes_of("x"))},
        {"half-a-header", serving, "the first half of a frame", violation("truncated"),
         sends({head.begin(), head.begin() + 6})},
        {"header-less-one", serving, "a header without its last byte", violation("truncated"),
         sends({head.begin(), head.begin() + 11})},
        {"half-a-header-first", greeting, "half a frame in place of Hello", violation("truncated"),
         sends({head.begin(), head.begin() + 6})},
        {"two-frames-in-a-packet", serving, "two frames in one packet", violation(kMismatch),
         sends([&] {
             auto two = head;
             two.insert(two.end(), head.begin(), head.end());
             return two;
         }())},
        {"length-one-more", serving, "claims one byte more than there is", violation(kMismatch),
         sends(framed(kId<CancelJob>, eight(), {.length = 1}))},
        {"length-one-less", serving, "claims one byte less than there is", violation(kMismatch),
         sends(framed(kId<CancelJob>, eight(), {.length = -1}))},
        {"length-zero", serving, "claims that there is nothing", violation(kMismatch),
         sends(framed(kId<CancelJob>, eight(), {.length = -8}))},
        {"length-minus-one", serving, "claims 4 GiB less one", violation(kMismatch),
         sends(framed(kId<AuditHead>, {}, {.length = -1}))},
        {"length-sign-bit", serving, "claims 2 GiB", violation(kMismatch),
         sends(framed(kId<AuditHead>, {}, {.length = 0x80000000LL}))},
        {"length-lie-first", greeting, "a Hello that claims 4 GiB less one", violation(kMismatch),
         sends(framed(kId<Hello>, hello(1), {.length = -9}))},
        {"length-lie-running", running, "claims one byte more while a job runs",
         violation(kMismatch), sends(framed(kId<CancelJob>, eight(), {.length = 1}))},
        {"length-lie-draining", draining, "claims one byte more while all ends",
         violation(kMismatch), sends(framed(kId<CancelJob>, eight(), {.length = 1}))},
        {"packet-at-the-bound", serving, "the longest packet that is received at all",
         violation("StartJob: payload too long"),
         sends(framed(kId<StartJob>, zeros(link::kMaxFrame - 12)))},
        {"packet-over-the-bound", serving, "one byte longer", violation("packet too long"),
         sends(framed(kId<StartJob>, zeros(link::kMaxFrame - 11)))},
        {"packet-far-over", serving, "a packet of 150 KiB", violation("packet too long"),
         sends(framed(kId<StartJob>, zeros(150'000)))},
        {"packet-far-over-first", greeting, "the same in place of Hello",
         violation("packet too long"), sends(framed(kId<Hello>, zeros(150'000)))},
        {"start-too-long", serving, "StartJob one byte over its own bound",
         violation("StartJob: payload too long"),
         sends(framed(kId<StartJob>, zeros(24 * 1024 + 1)), {"script"})},
        {"catalogue-too-long", serving, "StartCatalogueJob one byte over its own bound",
         violation("StartCatalogueJob: payload too long"),
         sends(framed(kId<StartCatalogueJob>, zeros(24 * 1024 + 1)))},
        {"cancel-too-long", serving, "CancelJob with nine bytes",
         violation("CancelJob: payload too long"), sends(framed(kId<CancelJob>, zeros(9)))},
        {"ack-too-long", serving, "AckJob with nine bytes", violation("AckJob: payload too long"),
         sends(framed(kId<AckJob>, zeros(9)))},
        {"head-too-long", serving, "AuditHead with one byte",
         violation("AuditHead: payload too long"), sends(framed(kId<AuditHead>, zeros(1)))},
        {"hello-too-long", greeting, "Hello with nine bytes", violation("Hello: payload too long"),
         sends(framed(kId<Hello>, zeros(9)))},
        {"hello-too-short", greeting, "Hello with seven bytes",
         violation("Hello: landlock_abi: truncated"),
         sends(framed(kId<Hello>, Payload().number(std::uint32_t{1}).raw("abc")))},
        {"reserved-bit", serving, "the reserved bits are not zero",
         violation("reserved bits are set"), sends(framed(kId<AuditHead>, {}, {.reserved = 1}))},
        {"reserved-all", greeting, "a Hello with all reserved bits",
         violation("reserved bits are set"),
         sends(framed(kId<Hello>, hello(1), {.reserved = 0xffff}))},
        // --- type
        {"type-zero", serving, "message 0", violation("unknown request 0"), sends(framed(0))},
        {"type-unused", serving, "message 99, which nobody has defined",
         violation("unknown request 99"), sends(framed(99))},
        {"type-last", serving, "message 65535", violation("unknown request 65535"),
         sends(framed(0xffff))},
        {"type-big-endian", serving, "AuditHead's number, the other way round",
         violation("unknown request 1536"), sends(framed(0x0600))},
        {"type-setup", serving, "the broker's own Setup", violation("unknown request 129"),
         sends(framed(129))},
        {"type-job-exited", serving, "the broker's own JobExited", violation("unknown request 130"),
         sends(framed(130))},
        {"type-policy-reloaded", serving, "the broker's own PolicyReloaded",
         violation("unknown request 131"), sends(framed(131))},
        {"type-shutdown", serving, "the broker's own Shutdown", violation("unknown request 132"),
         sends(framed(132))},
        {"type-unused-first", greeting, "message 99 in place of Hello",
         violation("unknown request 99"), sends(framed(99))},
        {"type-unused-running", running, "message 99 while a job runs",
         violation("unknown request 99"), sends(framed(99))},
        {"type-unused-draining", draining, "message 99 while all ends",
         violation("unknown request 99"), sends(framed(99))},
        // --- phase
        {"start-first", greeting, "StartJob before Hello", violation("StartJob: wrong phase"),
         sends(framed(kId<StartJob>, start_payload()), {"script"})},
        {"catalogue-first", greeting, "StartCatalogueJob before Hello",
         violation("StartCatalogueJob: wrong phase"), sends(framed(kId<StartCatalogueJob>))},
        {"cancel-first", greeting, "CancelJob before Hello", violation("CancelJob: wrong phase"),
         sends(framed(kId<CancelJob>, eight()))},
        {"ack-first", greeting, "AckJob before Hello", violation("AckJob: wrong phase"),
         sends(framed(kId<AckJob>, eight()))},
        {"head-first", greeting, "AuditHead before Hello", violation("AuditHead: wrong phase"),
         sends(head)},
        {"hello-twice", serving, "a second Hello", violation("Hello: wrong phase"),
         sends(framed(kId<Hello>, hello(1)))},
        {"hello-running", running, "a second Hello while a job runs",
         violation("Hello: wrong phase"), sends(framed(kId<Hello>, hello(1)))},
        {"hello-draining", draining, "a second Hello while all ends",
         violation("Hello: wrong phase"), sends(framed(kId<Hello>, hello(1)))},
        {"hello-version-0", greeting, "a version that never was",
         violation("worker speaks protocol 0"), sends(framed(kId<Hello>, hello(0)))},
        {"hello-version-next", greeting, "a version to come",
         violation("install both of one release"),
         sends(framed(kId<Hello>, hello(protocol::kVersion + 1)))},
        {"hello-version-last", greeting, "the greatest version",
         violation("worker speaks protocol 4294967295"),
         sends(framed(kId<Hello>, hello(0xffffffff)))},
        {"serial-zero", serving, "a request with an event's serial", answered("head"),
         sends(framed(kId<AuditHead>, {}, {.serial = 0}))},
        {"serial-last", serving, "the greatest serial", answered("head"),
         sends(framed(kId<AuditHead>, {}, {.serial = 0xffffffff}))},
        {"serial-repeated", serving, "the same frame twice", answered("head head"),
         [head](Attacker& a) { return sends(head)(a) + " " + sends(head)(a); }},
    };
}

}  // namespace bulkhead::test
