// Parses the command line of a subcommand by a table of its options.
#pragma once
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/command.hpp"

namespace bulkhead::cli {

struct Option {
    // `nothing`: a flag. `once`: a value, and the option may be given once. `often`: a value, and
    // it may be given several times.
    enum class Takes { nothing, once, often };

    std::string_view name;  // "--policy"
    Takes takes = Takes::nothing;
};

// Leaves out the hints on what to do next; "-q" is short for it.
inline constexpr Option kQuiet{"--quiet"};

class Options {
  public:
    // Takes "--name value" and "--name=value"; after "--" all arguments are operands. Errors are
    // wrong(), but for the one of kAskedForHelp.
    static Result<Options> parse(const Arguments& arguments, std::span<const Option> known);

    const std::vector<std::string>& operands() const { return operands_; }
    // The one operand; a wrong() names those that are one too many: "give one script, not 2: ...".
    Result<std::string> one(std::string_view what) const;
    // The same, and `otherwise` if there is none.
    Result<std::string> one_or(std::string_view what, std::string otherwise) const;
    bool has(std::string_view name) const { return values_.contains(name); }
    std::string value(std::string_view name, std::string_view otherwise = "") const;
    std::vector<std::string> values(std::string_view name) const;

    // A wrong() if one of these options names a path at which nothing is. What may not be looked at
    // is left to who opens it; of --log-dir, that too is a wrong(), and in a command of root's an
    // only_root().
    enum class Command { of_anyone, of_root };
    Result<> require_there(std::initializer_list<std::string_view> names,
                           Command command = Command::of_anyone) const;
    // Prints a hint on standard error, unless --quiet was given.
    void hint(const std::string& text) const;

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
    std::vector<std::string> operands_;
};

// "; did you mean --policy?" with what of `candidates` is nearest to `word`; "" if none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
// Names the first character of the value that is not printable ASCII: "--reason: column
// 2: byte \xc3 is not printable ASCII". A wrong().
Result<> require_ascii(std::string_view option, std::string_view value);

// `text` if it is printable ASCII of at most 200 bytes; else a wrong() that names the option.
Result<std::string> one_line(std::string_view option, const std::string& text);

// Splits "name=value", the argument of --param.
Result<std::pair<std::string, std::string>> split_pair(std::string_view text);

}  // namespace bulkhead::cli
