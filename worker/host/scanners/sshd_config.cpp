#include "worker/host/scanners/sshd_config.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr int kDeepest = 16;        // SERVCONF_MAX_DEPTH of sshd (servconf.c)
constexpr int kMostIncludes = 128;  // in all files together, which may include each other

constexpr std::array<std::string_view, 5> kKeywords{"passwordauthentication",
                                                    "kbdinteractiveauthentication", "usepam",
                                                    "permitrootlogin", "authenticationmethods"};

std::string lower(std::string_view text) {
    std::string result(text);
    for (auto& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

// Splits a line into keyword and arguments: separated by blanks, or by = after the keyword; "..."
// is one argument, and # begins a comment.
std::vector<std::string> tokens(std::string_view line) {
    std::vector<std::string> all;
    bool open = false;  // the next character belongs to the last token
    bool quoted = false;
    for (const char c : line) {
        if (c == '"') {
            quoted = !quoted;
            if (quoted && !open) all.emplace_back();
            open = true;
            continue;
        }
        const bool equals = c == '=' && all.size() <= 1;
        if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\f' || equals)) {
            open = false;
            continue;
        }
        if (!quoted && !open && c == '#') break;
        if (!open) all.emplace_back();
        open = true;
        all.back() += c;
    }
    return all;
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < words.size(); ++i) text += (i == from ? "" : " ") + words[i];
    return text;
}

class Reader {
  public:
    Reader(HostFiles& host, std::string_view name) : host_(host), name_(name) {}

    Result<SshdConfig> read() {
        auto& path = config_.path;
        TRY(host_.each(name_, "", [&path](const HostFile& file) {
            const bool main = file.path.ends_with("/sshd_config") && file.reason != "read-absent";
            if (main && path.empty()) path = file.path;
        }));
        if (!path.empty()) TRY(include(path, "", 0));
        return std::move(config_);
    }

  private:
    // The files are collected before they are parsed, because an Include in one of them asks the
    // broker again while each() is still asking it.
    Result<> include(const std::string& pattern, const std::string& criteria, int depth) {
        if (++includes_ > kMostIncludes) return {};
        std::vector<HostFile> files;
        const auto rows =
            TRY(host_.each(name_, pattern, [&](const HostFile& file) { files.push_back(file); }));
        if (!rows.ok()) {
            config_.unreadable.push_back({.path = pattern, .reason = rows.reason, .content = {}});
        }
        for (const auto& file : files) {
            if (file.reason == "ok") {
                config_.readable = true;
                TRY(parse(file, criteria, depth));
            } else if (file.reason != "read-absent") {
                config_.unreadable.push_back({file.path, file.reason, {}});
            }
        }
        return {};
    }

    Result<> parse(const HostFile& file, const std::string& outer, int depth) {
        auto criteria = outer;  // a Match block ends with its file
        std::size_t number = 0;
        for (const auto line : split(file.content, '\n')) {
            ++number;
            const auto all = tokens(line);
            if (all.size() < 2) continue;
            auto keyword = lower(all[0]);
            if (keyword == "challengeresponseauthentication") {
                keyword = "kbdinteractiveauthentication";  // its name before OpenSSH 8.7
            }
            if (keyword == "match") {
                const auto own = joined(all, 1);
                const bool everybody = lower(own) == "all";
                criteria = everybody && !outer.empty() ? outer
                           : outer.empty()             ? own
                                                       : outer + " and " + own;
            } else if (keyword == "include" && depth < kDeepest) {
                for (std::size_t i = 1; i < all.size(); ++i) {
                    const bool absolute = all[i].starts_with('/');
                    const auto beside = config_.path.substr(0, config_.path.rfind('/') + 1);
                    TRY(include(absolute ? all[i] : beside + all[i], criteria, depth + 1));
                }
            } else if (std::ranges::find(kKeywords, keyword) != kKeywords.end()) {
                values_of(criteria).try_emplace(
                    keyword,
                    SshdValue{lower(joined(all, 1)), file.path + ":" + std::to_string(number)});
            }
        }
        return {};
    }

    SshdValues& values_of(const std::string& criteria) {
        if (criteria.empty()) return config_.global;
        const auto known = std::ranges::find(config_.matches, criteria, &SshdMatch::criteria);
        if (known != config_.matches.end()) return known->values;
        return config_.matches.emplace_back(SshdMatch{criteria, {}}).values;
    }

    HostFiles& host_;
    std::string_view name_;
    SshdConfig config_;
    int includes_ = 0;
};

bool is(const SshdValues& values, std::string_view keyword, std::string_view wanted,
        std::string_view fallback) {
    const auto found = values.find(keyword);
    return (found == values.end() ? fallback : found->second.text) == wanted;
}

bool is_password_only(std::string_view methods) {
    const auto all = split(methods, ',');
    return std::ranges::all_of(all, [](std::string_view method) {
        return method == "password" || method.starts_with("keyboard-interactive");
    });
}

}  // namespace

Result<SshdConfig> read_sshd_config(HostFiles& host, std::string_view name) {
    auto config = TRY(Reader(host, name).read());
    // "Match all" matches every connection, so what it sets is global.
    const auto everybody = std::ranges::find_if(
        config.matches, [](const auto& match) { return lower(match.criteria) == "all"; });
    if (everybody != config.matches.end()) {
        config.global = overlaid(std::move(config.global), everybody->values);
        config.matches.erase(everybody);
    }
    return config;
}

SshdValues overlaid(SshdValues values, const SshdValues& over) {
    for (const auto& [keyword, value] : over) values.insert_or_assign(keyword, value);
    return values;
}

bool takes_passwords(const SshdValues& values) {
    const bool asks = is(values, "passwordauthentication", "yes", "yes") ||
                      (is(values, "kbdinteractiveauthentication", "yes", "yes") &&
                       is(values, "usepam", "yes", "no"));
    const auto methods = values.find("authenticationmethods");
    if (!asks || methods == values.end() || methods->second.text == "any") return asks;
    const auto lists = words(methods->second.text);
    return std::ranges::any_of(lists, is_password_only);
}

bool lets_root_in(const SshdValues& values) {
    return is(values, "permitrootlogin", "yes", "prohibit-password");
}

}  // namespace bulkhead::worker
