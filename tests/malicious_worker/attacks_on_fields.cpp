// Payloads that are not what their type says. None of it reaches a handler.
#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::StartCatalogueJob;
using protocol::StartJob;

constexpr std::uint8_t kNone = 0;

// StartCatalogueJob, whose fields are all in the payload, with one of them replaced.
struct Fields {
    Payload delivery = Payload().text("an attack");
    Payload streams = Payload().number(kNone);
    Payload name = Payload().text("no-such-job");
    Payload params = Payload().number(std::uint16_t{0});
};

std::function<std::string(Attacker&)> catalogue(const Fields& fields, std::string_view after = "") {
    Payload whole;
    for (const auto* part : {&fields.delivery, &fields.streams, &fields.name, &fields.params}) {
        whole.raw(as_text(part->bytes()));
    }
    return sends(framed(kId<StartCatalogueJob>, whole.raw(after)));
}

Payload listed(std::uint16_t claimed, std::size_t there) {
    Payload params;
    params.number(claimed);
    for (std::size_t i = 0; i < there; ++i) params.text("p" + std::to_string(i)).text("v");
    return params;
}

// A flag of StartJob that is neither 0 nor 1.
Payload odd_flag() {
    return Payload()
        .text("d")
        .number(kNone)
        .number(std::uint16_t{0})
        .number(std::uint8_t{2})
        .number(kNone);
}

}  // namespace

std::vector<Attack> attacks_on_fields() {
    const std::string nul("a\0b", 3);
    return {
        {.name = "nothing-in-it",
         .moment = serving,
         .what = "StartJob without a payload",
         .expected = violation("StartJob: delivery_id: truncated"),
         .act = sends(framed(kId<StartJob>), {"script"})},
        {.name = "text-over-its-bound",
         .moment = serving,
         .what = "a delivery of 129 bytes",
         .expected = violation("delivery_id: text too long"),
         .act = catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        {.name = "text-far-over",
         .moment = serving,
         .what = "a delivery of 20,000 bytes",
         .expected = violation("delivery_id: text too long"),
         .act = catalogue({.delivery = Payload().text(std::string(20'000, 'd'))})},
        {.name = "text-ends-early",
         .moment = serving,
         .what = "a name that claims 60 bytes and has 2",
         .expected = violation("name: truncated"),
         .act = catalogue({.name = Payload().text("ab", 60), .params = {}})},
        {.name = "text-claims-all",
         .moment = serving,
         .what = "a name that claims 65535 bytes",
         .expected = violation("name: text too long"),
         .act = catalogue({.name = Payload().text("ab", 0xffff)})},
        {.name = "text-with-nul",
         .moment = serving,
         .what = "a name that holds a NUL",
         .expected = violation("name: text holds a NUL"),
         .act = catalogue({.name = Payload().text(nul)})},
        {.name = "text-not-utf8",
         .moment = serving,
         .what = "a name of bytes 0xff",
         .expected = violation("name: text is not UTF-8"),
         .act = catalogue({.name = Payload().text("\xff\xff")})},
        {.name = "text-overlong",
         .moment = serving,
         .what = "a slash spelled in two bytes",
         .expected = violation("name: text is not UTF-8"),
         .act = catalogue({.name = Payload().text("..\xc0\xaf..")})},
        {.name = "text-surrogate",
         .moment = serving,
         .what = "half a surrogate pair",
         .expected = violation("name: text is not UTF-8"),
         .act = catalogue({.name = Payload().text("\xed\xa0\x80")})},
        {.name = "text-beyond-unicode",
         .moment = serving,
         .what = "a character above U+10FFFF",
         .expected = violation("name: text is not UTF-8"),
         .act = catalogue({.name = Payload().text("\xf4\x90\x80\x80")})},
        {.name = "text-cut-character",
         .moment = serving,
         .what = "the first half of a character",
         .expected = violation("name: text is not UTF-8"),
         .act = catalogue({.name = Payload().text("\xe6\xbc")})},
        {.name = "enumerator-unknown",
         .moment = serving,
         .what = "a third way to stream",
         .expected = violation("streams: unknown enumerator"),
         .act = catalogue({.streams = Payload().number(std::uint8_t{2})})},
        {.name = "enumerator-last",
         .moment = serving,
         .what = "the 256th way to stream",
         .expected = violation("streams: unknown enumerator"),
         .act = catalogue({.streams = Payload().number(std::uint8_t{255})})},
        {.name = "list-over-its-bound",
         .moment = serving,
         .what = "33 parameters",
         .expected = violation("params: list too long"),
         .act = catalogue({.params = listed(33, 33)})},
        {.name = "list-claims-all",
         .moment = serving,
         .what = "65535 parameters, none there",
         .expected = violation("params: list too long"),
         .act = catalogue({.params = listed(0xffff, 0)})},
        {.name = "list-ends-early",
         .moment = serving,
         .what = "32 parameters, three there",
         .expected = violation("params: name: truncated"),
         .act = catalogue({.params = listed(32, 3)})},
        {.name = "list-says-less",
         .moment = serving,
         .what = "one parameter, three there",
         .expected = violation("StartCatalogueJob: trailing bytes"),
         .act = catalogue({.params = listed(1, 3)})},
        {.name = "trailing-byte",
         .moment = serving,
         .what = "one byte after the last field",
         .expected = violation("StartCatalogueJob: trailing bytes"),
         .act = catalogue({}, "x")},
        {.name = "trailing-kilobytes",
         .moment = serving,
         .what = "20,000 bytes after the last field",
         .expected = violation("StartCatalogueJob: trailing bytes"),
         .act = catalogue({}, std::string(20'000, 'x'))},
        {.name = "flag-is-two",
         .moment = serving,
         .what = "a presence flag of 2",
         .expected = violation("StartJob: manifest: not a boolean"),
         .act = sends(framed(kId<StartJob>, odd_flag()), {"script", "script"})},
        {.name = "field-running",
         .moment = running,
         .what = "a delivery of 129 bytes while a job runs",
         .expected = violation("delivery_id: text too long"),
         .act = catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        {.name = "field-draining",
         .moment = draining,
         .what = "the same while all ends",
         .expected = violation("delivery_id: text too long"),
         .act = catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        // Well-formed, but no name of any job.
        {.name = "name-empty",
         .moment = serving,
         .what = "the job without a name",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("")})},
        {.name = "name-climbs",
         .moment = serving,
         .what = "../../etc/passwd",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("../../etc/passwd")})},
        {.name = "name-absolute",
         .moment = serving,
         .what = "/etc/passwd",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("/etc/passwd")})},
        {.name = "name-with-newline",
         .moment = serving,
         .what = "a name that would begin a line of its own in the log",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("x\n{\"event\":\"verdict\"}")})},
        {.name = "name-of-escapes",
         .moment = serving,
         .what = "a name of escape sequences",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("\x1b[2J\x1b[31m\r\x07")})},
        {.name = "name-longest",
         .moment = serving,
         .what = "a name of 64 bytes",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text(std::string(64, 'n'))})},
        {.name = "name-with-no-script",
         .moment = serving,
         .what = "a pinned manifest whose script is not in policy",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.name = Payload().text("once")})},
        {.name = "params-of-nobody",
         .moment = serving,
         .what = "32 parameters for a job that is not",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.params = listed(32, 32)})},
        {.name = "delivery-of-quotes",
         .moment = serving,
         .what = "a delivery that would end a JSON string",
         .expected = answered("catalogue-unknown"),
         .act = catalogue({.delivery = Payload().text("\",\"decision\":\"admit\"}\n\\")})},
    };
}

}  // namespace bulkhead::test
