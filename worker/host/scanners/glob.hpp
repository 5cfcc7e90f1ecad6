// GlobPattern: the pattern of an Include, matched as the OpenSSH server does with its own glob(3)
// (openbsd-compat/glob.c, without flags; glob(7) has the syntax).
#pragma once
#include <bitset>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

class GlobPattern {
  public:
    using IsDirectory = std::function<bool(const std::string& path)>;

    // `text` is absolute. Parts that are empty or "." are left out; ".." is taken back with the
    // part before it, where that is a directory. Error: it is not known to be one, or a bracket
    // spans a slash.
    static Result<GlobPattern> parse(std::string_view text, const IsDirectory& is_directory);

    bool matches(std::string_view path) const;
    // A path or a pattern of reads.policy, whose wildcards are * and ?, for at least all that this
    // one matches. Bytes that no line of policy can hold become ? as well.
    std::string for_policy() const;
    // True if it can match directories only, or nothing: neither gives sshd a line.
    bool yields_no_file() const { return yields_no_file_; }

  private:
    struct Part {
        enum class Kind { byte, set, one, text };  // itself, [...], ? and *
        Kind kind = Kind::byte;
        std::bitset<256> set;  // the bytes that it may be, of byte and set
        bool is(char byte) const;
    };
    using Name = std::vector<Part>;  // of one component
    struct Byte;                     // of the text, with its backslash taken away
    class Parser;

    static bool matches(const Name& name, std::string_view text);
    static bool spells(const Name& name, std::string_view text);
    static std::string for_policy(const Name& name);

    std::vector<Name> names_;
    bool yields_no_file_ = false;
};

}  // namespace bulkhead::worker
