// What an author has: a copy of a policy, keys of colleagues, a script; and the program to ask.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/common/approval/signing.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {

struct Answer {
    int code = -1;
    std::string out;
    std::string err;
};

// Nobody in particular: an account that owns nothing.
inline constexpr unsigned kNobody = 65534;

struct Call {
    std::vector<std::string> words;     // after the program
    std::string input = {};             // on standard input
    std::string folder = "/";           // where it is started
    std::optional<unsigned> user = {};  // as whom; needs root
    std::string program = BULKHEAD_PROGRAM;
};

// Runs it to its end, without environment but PATH.
Answer run(const Call& call);

// A directory that everybody may read, with policy/ in it: ops is alice, bob and carol; profile
// maintain takes two of them, inspect one, admin nobody; nothing is pinned.
class Site {
  public:
    Site();

    const std::string& path() const { return files_.path(); }
    std::string path(std::string_view name) const { return path() + "/" + std::string(name); }
    void write(std::string_view name, std::string_view content) const;
    // A file of the policy that the package ships, in this one.
    void ship(const std::string& file) const;
    std::string read(const std::string& name) const;

    // `bulkhead WORDS...`, started here.
    Answer bulkhead(std::vector<std::string> words, const std::string& input = "") const;
    // A dry run with this policy on the host web-1 of group web, at noon of 2026-08-25.
    std::vector<std::string> dry_run(std::vector<std::string> more) const;

    // Manifest of `script` with the options that most tests want, and `more`.
    Answer new_job(const std::string& script, std::vector<std::string> more = {}) const;
    // The manifest of `script` of format v1, as a hand would write it: new-job refuses some.
    std::string manifest_by_hand(const std::string& script, const std::string& profile) const;
    // `script` as a signed script in `to`: manifest by new_job(), signatures by `people` and by its
    // author, dave.
    void seal(const std::string& script, const std::string& to,
              const std::vector<std::string>& people, std::vector<std::string> more = {}) const;

  private:
    Tree files_;
};

inline const std::string kScript = "#!/bin/bash\nset -eu\nrm -rf /var/cache/thumbnails\n";

}  // namespace bulkhead::test
