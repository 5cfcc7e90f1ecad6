#include "worker/config/other_agents.hpp"

#include <algorithm>

#include "worker/backend/registry.hpp"

namespace bulkhead::worker {

namespace {

struct Given {
    const DialectVariable* row;
    std::string text;
    bool by_flag;

    std::string origin() const { return std::string(by_flag ? row->flag : row->variable); }
};

// The backend that an assignment of this setting means; none for settings of the whole agent.
std::optional<std::size_t> target_of(std::string_view key, std::size_t backend) {
    const auto* const setting = find_setting(key);
    if (setting != nullptr && setting->scope == Scope::agent) return std::nullopt;
    return backend;
}

class Reader {
  public:
    Reader(const std::map<std::string, std::string>& environment,
           const std::vector<ForeignFlag>& flags, const Gathered& known)
        : environment_(environment), flags_(flags), known_(known), readers_(flags.size()) {}

    OtherAgents read() && {
        for (const auto& dialect : dialects()) {
            const auto given = all_given(dialect);
            const auto backend = backend_of(dialect, given);
            if (!backend) continue;
            for (const auto& one : given) assign(one, *backend);
            for (std::size_t i = 0; i < flags_.size(); ++i) {
                if (flag_of(dialect, flags_[i].flag) != nullptr)
                    readers_[i].push_back(dialect.name);
            }
        }
        for (std::size_t i = 0; i < flags_.size(); ++i) check_readers(flags_[i].flag, readers_[i]);
        return std::move(found_);
    }

  private:
    static const DialectVariable* flag_of(const DialectRow& dialect, std::string_view flag) {
        const auto row = std::ranges::find(dialect.variables, flag, &DialectVariable::flag);
        return row == dialect.variables.end() ? nullptr : &*row;
    }

    bool has_all_flags(const DialectRow& dialect) const {
        return std::ranges::all_of(flags_, [&dialect](const ForeignFlag& one) {
            return flag_of(dialect, one.flag) != nullptr;
        });
    }

    std::vector<Given> all_given(const DialectRow& dialect) const {
        std::vector<Given> all;
        for (const auto& row : dialect.variables) {
            const auto entry = environment_.find(std::string(row.variable));
            if (row.variable.empty() || entry == environment_.end() || entry->second.empty()) {
                continue;
            }
            all.push_back({&row, entry->second, false});
        }
        for (const auto& [flag, text] : flags_) {
            if (const auto* const row = flag_of(dialect, flag)) all.push_back({row, text, true});
        }
        return all;
    }

    std::optional<std::size_t> backend_of(const DialectRow& dialect,
                                          const std::vector<Given>& given) {
        for (std::size_t i = 0; i < known_.backends; ++i) {
            const auto* const chosen = known_.last("dialect", i);
            if (chosen != nullptr && chosen->text == dialect.name) return i;
        }
        const auto url =
            std::ranges::find(given, "url", [](const Given& one) { return one.row->setting; });
        const bool settled =
            known_.last("dialect", 0) != nullptr || known_.last("url", 0) != nullptr;
        if (url == given.end() || settled) return std::nullopt;
        // Agents share names of flags, --server-url for one. An agent that lacks another flag of
        // this command line is not meant by those that it has.
        if (url->by_flag && !has_all_flags(dialect)) return std::nullopt;
        if (!claimed_by_.empty()) {
            ambiguous_ = true;
            found_.problems.push_back(url->origin() + ": the URL of a " +
                                      std::string(dialect.name) + " agent, and there is one of " +
                                      claimed_by_ + " too; choose with dialect");
            return std::nullopt;
        }
        claimed_by_ = dialect.name;
        found_.from_environment.push_back(
            {"dialect", std::string(dialect.name), url->origin(), std::size_t{0}});
        return 0;
    }

    void assign(const Given& one, std::size_t backend) {
        const auto& row = *one.row;
        const auto origin = one.origin();
        auto text = row.translate == nullptr ? Result<std::optional<std::string>>(one.text)
                                             : row.translate(one.text);
        if (!text) {
            found_.problems.push_back(origin + ": " + text.error().what);
        } else if (*text && row.setting.empty()) {
            found_.remarks.push_back(origin + " has no effect: " + std::string(row.remark));
        } else if (*text) {
            auto& into = one.by_flag ? found_.from_flags : found_.from_environment;
            into.push_back({std::string(row.setting), **std::move(text), origin,
                            target_of(row.setting, backend)});
        }
    }

    void check_readers(const std::string& flag, const std::vector<std::string_view>& readers) {
        if (readers.size() == 1 || ambiguous_) return;
        std::string names;
        for (const auto& dialect : dialects()) {
            if (flag_of(dialect, flag) == nullptr) continue;
            names += (names.empty() ? "" : " and ") + std::string(dialect.name);
        }
        found_.problems.push_back(flag + ": an option of " + names +
                                  (readers.empty() ? "; no backend here speaks that dialect"
                                                   : "; backends of both are here, so put it "
                                                     "into the file"));
    }

    const std::map<std::string, std::string>& environment_;
    const std::vector<ForeignFlag>& flags_;
    const Gathered& known_;
    std::vector<std::vector<std::string_view>> readers_;  // of each flag
    std::string claimed_by_;
    bool ambiguous_ = false;  // which agent is meant; then nothing more can be said of its flags
    OtherAgents found_;
};

}  // namespace

const DialectVariable* find_foreign(std::string_view flag) {
    for (const auto& dialect : dialects()) {
        const auto row = std::ranges::find(dialect.variables, flag, &DialectVariable::flag);
        if (!flag.empty() && row != dialect.variables.end()) return &*row;
    }
    return nullptr;
}

std::vector<std::string_view> foreign_flags() {
    std::vector<std::string_view> all;
    for (const auto& dialect : dialects()) {
        for (const auto& row : dialect.variables) {
            if (!row.flag.empty()) all.push_back(row.flag);
        }
    }
    return all;
}

OtherAgents read_other_agents(const std::map<std::string, std::string>& environment,
                              const std::vector<ForeignFlag>& flags, const Gathered& known) {
    return Reader(environment, flags, known).read();
}

}  // namespace bulkhead::worker
