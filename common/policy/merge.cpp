// merge(): makes one policy of the vendor's files and the operator's.
#include <algorithm>
#include <functional>

#include "common/base/parse.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/load.hpp"
#include "common/policy/machine_id.hpp"
#include "common/policy/near_miss.hpp"
#include "common/policy/parse.hpp"
#include "common/policy/vendor.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kHost = "host.policy";
// A file of version 0.1 that is read for one more release. Its rows replace those of the worker's
// profile.
const std::string kOldRows = "worker.landlock";
const std::string kWorker = "profiles/worker.profile";

class Merger {
  public:
    Merger(const Files& vendor, const Files& operators) : vendor_(vendor), operators_(operators) {}

    Result<Policy> merge() {
        TRY(lay_vendors());
        lay_operators();
        TRY(refuse_misspelt());
        TRY(refuse_old_rows_beside_new());
        // host.policy comes first, because it says which format the other files have.
        if (view_.contains(std::string(kHost))) TRY(parse(std::string(kHost)));
        for (const auto& [file, entry] : view_) {
            const auto base = adds_to(file);
            if (!base.empty() && !view_.contains(base)) {
                return fail(entry.from->directory + "/" + file + ": there is no " + base +
                            " to add to");
            }
            if (base.empty() && file != kHost) TRY(parse(file));
        }
        TRY(within(operators_.directory, complete(policy_, names())));
        for (const auto& [file, entry] : view_) {
            policy_.file_list += digest_of(*entry.text) + "  " + file + "\n";
            policy_.texts.emplace(file, *entry.text);
        }
        policy_.digest = crypto::sha256(as_bytes(policy_.file_list));
        if (policy_.host.from_machine_id) TRY(take_machine_id());
        return std::move(policy_);
    }

    // Goes on after an error, so that a withdrawal is read whatever is wrong with another file.
    GrantsNow grants(const Policy& in_force) {
        GrantsNow now;
        const auto note = [&](const Result<>& done) {
            if (!done && now.fault.empty()) now.fault = done.error().what;
        };
        note(lay_vendors());
        lay_operators();
        note(refuse_misspelt());
        note(within(operators_.directory, require_files(names(), true)));
        for (const auto& [file, error] : operators_.faults) {
            if (decides(file)) note(std::unexpected(error));
        }
        for (const auto& [file, entry] : view_) {
            if (adds_to(file).empty() && decides(file) && !is_orphan(file)) note(parse(file));
        }
        drop_without_profile();
        note(within(operators_.directory, take_host(in_force)));
        now.changed = changed_since(in_force.file_list);
        now.ignored = std::move(policy_.ignored);
        now.grants = std::move(policy_);
        return now;
    }

    std::vector<std::string> withdraw_rows(Policy& policy) {
        std::vector<std::string> gone;
        static_cast<void>(lay_vendors());
        lay_operators();
        for (const auto& [file, error] : operators_.faults) view_.erase(file);
        const auto is_gone = [&](const Source& at) {
            const auto text = policy.texts.find(at.file);
            if (text == policy.texts.end() || at.line == 0) return false;
            const auto rule = rule_of(split(text->second, '\n').at(at.line - 1));
            if (has_rule(base_of(at.file), rule)) return false;
            gone.push_back(at.file + ": " + rule + "gone");
            return true;
        };
        const auto keep_there = [&](auto& rows) {
            std::erase_if(rows, [&](const auto& row) { return is_gone(row.source); });
        };
        keep_there(policy.credentials);
        for (auto& [name, rows] : policy.reads) keep_there(rows);
        std::erase_if(policy.reads, [](const auto& row) { return row.second.empty(); });
        std::erase_if(policy.builtins, [&](const auto& row) { return is_gone(row.second.source); });
        for (auto& [name, part] : policy.parts) {
            const auto is_kept = [&](const auto& row) {
                return is_unclear(base_of(row.source.file)) || !is_gone(row.source);
            };
            std::erase_if(part.paths, std::not_fn(is_kept));
            std::erase_if(part.connects, std::not_fn(is_kept));
            part.ports = ports_of(part.connects);
        }
        return gone;
    }

  private:
    struct Entry {
        const std::string* text;
        const Files* from;
    };

    static std::string digest_of(const std::string& text) {
        return crypto::hex(crypto::sha256(as_bytes(text)));
    }

    static std::string base_of(const std::string& file) {
        const auto base = adds_to(file);
        return base.empty() ? file : base;
    }

    // The words of a line up to its reason, each with a space behind it.
    static std::string rule_of(std::string_view line) {
        std::string rule;
        for (const auto word : words(line.substr(0, line.find('#')))) rule.append(word) += ' ';
        return rule;
    }

    // Whether a line of `base`, or of what adds to it, says so.
    bool has_rule(const std::string& base, const std::string& rule) const {
        return std::ranges::any_of(view_, [&](const auto& one) {
            return base_of(one.first) == base &&
                   std::ranges::count(split(*one.second.text, '\n'), rule, rule_of) > 0;
        });
    }

    // Whether it cannot be told which rows the file would have.
    bool is_unclear(const std::string& base) {
        const auto [at, fresh] = unclear_.try_emplace(base, false);
        if (fresh) {
            at->second = std::ranges::any_of(operators_.faults,
                                             [&](const auto& fault) {
                                                 return base.starts_with(fault.first) ||
                                                        fault.first.starts_with(base);
                                             }) ||
                         (view_.contains(base) && !parse(base));
        }
        return at->second;
    }

    Result<> lay_vendors() {
        for (const auto& [file, text] : vendor_.texts) {
            const auto* kind = kind_of(file);
            if (kind != nullptr && kind->from == From::operators) {
                return fail(vendor_.directory + "/" + file +
                            ": is a decision of the operator's; it belongs into " +
                            operators_.directory);
            }
            if (file == "shipped.digests") shipped_ = TRY(parse_shipped(file, text));
            if (file == "vendor.policy") version_ = TRY(parse_vendor(file, text)).version;
            view_[file] = {&text, &vendor_};
        }
        policy_.ignored = vendor_.ignored;
        return {};
    }

    void lay_operators() {
        auto& ignored = policy_.ignored;
        ignored.insert(ignored.end(), operators_.ignored.begin(), operators_.ignored.end());
        for (const auto& [file, text] : operators_.texts) {
            const auto* kind = kind_of(file);
            if (vendor_.texts.empty() || (kind != nullptr && kind->from == From::operators)) {
                view_[file] = {&text, &operators_};
                continue;
            }
            const auto release = shipped_by(file, text);
            if (!release.empty()) {
                policy_.overrides.push_back({Override::Kind::copy, file, release});
            } else if (kind != nullptr && kind->from == From::vendor) {
                ignored.push_back(file);
            } else {
                if (kind == nullptr) policy_.overrides.push_back({Override::Kind::adds, file, ""});
                if (view_.contains(file) || file == kOldRows) {
                    policy_.overrides.push_back({Override::Kind::replaces, file, ""});
                }
                view_[file] = {&text, &operators_};
            }
        }
    }

    static std::string profile_file(const std::string& name) {
        return "profiles/" + name + ".profile";
    }

    // Whether the file is in the directory, if only as one that cannot be read.
    bool is_there(const std::string& file) const {
        return view_.contains(file) ||
               std::ranges::any_of(operators_.faults, [&](const auto& fault) {
                   return file == fault.first || file.starts_with(fault.first + "/");
               });
    }

    // Who deletes a profile withdraws what jobs of it were granted.
    void drop_without_profile() {
        const auto is_gone = [&](const auto& name) { return !is_there(profile_file(name)); };
        std::erase_if(policy_.approvals, [&](const auto& row) { return is_gone(row.first); });
        std::erase_if(policy_.approved,
                      [&](const auto& row) { return is_gone(row.second.manifest.profile); });
    }

    Result<> refuse_misspelt() const {
        return within(operators_.directory, refuse_near_misses(operators_.ignored, names()));
    }

    // Whether the file, the lines of FILE.d or the folder are of Grants.
    static bool decides(const std::string& file) {
        const auto base = adds_to(file);
        const auto plain = base.empty() ? file : base;
        const auto* kind =
            kind_of(plain.ends_with(".d") ? plain.substr(0, plain.size() - 2) : plain);
        return kind != nullptr ? kind->grants : plain == "approved";
    }

    // Parses of host.policy the lines that decide about jobs, such as a raised epoch, and those
    // that may be meant to. Other lines of it withdraw nothing, whatever is wrong with them.
    Result<> take_host(const Policy& in_force) {
        const std::string file(kHost);
        std::map<std::string, std::string> lines;
        for (const auto& [name, entry] : view_) {
            if (name == file || adds_to(name) == file) lines[name] = deciding_lines(*entry.text);
        }
        Text text(lines[file]);
        for (const auto& [name, kept] : lines) {
            if (name != file) text.added.push_back({name, kept});
        }
        Result<> taken = parse_file(policy_, file, text);
        if (taken && policy_.host.from_machine_id) taken = take_machine_id();
        for (const auto& [name, error] : operators_.faults) {
            if (name.starts_with(kHost)) taken = std::unexpected(error);
        }
        if (taken) return taken;
        policy_.host = in_force.host;
        policy_.format = in_force.format;
        return taken;
    }

    // `text` with empty lines in place of those whose key is not one that decides, nor nearly one.
    static std::string deciding_lines(std::string_view text) {
        constexpr std::string_view kKeys[] = {"policy-format", "host-id",   "group",  "realm",
                                              "epoch",         "accept-v1", "readers"};
        std::string out;
        for (const auto line : split(text, '\n')) {
            const auto parts = words(line);
            const bool decides = !parts.empty() && std::ranges::any_of(kKeys, [&](auto key) {
                return may_mean(parts[0], key);
            });
            out.append(decides ? line : "").append("\n");
        }
        return out;
    }

    // A script whose manifest was taken away is granted nothing by itself.
    bool is_orphan(const std::string& file) const {
        return file.ends_with(".script") &&
               !view_.contains(file.substr(0, file.rfind('.')) + ".manifest");
    }

    std::vector<std::string> changed_since(const std::string& file_list) const {
        std::vector<std::string> changed;
        for (const auto& [file, entry] : view_) {
            const auto digest = digest_of(*entry.text);
            if ((!decides(file) && file != kHost) ||
                file_list.contains(digest + "  " + file + "\n"))
                continue;
            changed.push_back(file + " " + digest);
        }
        for (const auto line : split(file_list, '\n')) {
            const std::string file(line.substr(std::min(line.size(), line.find("  ") + 2)));
            const bool counts = decides(file) || file.ends_with(".profile");
            if (counts && !is_there(file)) changed.push_back(file + " gone");
        }
        return changed;
    }

    Result<> refuse_old_rows_beside_new() const {
        if (vendor_.texts.empty() || !view_.contains(kOldRows)) return {};
        for (const auto& one : policy_.overrides) {
            if (one.kind == Override::Kind::copy) continue;
            if (one.file != kWorker && adds_to(one.file) != kWorker) continue;
            return fail(operators_.directory + "/" + kOldRows + ": takes the place of rows of " +
                        kWorker + ", to which " + one.file +
                        " speaks, too; put what is yours there and delete it");
        }
        return {};
    }

    std::string shipped_by(const std::string& file, const std::string& text) const {
        const auto same = vendor_.texts.find(file);
        if (same != vendor_.texts.end() && same->second == text) return version_;
        const auto found = shipped_.find({file, digest_of(text)});
        return found == shipped_.end() ? "" : found->second;
    }

    Result<> parse(const std::string& file) {
        const auto& entry = view_.at(file);
        Text text(*entry.text);
        const auto prefix = file + ".d/";
        for (auto at = view_.lower_bound(prefix);
             at != view_.end() && at->first.starts_with(prefix); ++at) {
            text.added.push_back({at->first, *at->second.text});
        }
        const auto parsed = parse_file(policy_, file, text);
        if (parsed) return {};
        const auto is_in_added = [&](const auto& added) {
            return parsed.error().what.starts_with(added.file);
        };
        const bool in_added = std::ranges::any_of(text.added, is_in_added);
        return within((in_added ? operators_ : *entry.from).directory, parsed);
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& [file, entry] : view_) names.push_back(file);
        return names;
    }

    // Sets the host id to a hash of /etc/machine-id. machine-id(5) forbids to expose the id itself
    // on a network.
    Result<> take_machine_id() {
        const auto etc = TRY(sys::Dir::open("/etc"));
        const auto text = etc.read_file("machine-id", 64).value_or("");
        const auto id = text.substr(0, text.find('\n'));
        if (is_machine_id(id)) {
            const auto digest = crypto::sha256(as_bytes("bulkhead-host" + id));
            policy_.host.id = "m-" + crypto::hex(digest).substr(0, 16);
            return {};
        }
        if (operators_.trust != Trust::root) return {};
        return fail(operators_.directory +
                    "/host.policy: /etc/machine-id does not name this machine; run: rm -f "
                    "/etc/machine-id; systemd-machine-id-setup  or write: host-id NAME");
    }

    const Files& vendor_;
    const Files& operators_;
    Shipped shipped_;
    std::string version_;
    std::map<std::string, Entry> view_;
    Policy policy_;
    std::map<std::string, bool> unclear_;  // by file
};

}  // namespace

std::string adds_to(const std::string& file) {
    if (!file.ends_with(".lines")) return "";
    const auto slash = file.rfind('/');
    if (slash == file.npos || slash < 2 || file.substr(slash - 2, 2) != ".d") return "";
    return file.substr(0, slash - 2);
}

Result<Policy> merge(const Files& vendor, const Files& operators) {
    return Merger(vendor, operators).merge();
}

GrantsNow read_grants(const Files& vendor, const std::string& directory, Trust trust,
                      const Policy& in_force) {
    const auto files = read_what_can_be(directory, trust);
    if (files) return Merger(vendor, *files).grants(in_force);
    return {.grants = {}, .fault = files.error().what, .changed = {}, .ignored = {}};
}

void drop_new_grants(Grants& grants, const Grants& before) {
    const auto drop_new = [](auto& rows, const auto& old) {
        std::erase_if(rows, [&](const auto& row) { return !old.contains(row.first); });
    };
    drop_new(grants.approvals, before.approvals);
    drop_new(grants.approved, before.approved);
    drop_new(grants.approved_artifacts, before.approved_artifacts);
    if (!before.artifact_approval) grants.artifact_approval.reset();
    if (!before.artifacts) grants.artifacts.reset();
    if (grants.artifacts) grants.artifacts = narrowed(*grants.artifacts, *before.artifacts);
}

std::vector<std::string> withdraw_rows(Policy& policy, const Files& vendor,
                                       const std::string& directory) {
    auto files = read_what_can_be(directory, Trust::unjudged);
    if (!files) files = Files{.directory = directory, .faults = {{"", files.error()}}};
    return Merger(vendor, *files).withdraw_rows(policy);
}

}  // namespace bulkhead::policy
