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
    return {std::string("file-") + name, serving, what, answered(reason),
            sends(framed(kId<OpenHostFile>, payload))};
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
        {"file-written", serving, "writes to what was opened for it",
         answered("admitted: write EBADF, truncate EINVAL, chmod EPERM, open again ENOENT"),
         write_to_what_was_opened},
        {"value-of-nobody", serving, "a reading that policy lacks", answered("read-unknown"),
         sends(framed(kId<ReadPrivileged>, reads("shadow")))},
        {"value-of-a-file", serving, "a file's row as a built-in reading", answered("read-unknown"),
         sends(framed(kId<ReadPrivileged>, reads("notes")))},
        {"value-again", serving, "a reading, and at once again: it waits for its turn",
         answered("admitted, admitted"),
         [value](Attacker& a) {
             const auto words = sends(value)(a);
             return words + ", " + sends(value)(a);
         }},
        {"file-first", greeting, "OpenHostFile before Hello",
         violation("OpenHostFile: wrong phase"), sends(framed(kId<OpenHostFile>, asks("notes")))},
        {"value-first", greeting, "ReadPrivileged before Hello",
         violation("ReadPrivileged: wrong phase"), sends(value)},
        {"file-too-long", serving, "OpenHostFile one byte over its own bound",
         violation("OpenHostFile: payload too long"),
         sends(framed(kId<OpenHostFile>,
                      Payload().raw(std::string(OpenHostFile::spec.max_bytes + 1, 'x'))))},
        {"value-too-long", serving, "ReadPrivileged one byte over its own bound",
         violation("ReadPrivileged: payload too long"),
         sends(framed(kId<ReadPrivileged>,
                      Payload().raw(std::string(ReadPrivileged::spec.max_bytes + 1, 'x'))))},
        {"file-with-nul", serving, "a path that ends before it ends",
         violation("only: text holds a NUL"), sends(framed(kId<OpenHostFile>, asks("notes", nul)))},
        {"file-not-utf8", serving, "a path of bytes 0xff", violation("only: text is not UTF-8"),
         sends(framed(kId<OpenHostFile>, asks("notes", "/\xff")))},
        {"file-with-descriptor", serving, "a descriptor where none belongs: OpenHostFile",
         violation("OpenHostFile: too many descriptors"),
         sends(framed(kId<OpenHostFile>, asks("notes")), {"directory"})},
        {"value-with-descriptor", serving, "the same: ReadPrivileged",
         violation("ReadPrivileged: too many descriptors"), sends(value, {"null"})},
        {"file-trailing", serving, "one byte after the last field",
         violation("OpenHostFile: trailing bytes"),
         sends(framed(kId<OpenHostFile>, asks("notes").raw("x")))},
    };
}

}  // namespace bulkhead::test
