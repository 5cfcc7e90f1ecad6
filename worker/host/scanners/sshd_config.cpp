#include "worker/host/scanners/sshd_config.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/parse.hpp"
#include "worker/host/scanners/glob.hpp"
#include "worker/host/scanners/sshd_keywords.hpp"
#include "worker/host/scanners/sshd_line.hpp"

namespace bulkhead::worker {

namespace {

constexpr int kDeepest = 16;        // SERVCONF_MAX_DEPTH of sshd (servconf.c)
constexpr int kMostIncludes = 512;  // files read, in all Includes together

constexpr std::array<std::string_view, 8> kKept{
    "passwordauthentication",  "kbdinteractiveauthentication", "usepam",
    "permitrootlogin",         "authenticationmethods",        "pubkeyauthentication",
    "hostbasedauthentication", "gssapiauthentication"};

// Where in the configuration a line stands.
struct Scope {
    bool in_match = false;
    bool at_start = true;  // sshd reads it when it starts, and not for a connection alone
    SshdCriteria criteria;
};

struct Line {
    const HostFile* file;
    std::size_t number;
    std::string where() const { return file->path + ":" + std::to_string(number); }
};

class Reader {
  public:
    Reader(HostFiles& host, std::string_view name) : host_(host), name_(name) {}

    Result<SshdConfig> read() {
        TRY(host_.each(name_, "", [this](const HostFile& file) {
            if (file.reason != "read-absent") known_.push_back(file);
        }));
        const auto* main = main_file();
        if (main == nullptr) return std::move(config_);
        config_.path = main->path;
        TRY(take(*main, {}, 0));
        if (lacks_methods(config_.global)) report_lack_of_methods();
        return std::move(config_);
    }

  private:
    // A file of that name elsewhere may be one that the server's own includes. nullptr: there is
    // none.
    const HostFile* main_file() const {
        for (const std::string_view path : {"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"}) {
            const auto found = std::ranges::find(known_, path, &HostFile::path);
            if (found != known_.end()) return &*found;
        }
        const auto other = std::ranges::find_if(
            known_, [](const HostFile& file) { return file.path.ends_with("/sshd_config"); });
        return other == known_.end() ? nullptr : &*other;
    }

    // What sshd_config(5) means by a relative path. A vendor's file in /usr/etc is read in place of
    // one in /etc, which changes nothing of it.
    std::string directory() const {
        auto above = config_.path.substr(0, config_.path.rfind('/') + 1);
        return above == "/usr/etc/ssh/" ? above.substr(4) : above;
    }

    bool is_directory(const std::string& path) const {
        return std::ranges::any_of(known_, [&](const HostFile& file) {
            return file.reason == "ok" && file.path.starts_with(path + "/");
        });
    }

    Result<> take(const HostFile& file, const Scope& scope, int depth) {
        if (file.reason == "ok") {
            config_.readable = true;
            open_.push_back(&file);
            TRY(parse(file, scope, depth));
            open_.pop_back();
            return {};
        }
        if (file.reason != "read-absent")
            config_.unreadable.push_back({file.path, file.reason, {}});
        return {};
    }

    Result<> parse(const HostFile& file, const Scope& outer, int depth) {
        auto scope = outer;  // a Match block ends with its file
        Line line{&file, 0};
        for (const auto& text : sshd_lines(file.content)) {
            ++line.number;
            const auto parsed = parse_sshd_line(text);
            if (!parsed) {
                report(line, parsed.error().what);
            } else if (*parsed) {
                TRY(take_line(line, **parsed, outer, scope, depth));
            }
        }
        return {};
    }

    Result<> take_line(const Line& line, const SshdLine& parsed, const Scope& outer, Scope& scope,
                       int depth) {
        using Value = SshdKeyword::Value;
        const auto keyword = find_sshd_keyword(parsed.keyword);
        if (!keyword) {
            report(line, "no keyword is called " + parsed.keyword);
            return {};
        }
        if (!keyword->in_match && !scope.at_start) {
            report(line, parsed.keyword + " stands in a Match block");
            return {};
        }
        switch (keyword->value) {
            case Value::any:
                return {};
            case Value::match:
                enter_match(line, parsed, outer, scope);
                return {};
            case Value::include:
                return take_includes(line, parsed.arguments, scope, depth);
            default:
                keep(line, *keyword, parsed.arguments, scope);
                return {};
        }
    }

    void enter_match(const Line& line, const SshdLine& parsed, const Scope& outer, Scope& scope) {
        auto own = parse_sshd_criteria(parsed.rest);
        if (!own) {
            report(line, own.error().what);
            // What cannot be understood is met by nobody else's connection.
            own = SshdCriteria{.text = parsed.rest, .tests = {{"?", parsed.rest}}, .all = false};
        }
        scope.in_match = true;
        scope.at_start = outer.at_start && own->all;
        scope.criteria = both(outer.criteria, *own);
    }

    void keep(const Line& line, const SshdKeyword& keyword,
              const std::vector<std::string>& arguments, const Scope& scope) {
        auto value = sshd_value(keyword, arguments);
        // Even where it stands in another block, and in second place, sshd refuses it.
        if (keyword.value == SshdKeyword::Value::methods && value && *value == "any" &&
            config_.global.contains(keyword.name)) {
            value = fail("\"any\" does not stand alone");
        }
        if (!value) {
            report(line, std::string(keyword.name) + ": " + value.error().what);
            return;
        }
        if (std::ranges::find(kKept, keyword.name) == kKept.end()) return;
        const SshdValue kept{*std::move(value), line.where()};
        const std::string name(keyword.name);
        if (scope.at_start) config_.global.try_emplace(name, kept);
        if (scope.in_match && keyword.in_match) {
            values_of(scope.criteria).try_emplace(name, kept);
        }
    }

    // A block that another one interrupts goes on behind it.
    SshdValues& values_of(const SshdCriteria& criteria) {
        auto& all = config_.matches;
        if (all.empty() || all.back().criteria.tests != criteria.tests) {
            all.push_back({criteria, {}});
        }
        return all.back().values;
    }

    Result<> take_includes(const Line& line, const std::vector<std::string>& arguments,
                           const Scope& scope, int depth) {
        if (arguments.empty()) report(line, "Include lacks its file");
        for (const auto& argument : arguments) {
            if (argument.empty()) {
                report(line, "a file of Include has no name");
                return {};
            }
            if (argument.starts_with('~')) continue;  // sshd looks for a directory of that name
            const auto path = argument.starts_with('/') ? argument : directory() + argument;
            const auto pattern =
                GlobPattern::parse(path, [this](const auto& above) { return is_directory(above); });
            if (!pattern) {
                report(line, "Include " + path + ": " + pattern.error().what);
            } else if (!pattern->yields_no_file()) {
                TRY(include(line, *pattern, scope, depth + 1));
            }
        }
        return {};
    }

    Result<> include(const Line& line, const GlobPattern& pattern, const Scope& scope, int depth) {
        for (const auto* file : TRY(files_of(pattern))) {
            if (std::ranges::find(open_, file) != open_.end()) {
                report(line, "Include leads back to " + file->path);
            } else if (depth > kDeepest) {
                report(line, "Includes are nested more than 16 deep");
            } else if (++includes_ > kMostIncludes) {
                report(line, "more than 512 files are included, and the others are not read");
            } else {
                TRY(take(*file, scope, depth));
            }
        }
        return {};
    }

    // Sorted by path, as glob(3) sorts them. What rows do not list is noted.
    Result<std::vector<const HostFile*>> files_of(const GlobPattern& pattern) {
        const auto wanted = pattern.for_policy();
        const auto listed = TRY(is_listed(wanted));
        if (!listed.ok()) config_.unreadable.push_back({wanted, listed.reason, {}});
        std::vector<const HostFile*> files;
        std::string missing;
        for (const auto& file : known_) {
            if (is_row(file)) {
                if (holds(file.path, wanted)) missing = file.reason;
            } else if (pattern.matches(file.path)) {
                files.push_back(&file);
            }
        }
        if (!missing.empty()) config_.unreadable.push_back({wanted, missing, {}});
        return files;
    }

    // Whether it is said of a whole row that it cannot be listed, or not to its end.
    static bool is_row(const HostFile& file) {
        return file.reason != "ok" && file.path.find_first_of("*?") != file.path.npos;
    }
    static bool holds(const std::string& row, const std::string& wanted) {
        const auto pattern = GlobPattern::parse(row, [](const std::string&) { return false; });
        return pattern && pattern->matches(wanted);
    }

    // Whether rows hold all that a pattern can match.
    Result<HostRows> is_listed(const std::string& wanted) {
        if (const auto known = listed_.find(wanted); known != listed_.end()) return known->second;
        const auto rows = TRY(host_.each(name_, wanted, [](const HostFile&) {}));
        listed_.emplace(wanted, rows);
        return rows;
    }

    // A file that is included twice has its problems once.
    void report(const Line& line, std::string why) {
        for (const auto& problem : config_.problems) {
            if (problem.path == line.file->path && problem.line == line.number) return;
        }
        config_.problems.push_back({line.file->path, line.number, std::move(why)});
    }

    void report_lack_of_methods() {
        const auto& where = config_.global.at("authenticationmethods").where;
        const auto colon = where.rfind(':');
        config_.problems.push_back(
            {where.substr(0, colon),
             parse_number<std::size_t>(std::string_view(where).substr(colon + 1)).value_or(0),
             "each of its lists holds a method that is turned off"});
    }

    HostFiles& host_;
    std::string_view name_;
    SshdConfig config_;
    std::vector<HostFile> known_;             // all of the rows, sorted by path
    std::map<std::string, HostRows> listed_;  // by pattern
    std::vector<const HostFile*> open_;       // each included by the one before it
    int includes_ = 0;
};

}  // namespace

Result<SshdConfig> read_sshd_config(HostFiles& host, std::string_view name) {
    return Reader(host, name).read();
}

}  // namespace bulkhead::worker
