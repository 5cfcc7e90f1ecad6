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
        {"nothing-in-it", serving, "StartJob without a payload",
         violation("StartJob: delivery_id: truncated"), sends(framed(kId<StartJob>), {"script"})},
        {"text-over-its-bound", serving, "a delivery of 129 bytes",
         violation("delivery_id: text too long"),
         catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        {"text-far-over", serving, "a delivery of 20,000 bytes",
         violation("delivery_id: text too long"),
         catalogue({.delivery = Payload().text(std::string(20'000, 'd'))})},
        {"text-ends-early", serving, "a name that claims 60 bytes and has 2",
         violation("name: truncated"), catalogue({.name = Payload().text("ab", 60), .params = {}})},
        {"text-claims-all", serving, "a name that claims 65535 bytes",
         violation("name: text too long"), catalogue({.name = Payload().text("ab", 0xffff)})},
        {"text-with-nul", serving, "a name that holds a NUL", violation("name: text holds a NUL"),
         catalogue({.name = Payload().text(nul)})},
        {"text-not-utf8", serving, "a name of bytes 0xff", violation("name: text is not UTF-8"),
         catalogue({.name = Payload().text("\xff\xff")})},
        {"text-overlong", serving, "a slash spelled in two bytes",
         violation("name: text is not UTF-8"), catalogue({.name = Payload().text("..\xc0\xaf..")})},
        {"text-surrogate", serving, "half a surrogate pair", violation("name: text is not UTF-8"),
         catalogue({.name = Payload().text("\xed\xa0\x80")})},
        {"text-beyond-unicode", serving, "a character above U+10FFFF",
         violation("name: text is not UTF-8"),
         catalogue({.name = Payload().text("\xf4\x90\x80\x80")})},
        {"text-cut-character", serving, "the first half of a character",
         violation("name: text is not UTF-8"), catalogue({.name = Payload().text("\xe6\xbc")})},
        {"enumerator-unknown", serving, "a third way to stream",
         violation("streams: unknown enumerator"),
         catalogue({.streams = Payload().number(std::uint8_t{2})})},
        {"enumerator-last", serving, "the 256th way to stream",
         violation("streams: unknown enumerator"),
         catalogue({.streams = Payload().number(std::uint8_t{255})})},
        {"list-over-its-bound", serving, "33 parameters", violation("params: list too long"),
         catalogue({.params = listed(33, 33)})},
        {"list-claims-all", serving, "65535 parameters, none there",
         violation("params: list too long"), catalogue({.params = listed(0xffff, 0)})},
        {"list-ends-early", serving, "32 parameters, three there",
         violation("params: name: truncated"), catalogue({.params = listed(32, 3)})},
        {"list-says-less", serving, "one parameter, three there",
         violation("StartCatalogueJob: trailing bytes"), catalogue({.params = listed(1, 3)})},
        {"trailing-byte", serving, "one byte after the last field",
         violation("StartCatalogueJob: trailing bytes"), catalogue({}, "x")},
        {"trailing-kilobytes", serving, "20,000 bytes after the last field",
         violation("StartCatalogueJob: trailing bytes"), catalogue({}, std::string(20'000, 'x'))},
        {"flag-is-two", serving, "a presence flag of 2",
         violation("StartJob: manifest: not a boolean"),
         sends(framed(kId<StartJob>, odd_flag()), {"script", "script"})},
        {"field-running", running, "a delivery of 129 bytes while a job runs",
         violation("delivery_id: text too long"),
         catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        {"field-draining", draining, "the same while all ends",
         violation("delivery_id: text too long"),
         catalogue({.delivery = Payload().text(std::string(129, 'd'))})},
        // Well-formed, but no name of any job.
        {"name-empty", serving, "the job without a name", answered("catalogue-unknown"),
         catalogue({.name = Payload().text("")})},
        {"name-climbs", serving, "../../etc/passwd", answered("catalogue-unknown"),
         catalogue({.name = Payload().text("../../etc/passwd")})},
        {"name-absolute", serving, "/etc/passwd", answered("catalogue-unknown"),
         catalogue({.name = Payload().text("/etc/passwd")})},
        {"name-with-newline", serving, "a name that would begin a line of its own in the log",
         answered("catalogue-unknown"),
         catalogue({.name = Payload().text("x\n{\"event\":\"verdict\"}")})},
        {"name-of-escapes", serving, "a name of escape sequences", answered("catalogue-unknown"),
         catalogue({.name = Payload().text("\x1b[2J\x1b[31m\r\x07")})},
        {"name-longest", serving, "a name of 64 bytes", answered("catalogue-unknown"),
         catalogue({.name = Payload().text(std::string(64, 'n'))})},
        {"name-with-no-script", serving, "a pinned manifest whose script is not in policy",
         answered("catalogue-unknown"), catalogue({.name = Payload().text("once")})},
        {"params-of-nobody", serving, "32 parameters for a job that is not",
         answered("catalogue-unknown"), catalogue({.params = listed(32, 32)})},
        {"delivery-of-quotes", serving, "a delivery that would end a JSON string",
         answered("catalogue-unknown"),
         catalogue({.delivery = Payload().text("\",\"decision\":\"admit\"}\n\\")})},
    };
}

}  // namespace bulkhead::test
