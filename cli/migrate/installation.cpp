#include "cli/migrate/installation.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::cli::migration {

namespace {

constexpr std::array<std::string_view, 4> kUnitDirectories{
    "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system"};

class Reader {
  public:
    Reader(const OldAgent& agent, std::string root)
        : agent_(agent), dialect_(*worker::find_dialect(agent.dialect)), root_(std::move(root)) {}

    Result<Installation> read(const std::vector<std::string>& more) {
        for (const auto unit : agent_.units) TRY(read_unit_by_name(std::string(unit)));
        for (const auto& path : more) TRY(read_named(path));
        TRY(take_flags());
        TRY(read_settings_file());
        if (result_.read.empty()) return nothing_found();
        // Sources are appended in the old agent's order of precedence; the last one holds.
        const auto settings_first = !agent_.settings_win;
        if (settings_first) append(settings_);
        append(unit_variables_);
        append(file_variables_);
        if (!settings_first) append(settings_);
        append(flags_);
        return std::move(result_);
    }

  private:
    using Founds = std::vector<Found>;

    void append(Founds& part) { std::ranges::move(part, std::back_inserter(result_.found)); }

    Result<std::optional<std::string>> read_file(const std::string& path) {
        const auto text = TRY(read_host_file(root_, path));
        if (!text) return std::nullopt;
        if (std::ranges::find(result_.read, path) == result_.read.end()) {
            result_.read.push_back(path);
        }
        return text->reveal();
    }
    Result<std::string> read_required(const std::string& path, const std::string& named_by) {
        auto text = TRY(read_file(path));
        if (text) return *std::move(text);
        return fail(named_by + ": names " + path + ", which is not there" +
                    (root_ == "/" ? "" : " below " + root_));
    }

    Result<> read_unit_by_name(const std::string& name) {
        for (const auto directory : kUnitDirectories) {
            const auto path = std::string(directory) + "/" + name;
            const auto text = TRY(read_file(path));
            if (!text) continue;
            TRY(read_unit(*text, path));
            break;
        }
        std::set<std::string> drop_ins;
        std::error_code absent;
        const auto folder = "/etc/systemd/system/" + name + ".d";
        for (const auto& entry : std::filesystem::directory_iterator(root_ + folder, absent)) {
            if (entry.path().extension() == ".conf") {
                drop_ins.insert(folder + "/" + entry.path().filename().string());
            }
        }
        for (const auto& path : drop_ins) TRY(read_unit(TRY(read_required(path, path)), path));
        return {};
    }

    Result<> read_unit(const std::string& text, const std::string& path) {
        auto unit = TRY(parse_unit(text, path));
        std::ranges::move(unit.environment, std::back_inserter(unit_variables_));
        std::ranges::move(unit.arguments, std::back_inserter(arguments_));
        for (const auto& file : unit.files) {
            if (file.path.find_first_of("*?[%") != file.path.npos) {
                result_.notes.push_back(file.where + ": " + file.path +
                                        " is a pattern; name its files with --file");
                continue;
            }
            if (file.optional && !TRY(read_host_file(root_, file.path))) continue;
            TRY(read_variables(TRY(read_required(file.path, file.where)), file.path));
        }
        return {};
    }

    Result<> read_variables(const std::string& text, const std::string& path) {
        auto found = TRY(parse_environment_file(text, path));
        std::ranges::move(found, std::back_inserter(file_variables_));
        return {};
    }

    Result<> read_named(const std::string& path) {
        const auto text = TRY(read_required(path, "--file"));
        if (path.ends_with(".service")) return read_unit(text, path);
        if (!path.ends_with(".yaml") && !path.ends_with(".yml")) return read_variables(text, path);
        auto found = TRY(parse_flat_yaml(text, path));
        std::ranges::move(found, std::back_inserter(settings_));
        return {};
    }

    const worker::DialectVariable* row_of(std::string_view flag) const {
        const auto row =
            std::ranges::find(dialect_.variables, flag, &worker::DialectVariable::flag);
        return row == dialect_.variables.end() ? nullptr : &*row;
    }

    Result<> take_flags() {
        for (std::size_t i = 0; i < arguments_.size(); ++i) {
            const auto& [word, where] = arguments_[i];
            if (!word.starts_with('-'))
                continue;  // an interpreter's script, or the value of a flag
            const auto equals = word.find('=');
            // Programs in Go accept a flag with one dash as well as two.
            auto flag = word.substr(0, equals);
            if (flag.starts_with('-') && !flag.starts_with("--")) flag.insert(0, "-");
            const auto* const row = row_of(flag);
            const bool names_settings = flag == agent_.settings_flag;
            if (row == nullptr && !names_settings) {
                result_.notes.push_back(where + ": " + quoted(word.substr(0, equals), 64) +
                                        " is no setting of this agent and was left out");
                continue;
            }
            std::string text = "true";
            if (equals != word.npos) {
                text = word.substr(equals + 1);
            } else if (row == nullptr || !row->is_switch) {
                if (++i == arguments_.size()) return fail(where + ": " + flag + " lacks its value");
                text = arguments_[i].text;
            }
            if (names_settings) {
                settings_file_ = text;
                settings_named_by_ = where;
            } else {
                flags_.push_back({flag, text, where});
            }
        }
        return {};
    }

    Result<> read_settings_file() {
        for (const auto* part : {&unit_variables_, &file_variables_}) {
            for (const auto& one : *part) {
                if (agent_.settings_variable.empty() || one.name != agent_.settings_variable)
                    continue;
                if (!settings_named_by_.empty()) continue;  // the flag has precedence
                settings_file_ = one.text;
                settings_named_by_ = one.where;
            }
        }
        if (settings_file_.empty()) settings_file_ = agent_.settings_file;
        auto text = TRY(read_file(settings_file_));
        if (!text && !settings_named_by_.empty()) {
            text = TRY(read_required(settings_file_, settings_named_by_));
        }
        if (!text) return {};
        auto found = TRY(agent_.settings_are_yaml ? parse_flat_yaml(*text, settings_file_)
                                                  : parse_environment_file(*text, settings_file_));
        // Settings from files that --file names come later, so they hold.
        std::ranges::move(settings_, std::back_inserter(found));
        settings_ = std::move(found);
        return {};
    }

    Result<Installation> nothing_found() const {
        std::string looked = std::string(agent_.settings_file);
        for (const auto unit : agent_.units) looked += ", " + std::string(unit);
        return fail("no " + std::string(agent_.name) + " is installed below " + root_ +
                    " (looked for " + looked +
                    "); name its files with --file, or its root with "
                    "--root");
    }

    const OldAgent& agent_;
    const worker::DialectRow& dialect_;
    std::string root_;
    std::string settings_file_;
    std::string settings_named_by_;
    std::vector<UnitFile::Word> arguments_;
    Founds settings_;
    Founds unit_variables_;
    Founds file_variables_;
    Founds flags_;
    Installation result_;
};

}  // namespace

Result<std::optional<Secret>> read_host_file(const std::string& root, const std::string& path) {
    const auto whole = (root == "/" ? "" : root) + path;
    auto text = read_input(whole, 256_KiB);
    if (text) return Secret(*std::move(text));
    if (text.error().code == ENOENT || text.error().code == ENOTDIR) return std::nullopt;
    if (text.error().code == EACCES) return fail(text.error().what + "; run this as root");
    return std::unexpected(text.error());
}

Result<Installation> read_installation(const OldAgent& agent, const std::string& root,
                                       const std::vector<std::string>& more) {
    return Reader(agent, root).read(more);
}

}  // namespace bulkhead::cli::migration
