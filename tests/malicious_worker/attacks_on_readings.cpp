// Files and values that root opens for the worker: names, paths and patterns that are none of
// policy's, and what can be done with a descriptor that was handed out. site.cpp makes the rows.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/malicious_worker/attacks.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::OpenHostFile;
using protocol::ReadPrivileged;

Payload asks(std::string_view name, std::string_view only = "", std::string_view after = "") {
    return Payload().text(name).text(only).text(after);
}
Payload reads(std::string_view name) { return Payload().text(name); }

Attack file(const char* name, const char* what, const char* reason, const Payload& payload) {
    return {.name = std::string("file-") + name,
            .moment = serving,
            .what = what,
            .expected = answered(reason),
            .act = sends(framed(kId<OpenHostFile>, payload))};
}

// The descriptor is for reading, and stays so.
std::string write_to_what_was_opened(Attacker& attacker) {
    attacker.send(framed(kId<OpenHostFile>, asks("notes")));
    auto words = attacker.answer();
    const int fd = attacker.opened();
    const auto tried = [](long result) {
        return result < 0 ? std::string(::strerrorname_np(errno)) : "done";
    };
    words += ": write " + tried(::pwrite(fd, "x", 1, 0));
    words += ", truncate " + tried(::ftruncate(fd, 0));
    words += ", chmod " + tried(::fchmod(fd, 0666));
    const auto path = "/proc/self/fd/" + std::to_string(fd);
    return words + ", open again " + tried(::open(path.c_str(), O_RDWR | O_CLOEXEC));
}

}  // namespace

std::vector<Attack> attacks_on_readings() {
    const std::string nul("/etc/\0shadow", 12);
    const auto value = framed(kId<ReadPrivileged>, reads("socket-owners"));
    return {
        file("of-nobody", "a name that policy lacks", "read-unknown", asks("shadow")),
        file("by-path", "a path in place of a name", "read-unknown", asks("/etc/shadow")),
        file("builtin", "a built-in reading as if it were a file", "read-unknown",
             asks("socket-owners")),
        file("elsewhere", "a path that the row does not hold", "read-not-listed",
             asks("notes", "/etc/shadow")),
        file("climbs", "a path that climbs out of the row's directory", "read-not-listed",
             asks("notes", "/run/../etc/shadow")),
        file("pattern", "a pattern over everything", "read-not-listed", asks("notes", "/etc/*")),
        file("all-stars", "a pattern made to take long", "read-not-listed",
             asks("notes", "/" + std::string(400, '*') + "x")),
        file("behind-the-last", "goes on behind the last path", "admitted",
             asks("notes", "", "/zzzz")),
        {.name = "file-written",
         .moment = serving,
         .what = "writes to what was opened for it",
         .expected =
             answered("admitted: write EBADF, truncate EINVAL, chmod EPERM, open again ENOENT"),
         .act = write_to_what_was_opened},
        {.name = "value-of-nobody",
         .moment = serving,
         .what = "a reading that policy lacks",
         .expected = answered("read-unknown"),
         .act = sends(framed(kId<ReadPrivileged>, reads("shadow")))},
        {.name = "value-of-a-file",
         .moment = serving,
         .what = "a file's row as a built-in reading",
         .expected = answered("read-unknown"),
         .act = sends(framed(kId<ReadPrivileged>, reads("notes")))},
        {.name = "value-again",
         .moment = serving,
         .what = "a reading, and at once again: it waits for its turn",
         .expected = answered("admitted, admitted"),
         .act =
             [value](Attacker& a) {
                 const auto words = sends(value)(a);
                 return words + ", " + sends(value)(a);
             }},
        {.name = "file-first",
         .moment = greeting,
         .what = "OpenHostFile before Hello",
         .expected = violation("OpenHostFile: wrong phase"),
         .act = sends(framed(kId<OpenHostFile>, asks("notes")))},
        {.name = "value-first",
         .moment = greeting,
         .what = "ReadPrivileged before Hello",
         .expected = violation("ReadPrivileged: wrong phase"),
         .act = sends(value)},
        {.name = "file-too-long",
         .moment = serving,
         .what = "OpenHostFile one byte over its own bound",
         .expected = violation("OpenHostFile: payload too long"),
         .act = sends(framed(kId<OpenHostFile>,
                             Payload().raw(std::string(OpenHostFile::spec.max_bytes + 1, 'x'))))},
        {.name = "value-too-long",
         .moment = serving,
         .what = "ReadPrivileged one byte over its own bound",
         .expected = violation("ReadPrivileged: payload too long"),
         .act = sends(framed(kId<ReadPrivileged>,
                             Payload().raw(std::string(ReadPrivileged::spec.max_bytes + 1, 'x'))))},
        {.name = "file-with-nul",
         .moment = serving,
         .what = "a path that ends before it ends",
         .expected = violation("only: text holds a NUL"),
         .act = sends(framed(kId<OpenHostFile>, asks("notes", nul)))},
        {.name = "file-not-utf8",
         .moment = serving,
         .what = "a path of bytes 0xff",
         .expected = violation("only: text is not UTF-8"),
         .act = sends(framed(kId<OpenHostFile>, asks("notes", "/\xff")))},
        {.name = "file-with-descriptor",
         .moment = serving,
         .what = "a descriptor where none belongs: OpenHostFile",
         .expected = violation("OpenHostFile: too many descriptors"),
         .act = sends(framed(kId<OpenHostFile>, asks("notes")), {"directory"})},
        {.name = "value-with-descriptor",
         .moment = serving,
         .what = "the same: ReadPrivileged",
         .expected = violation("ReadPrivileged: too many descriptors"),
         .act = sends(value, {"null"})},
        {.name = "file-trailing",
         .moment = serving,
         .what = "one byte after the last field",
         .expected = violation("OpenHostFile: trailing bytes"),
         .act = sends(framed(kId<OpenHostFile>, asks("notes").raw("x")))},
    };
}

}  // namespace bulkhead::test
