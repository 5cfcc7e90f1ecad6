#include "cli/systemd/names.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace bulkhead::cli::systemd {

namespace {

// In the order of `systemd-analyze unit-paths`, Debian 12. Of two files with one name the first
// counts.
constexpr std::array<std::string_view, 13> kDirectories{
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/lib/systemd/system",          "/usr/lib/systemd/system",
    "/run/systemd/generator.late"};
constexpr std::string_view kSuffix = ".service";

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) {
    return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

bool is_unit_directory(const std::string& path) {
    return std::ranges::find(kDirectories, path) != kDirectories.end();
}

// systemd passes over other symlinks: to a name of another kind, or of another instance.
bool may_lead_to(const UnitName& name, const UnitName& target) {
    if (name.is_instance() && target.is_template()) return true;
    return name.has_at == target.has_at && name.instance == target.instance;
}

// A file of a unit directory.
struct Entry {
    std::string path;
    std::string target;  // of a symlink to another name: that name; else ""
    bool masked = false;
};

class Names {
  public:
    static Result<Names> of(const Tree& tree) {
        Names names;
        for (const auto directory : kDirectories) {
            for (const auto& name : TRY(tree.list(std::string(directory)))) {
                if (!name.ends_with(kSuffix) || names.entries_.contains(name)) continue;
                auto one = entry(tree, std::string(directory), name);
                const bool counts =
                    one.target.empty() || may_lead_to(UnitName::of(name), UnitName::of(one.target));
                auto& into = counts ? names.entries_ : names.passed_over_;
                into.try_emplace(name, std::move(one));
            }
        }
        return names;
    }

    const Entry* find(const std::string& name) const {
        const auto found = entries_.find(name);
        return found == entries_.end() ? nullptr : &found->second;
    }

    // The entry of the unit, or of its template.
    const Entry* file_of(const UnitName& unit) const {
        const auto* const own = find(unit.full);
        const bool by_template =
            unit.is_instance() && (own == nullptr || own->target == unit.template_name());
        return by_template ? find(unit.template_name()) : own;
    }

    // The path of a symlink of this name, even of one that systemd passes over; "" if there is
    // none.
    std::string link_of(const std::string& name) const {
        for (const auto* const part : {&entries_, &passed_over_}) {
            const auto found = part->find(name);
            if (found != part->end()) return found->second.path;
        }
        return "";
    }

    // The file itself at the end of a chain of symlinks; "" if there is none.
    std::string real_name(std::string name) const {
        for (int hops = 0; hops < 64; ++hops) {
            const auto unit = UnitName::of(name);
            const auto* const one = file_of(unit);
            if (one == nullptr) return "";
            if (one->target.empty()) return name;
            const auto next = UnitName::of(one->target);
            name = next.is_template() && unit.is_instance()
                       ? next.prefix + "@" + unit.instance + std::string(kSuffix)
                       : one->target;
        }
        return "";
    }

    // Each name of the unit whose real name this is.
    std::set<std::string> all_names(const std::string& real) const {
        std::set<std::string> all{real};
        const auto unit = UnitName::of(real);
        for (const auto& [name, entry] : entries_) {
            if (entry.target.empty()) continue;
            const auto other = UnitName::of(name);
            const auto whole = other.is_template() && unit.is_instance()
                                   ? other.prefix + "@" + unit.instance + std::string(kSuffix)
                                   : name;
            if (real_name(whole) == real) all.insert(whole);
        }
        return all;
    }

  private:
    static Entry entry(const Tree& tree, const std::string& directory, const std::string& name) {
        Entry made{.path = directory + "/" + name, .target = "", .masked = false};
        const auto target = tree.link(made.path);
        if (target) {
            const auto whole =
                clean_path(target->starts_with('/') ? *target : directory + "/" + *target);
            made.masked = whole == "/dev/null";
            const auto other = base_name(whole);
            if (is_unit_directory(folder_of(whole)) && other != name) made.target = other;
        }
        return made;
    }

    std::map<std::string, Entry> entries_;
    std::map<std::string, Entry> passed_over_;
};

// The directories with drop-ins of this name in one unit directory, from the most specific on:
// "a-b@x.service" has those of "a-b@.service" and "a-@x.service" too, and a template "a-b@.service"
// those of "a-.service".
void add_folders(const std::string& directory, const UnitName& name,
                 std::vector<std::string>& folders) {
    folders.push_back(directory + "/" + name.full + ".d");
    if (name.is_instance()) add_folders(directory, UnitName::of(name.template_name()), folders);
    auto prefix = name.prefix;
    if (prefix.ends_with('-')) prefix.pop_back();
    const auto dash = prefix.rfind('-');
    if (dash == prefix.npos) return;
    const auto instance = name.is_instance() ? "@" + name.instance : "";
    add_folders(directory,
                UnitName::of(prefix.substr(0, dash + 1) + instance + std::string(kSuffix)),
                folders);
}

// Of drop-ins with one file name the first counts; all are read in the order of these names.
// Those of the unit's own name come before those of its other names.
Result<std::vector<std::string>> find_drop_ins(const Tree& tree, const std::string& own,
                                               const std::set<std::string>& names) {
    std::vector<std::string> ordered{own};
    std::ranges::copy_if(names, std::back_inserter(ordered),
                         [&own](const std::string& name) { return name != own; });
    std::vector<std::string> folders;
    for (const auto& name : ordered) {
        for (const auto directory : kDirectories) {
            add_folders(std::string(directory), UnitName::of(name), folders);
        }
    }
    for (const auto directory : kDirectories) {
        folders.push_back(std::string(directory) + "/service.d");
    }
    std::map<std::string, std::string> by_name;
    for (const auto& folder : folders) {
        for (const auto& file : TRY(tree.list(folder))) {
            if (file.ends_with(".conf") && !file.starts_with('.')) {
                by_name.try_emplace(file, folder + "/" + file);
            }
        }
    }
    std::vector<std::string> paths;
    for (const auto& [file, path] : by_name) paths.push_back(path);
    return paths;
}

}  // namespace

UnitName UnitName::of(const std::string& full) {
    UnitName name{.full = full, .prefix = full, .instance = "", .has_at = false};
    if (name.prefix.ends_with(kSuffix)) {
        name.prefix.resize(name.prefix.size() - kSuffix.size());
    }
    const auto at = name.prefix.find('@');
    if (at == name.prefix.npos) return name;
    name.has_at = true;
    name.instance = name.prefix.substr(at + 1);
    name.prefix.resize(at);
    return name;
}

Result<std::optional<UnitFiles>> find_unit(const Tree& tree, const std::string& name) {
    const auto names = TRY(Names::of(tree));
    const auto real = names.real_name(name);
    const auto link = names.link_of(name);
    if (real.empty() && !link.empty()) {
        return fail(link +
                    ": leads to no unit that systemd would start by this name; mend the "
                    "link or take it away");
    }
    if (real.empty()) return std::nullopt;
    UnitFiles files{.name = UnitName::of(real),
                    .names = names.all_names(real),
                    .fragment = "",
                    .drop_ins = {},
                    .masked = false};
    const auto* const own = names.file_of(files.name);
    files.fragment = own->path;
    const auto text = TRY(tree.read(own->path));
    files.masked = own->masked || (text && text->empty());
    files.drop_ins = TRY(find_drop_ins(tree, real, files.names));
    return files;
}

Result<UnitFiles> unit_at(const Tree& tree, const std::string& path) {
    const auto name = base_name(path);
    if (is_unit_directory(folder_of(path))) {
        auto found = TRY(find_unit(tree, name));
        if (found && (found->fragment == path || !TRY(tree.exists(path)))) return *std::move(found);
    }
    UnitFiles files{.name = UnitName::of(name),
                    .names = {name},
                    .fragment = path,
                    .drop_ins = TRY(find_drop_ins(tree, name, {name})),
                    .masked = false};
    return files;
}

Result<std::set<std::string>> instances_of(const Tree& tree, const std::string& template_name) {
    const auto wanted = UnitName::of(template_name);
    std::set<std::string> found;
    const auto take = [&](std::string name) {
        if (name.ends_with(".d")) name.resize(name.size() - 2);
        const auto unit = UnitName::of(name);
        if (name.ends_with(kSuffix) && unit.is_instance() && unit.prefix == wanted.prefix) {
            found.insert(name);
        }
    };
    for (const auto directory : kDirectories) {
        for (const auto& name : TRY(tree.list(std::string(directory)))) {
            take(name);
            if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
            for (const auto& one : TRY(tree.list(std::string(directory) + "/" + name))) take(one);
        }
    }
    return found;
}

Result<bool> is_enabled(const Tree& tree, const std::string& name) {
    for (const auto directory : kDirectories) {
        for (const auto& folder : TRY(tree.list(std::string(directory)))) {
            if (!folder.ends_with(".wants") && !folder.ends_with(".requires")) continue;
            const auto names = TRY(tree.list(std::string(directory) + "/" + folder));
            if (std::ranges::find(names, name) != names.end()) return true;
        }
    }
    return false;
}

}  // namespace bulkhead::cli::systemd
