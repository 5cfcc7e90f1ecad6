// Specifiers of unit files, such as %H (systemd.unit(5), "Specifiers"; systemd 252).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cli/systemd/names.hpp"
#include "cli/systemd/tree.hpp"

namespace bulkhead::cli::systemd {

class Specifiers {
  public:
    // Both outlive it. `unit` is nullptr in files of the manager, where specifiers of units are
    // unknown.
    Specifiers(const Tree& tree, const UnitFiles* unit) : tree_(tree), unit_(unit) {}

    // `text` with the values of the system manager and of the host that the tree is of. Errors: a
    // specifier whose value is in no file, such as %b; one that systemd 252 does not know (see
    // is_invalid()).
    Result<std::string> expand(std::string_view text) const;

  private:
    Result<std::optional<std::string>> value(char letter) const;
    Result<std::optional<std::string>> unit_value(char letter) const;
    Result<std::string> host_name() const;
    Result<std::string> pretty_host_name() const;
    Result<std::string> machine_id() const;
    // The value of a line in /etc/os-release; "" if it has none.
    Result<std::string> release(std::string_view name) const;

    const Tree& tree_;
    const UnitFiles* unit_;
};

// Whether it is the error for a letter or digit that is no specifier. systemd then passes over the
// word, or does not load the unit.
bool is_invalid(const Error& error);

}  // namespace bulkhead::cli::systemd
