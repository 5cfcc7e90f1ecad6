// Where systemd 252 finds a service: unit directories, symlinks as further names, templates,
// drop-ins (systemd.unit(5), "Unit File Load Path" and what follows).
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/systemd/tree.hpp"

namespace bulkhead::cli::systemd {

// "a-b@x.service"
struct UnitName {
    std::string full;
    std::string prefix;    // "a-b"
    std::string instance;  // "x", as it stands in the name; "" without one
    bool has_at = false;

    static UnitName of(const std::string& full);
    bool is_template() const { return has_at && instance.empty(); }
    bool is_instance() const { return has_at && !instance.empty(); }
    std::string template_name() const { return prefix + "@.service"; }
};

struct UnitFiles {
    UnitName name;                      // of the file itself, if `name` was a symlink to it
    std::set<std::string> names;        // all names; drop-ins of each count
    std::string fragment;               // path
    std::vector<std::string> drop_ins;  // paths, in the order in which systemd reads them
    bool masked = false;
};

// Nothing if no unit directory has it. A name with an instance falls back to its template. Error:
// it is a symlink to a unit that is not there or may not have this name.
Result<std::optional<UnitFiles>> find_unit(const Tree& tree, const std::string& name);
// The same for a file that lies anywhere.
Result<UnitFiles> unit_at(const Tree& tree, const std::string& path);
// The instances of "name@.service" that are enabled, or that have a file or drop-ins of their own.
Result<std::set<std::string>> instances_of(const Tree& tree, const std::string& template_name);
// Whether another unit or target pulls it in.
Result<bool> is_enabled(const Tree& tree, const std::string& name);

}  // namespace bulkhead::cli::systemd
