#include "cli/migrate/installed_unit.hpp"

#include <algorithm>

namespace bulkhead::cli::migration {

namespace {

using systemd::UnitFiles;
using systemd::UnitName;

class Search {
  public:
    Search(const systemd::Tree& tree, std::vector<std::string>& notes)
        : tree_(tree), notes_(notes) {}

    Result<std::optional<UnitFiles>> search(const OldAgent& agent) {
        for (const auto unit : agent.units) TRY(look_for(std::string(unit)));
        if (found_.size() > 1) return enabled_one();
        if (!found_.empty()) return found_[0];
        if (!blocked_.empty()) return fail(blocked_);
        return std::nullopt;
    }

  private:
    Result<> look_for(const std::string& name) {
        const auto whole_template = UnitName::of(name).template_name();
        auto names = TRY(systemd::instances_of(tree_, whole_template));
        if (names.empty() && TRY(systemd::find_unit(tree_, whole_template))) {
            blocked_ = whole_template +
                       ": no instance of it is enabled; name the one that ran, as --file "
                       "/etc/systemd/system/" +
                       UnitName::of(name).prefix + "@NAME.service";
        }
        names.insert(name);
        for (const auto& one : names) {
            auto files = TRY(systemd::find_unit(tree_, one));
            if (!files) {
                TRY(note_lone_drop_ins(one));
            } else if (files->masked) {
                blocked_ = files->fragment +
                           ": masks the unit, so nothing of it counts; unmask it (systemctl "
                           "unmask), or name a unit with --file";
            } else if (std::ranges::none_of(found_, [&](const UnitFiles& other) {
                           return other.name.full == files->name.full;
                       })) {
                found_.push_back(*std::move(files));
            }
        }
        return {};
    }

    Result<> note_lone_drop_ins(const std::string& name) {
        const auto folder = "/etc/systemd/system/" + name + ".d";
        if (TRY(tree_.list(folder)).empty()) return {};
        notes_.push_back(folder + ": changes a unit that is not there, and was not read");
        return {};
    }

    Result<bool> is_enabled(const UnitFiles& files) const {
        for (const auto& name : files.names) {
            if (TRY(systemd::is_enabled(tree_, name))) return true;
        }
        return false;
    }

    Result<std::optional<UnitFiles>> enabled_one() {
        std::vector<UnitFiles> enabled;
        std::string paths;
        for (const auto& files : found_) {
            paths += (paths.empty() ? "" : " and ") + files.fragment + " (" + files.name.full + ")";
            if (TRY(is_enabled(files))) enabled.push_back(files);
        }
        if (enabled.size() != 1) {
            return fail(paths +
                        ": more than one unit may run the old agent; name the one that counts "
                        "with --file");
        }
        notes_.push_back(paths + ": only " + enabled[0].name.full +
                         " is enabled, so the others were not read");
        return enabled[0];
    }

    const systemd::Tree& tree_;
    std::vector<std::string>& notes_;
    std::vector<UnitFiles> found_;
    std::string blocked_;  // why what was found cannot run; "" if nothing was
};

}  // namespace

Result<std::optional<UnitFiles>> installed_unit(const OldAgent& agent, const systemd::Tree& tree,
                                                std::vector<std::string>& notes) {
    return Search(tree, notes).search(agent);
}

}  // namespace bulkhead::cli::migration
