#include "cli/base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cli/base/command.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

namespace {

Result<std::string> read(const std::string& path, std::uint64_t max) {
    const sys::Fd file(path == "-"
                           ? ::dup(STDIN_FILENO)
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return sys::fail_errno(path);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return sys::fail_errno(path);
    if (S_ISDIR(info.st_mode)) return fail(path + ": is a directory");
    // Whoever made a FIFO could let its reader wait for ever.
    if (path != "-" && S_ISFIFO(info.st_mode)) {
        return fail(path + ": is a FIFO; hand it on as standard input, \"-\"");
    }
    return within(path, sys::read_to_end(file, max));
}

}  // namespace

Result<std::string> read_input(const std::string& path, std::uint64_t max) {
    return or_wrong(read(path, max));
}

Result<> print(std::string_view text) {
    return within("standard output", sys::write_all(sys::Fd(::dup(STDOUT_FILENO)), as_bytes(text)));
}

Result<> print_done(std::string_view text) {
    return within("it is done, and could not be told", print(text));
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
    if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return std::string(text);
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
    return word + "'";
}

}  // namespace bulkhead::cli
