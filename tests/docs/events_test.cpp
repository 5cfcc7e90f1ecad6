// docs/events.md lists every event of the log and of the audit log: this reads the calls in the
// sources and holds them against the page, in both directions.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "common/sys/log_line.hpp"
#include "tests/support/files.hpp"

namespace bulkhead {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

struct Known {
    Names levels, by, fields;
};
using Events = std::map<std::string, Known>;

// Calls of other names whose first argument is a sys::Event, and the level at which they log it.
const std::map<std::string, std::string> kForwarders{
    {"tell_failure", "error"}, {"retry_later", "warning"}, {"sys::Event", "error"}};
// What those add to an event.
const std::map<std::string, Names> kForwardedFields{
    {"tell_failure", {"backend", "why"}},
    {"retry_later", {"delivery", "next_try_ms", "why"}},
    {"sys::Event", {"why"}}};

std::string without_comments(const std::string& text) {
    std::string rest;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto comment = line.find("//");
        const bool address = comment != line.npos && comment > 0 && line[comment - 1] == ':';
        rest += (address ? line : line.substr(0, comment)) + '\n';
    }
    return rest;
}

// From behind an opening parenthesis to the one that closes it.
std::string arguments_at(const std::string& text, std::size_t begin) {
    std::size_t at = begin;
    for (int depth = 1; depth > 0 && at < text.size(); ++at) {
        if (text[at] == '(') ++depth;
        if (text[at] == ')') --depth;
        if (text[at] != '"') continue;
        for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
    }
    return text.substr(begin, at - begin);
}

Names fields_in(const std::string& call) {
    static const std::regex kField(R"re(\{"([a-z0-9_]+)",)re");
    Names names;
    for (std::sregex_iterator one(call.begin(), call.end(), kField), end; one != end; ++one) {
        names.insert((*one)[1]);
    }
    return names;
}

std::string last_text_in(const std::string& call) {
    static const std::regex kText(R"re("((?:[^"\\]|\\.)*)")re");
    std::string last;
    for (std::sregex_iterator one(call.begin(), call.end(), kText), end; one != end; ++one) {
        last = (*one)[1];
    }
    return last;
}

std::string first_text_of(const std::string& call) {
    static const std::regex kFirst(R"re(^\s*"([^"]*)")re");
    std::smatch found;
    return std::regex_search(call, found, kFirst) ? found[1].str() : "";
}

// `put` logs at a level that it is given, of which info and warning are in use.
Names levels_of(const std::string& verb) {
    if (verb == "put") return {"info", "warning"};
    if (verb == "check" || verb == "failed") return {"error"};
    const auto forwarder = kForwarders.find(verb);
    return {forwarder == kForwarders.end() ? verb : forwarder->second};
}

void scan_log(const std::string& text, const std::string& by, Events& events) {
    static const std::regex kCall(
        R"re((?:\blog_?(?:\.|->)|\bLog\([^()]*\)\.)(debug|info|warning|error|put|failed|check)\(|\b(tell_failure|retry_later|sys::Event)\((?="))re");
    for (std::sregex_iterator one(text.begin(), text.end(), kCall), end; one != end; ++one) {
        const auto verb = (*one)[1].matched ? (*one)[1].str() : (*one)[2].str();
        const auto call =
            arguments_at(text, static_cast<std::size_t>(one->position() + one->length()));
        const bool late = verb == "check" || verb == "put";
        const auto event = verb == "check" ? last_text_in(call)
                           : late          ? first_text_of(call.substr(call.find(',') + 1))
                                           : first_text_of(call);
        if (event.empty()) continue;  // handed on: its caller names it
        auto& known = events[event];
        known.levels.merge(levels_of(verb));
        known.by.insert(by);
        auto fields = fields_in(call);
        if (verb == "check" || verb == "failed") fields = {"why"};
        if (const auto more = kForwardedFields.find(verb); more != kForwardedFields.end()) {
            fields = more->second;
        }
        known.fields.merge(fields);
    }
}

void scan_audit(const std::string& text, Events& events) {
    static const std::regex kCall(
        R"re(\bnote\(\s*(?:[\w.]+,\s*)+(?=")|\bevent\(\s*(?=")|\btell_failure\((?="))re");
    for (std::sregex_iterator one(text.begin(), text.end(), kCall), end; one != end; ++one) {
        const auto call =
            arguments_at(text, static_cast<std::size_t>(one->position() + one->length()));
        auto& known = events[first_text_of(call)];
        auto fields = fields_in(call);
        if (one->str().starts_with("tell_failure")) fields = {"backend", "pid", "why"};
        known.fields.merge(fields);
    }
}

template <class Scan>
void each_source(const std::vector<std::string>& folders, Scan scan) {
    for (const auto& folder : folders) {
        for (const auto& entry : fs::recursive_directory_iterator(SOURCE_TREE "/" + folder)) {
            const auto& path = entry.path();
            const bool source = path.extension() == ".cpp" || path.extension() == ".hpp";
            // The log itself hands events on.
            if (!source || path.filename().string().starts_with("log")) continue;
            const auto text = without_comments(test::content_of(path));
            const bool speaks = text.find("log") != text.npos || text.find("event(") != text.npos ||
                                text.find("note(") != text.npos;
            if (speaks) scan(text, folder);
        }
    }
}

std::string listed(const Names& names, const char* quote, const char* between) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : between) + (quote + name + quote);
    return text.empty() ? "-" : text;
}

// The cells of the page's rows without their last, the meaning, by section.
std::set<std::string> rows_of(const std::string& section) {
    const auto page = test::content_of(SOURCE_TREE "/docs/events.md");
    const auto begin = page.find("## " + section);
    const auto end = page.find("\n## ", begin + 1);
    std::istringstream lines(page.substr(begin, end == page.npos ? end : end - begin));
    std::set<std::string> rows;
    for (std::string line; std::getline(lines, line);) {
        static const std::regex kRow(R"re(^(\| `[a-z-]+` \|.*\|) [^|]+ \|$)re");
        std::smatch parts;
        if (!std::regex_match(line, parts, kRow)) continue;
        EXPECT_TRUE(rows.insert(parts[1]).second) << line;
    }
    return rows;
}

void expect_same(const std::set<std::string>& page, const std::set<std::string>& sources) {
    for (const auto& row : sources) {
        EXPECT_TRUE(page.contains(row))
            << "docs/events.md lacks this row; add it with its meaning, or correct the "
               "row of this event:\n"
            << row;
    }
    for (const auto& row : page) {
        EXPECT_TRUE(sources.contains(row))
            << "docs/events.md has a row that no call in the sources makes:\n"
            << row;
    }
}

TEST(Events, ThePageHasEachEventOfTheLogWithLevelsAndFields) {
    Events events;
    each_source(
        {"broker", "common", "worker"},
        [&](const std::string& text, const std::string& by) { scan_log(text, by, events); });
    // Not named by a call: parse_relayed() and RelayedLog make them.
    events["output"] = {.levels = {"warning"}, .by = {"worker"}, .fields = {"text"}};
    events["lines-left-out"] = {.levels = {"warning"}, .by = {"broker"}, .fields = {}};
    EXPECT_GT(events.size(), 80U) << "the pattern finds the calls no more";
    std::set<std::string> rows;
    for (const auto& [event, known] : events) {
        EXPECT_TRUE(sys::is_event_name(event)) << event;
        std::string ordered;
        for (const auto* level : {"debug", "info", "warning", "error"}) {
            if (known.levels.contains(level))
                ordered += (ordered.empty() ? "" : ", ") + std::string(level);
        }
        rows.insert("| `" + event + "` | " + ordered + " | " + listed(known.by, "", ", ") + " | " +
                    listed(known.fields, "`", " ") + " |");
    }
    // The first table of that section is about the journal's own fields.
    expect_same(rows_of("The log"), rows);
}

TEST(Events, ThePageHasEachEventOfTheAuditLogWithItsFields) {
    Events events;
    each_source({"broker"},
                [&](const std::string& text, const std::string&) { scan_audit(text, events); });
    // broker/reads/journal.cpp chooses between two.
    events["read"].fields = events["read-refused"].fields = {"left_out", "path", "reason", "row"};
    EXPECT_GT(events.size(), 30U) << "the pattern finds the calls no more";
    std::set<std::string> rows;
    for (const auto& [event, known] : events) {
        EXPECT_TRUE(sys::is_event_name(event)) << event;
        rows.insert("| `" + event + "` | " + listed(known.fields, "`", " ") + " |");
    }
    expect_same(rows_of("The audit log"), rows);
}

}  // namespace
}  // namespace bulkhead
