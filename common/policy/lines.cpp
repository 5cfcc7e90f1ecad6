#include "common/policy/lines.hpp"

#include <algorithm>
#include <map>

#include "common/base/text.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::size_t kMaxLine = 1024;

std::unexpected<Error> fail_at(const Source& source, std::size_t column, std::string_view what) {
    return fail(source.file + ":" + std::to_string(source.line) + ":" + std::to_string(column) +
                ": " + std::string(what));
}

}  // namespace

Result<Line> Line::create(const std::string& file, unsigned number, std::string_view text) {
    Line line;
    line.source_ = {file, number, ""};
    if (text.size() > kMaxLine)
        return fail_at(line.source_, kMaxLine + 1, "longer than 1024 bytes");
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\t' || (text[i] >= 0x20 && text[i] <= 0x7e)) continue;
        const auto byte = "byte " + quoted(text.substr(i, 1)) + " is not printable ASCII";
        return fail_at(line.source_, i + 1,
                       text[i] == '\r' ? "carriage return; lines end with LF alone" : byte);
    }
    const auto hash = std::min(text.find('#'), text.size());
    line.text_ = text;
    for (const auto word : words(text.substr(0, hash))) {
        line.words_.push_back({static_cast<std::size_t>(word.data() - text.data()), word.size()});
    }
    line.source_.reason = trimmed(text.substr(std::min(hash + 1, text.size())));
    return line;
}

Result<> Line::require_reason() const {
    if (!source_.reason.empty()) return {};
    const auto end = std::min(text_.find('#'), text_.size());
    return fail_at(source_, end + 1, "no reason; end the line with \"  # why\"");
}

bool Line::next_is(std::string_view literal) const {
    return more() && text_of(words_[next_]) == literal;
}

bool Line::accept(std::string_view literal) {
    const bool taken = next_is(literal);
    if (taken) ++next_;
    return taken;
}

Result<std::size_t> Line::one_of(std::span<const std::string_view> choices) {
    std::string known;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto choice = choices[i];
        if (accept(choice)) return i;
        known.append(i == 0 ? "" : i + 1 < choices.size() ? ", " : " or ").append(choice);
    }
    static_cast<void>(TRY(word(known)));
    return wrong("expected " + known);
}

Result<std::string_view> Line::word(std::string_view what) {
    if (more()) return text_of(words_[next_++]);
    const auto& last = words_.back();
    return fail_at(source_, last.at + last.size + 1, "expected " + std::string(what));
}

Result<> Line::end() const {
    if (!more()) return {};
    return fail_at(source_, words_[next_].at + 1,
                   "unexpected \"" + std::string(text_of(words_[next_])) + "\"");
}

std::unexpected<Error> Line::wrong(std::string_view what) const {
    return fail_at(source_, column(), what);
}

Result<std::uint32_t> Line::number(std::uint32_t least, std::uint32_t most) {
    const auto what =
        "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    const auto value = parse_number<std::uint32_t>(TRY(word(what)));
    if (value && *value >= least && *value <= most) return *value;
    return wrong("expected " + what);
}

Result<std::uint64_t> Line::size() {
    static constexpr std::pair<std::string_view, unsigned> kUnits[] = {
        {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    const auto text = TRY(word("a size"));
    for (const auto& [suffix, shift] : kUnits) {
        if (!text.ends_with(suffix)) continue;
        const auto count = parse_number<std::uint32_t>(text.substr(0, text.size() - suffix.size()));
        if (count && *count > 0) return std::uint64_t{*count} << shift;
    }
    return wrong("expected a size, as 64KiB, 512MiB or 2GiB");
}

Result<std::chrono::seconds> Line::seconds() {
    const auto duration = parse_duration(TRY(word("a duration")));
    if (!duration || duration->count() == 0 || duration->count() % 1000 != 0) {
        return wrong("expected a duration in whole seconds, as 30s, 15m, 1h or 7d");
    }
    return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

Result<std::string> Line::path() {
    const auto text = TRY(word("an absolute path"));
    if (text == "/") return std::string(text);
    for (const auto part : split(text.substr(1), '/')) {
        if (!text.starts_with('/') || part.empty() || part == "." || part == "..") {
            return wrong("expected an absolute path without empty, \".\" or \"..\" parts");
        }
    }
    return std::string(text);
}

Result<std::string> Line::matching(bool (*is_right)(std::string_view), std::string_view what) {
    const auto text = TRY(word(what));
    if (!is_right(text)) return wrong("expected " + std::string(what));
    return std::string(text);
}

namespace {

// The line in which each key came first.
using Seen = std::map<std::string_view, Source>;

std::unexpected<Error> stands_twice(const Line& line, const Source& first) {
    const auto key = "\"" + std::string(line.key()) + "\"";
    if (first.file == line.source().file) return line.wrong(key + " stands twice");
    return line.wrong(key + " stands in " + first.at() +
                      " already, and added lines change nothing; replace that file whole instead");
}

Result<> take_lines(const std::string& file, std::string_view text, const std::vector<Form>& forms,
                    Seen& seen) {
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto feed = text.find('\n');
        // A file that was cut short is refused, because its last line has no LF.
        if (feed == text.npos) {
            return fail_at({file, number, ""}, text.size() + 1, "the last line does not end in LF");
        }
        auto line = TRY(Line::create(file, number, text.substr(0, feed)));
        text.remove_prefix(feed + 1);
        if (line.empty()) continue;
        const auto form = std::find_if(forms.begin(), forms.end(), [&](const Form& known) {
            return known.key() == line.key();
        });
        if (form == forms.end()) {
            std::string known;
            for (const auto& one : forms) known += " " + std::string(one.key());
            return line.wrong("unknown key \"" + std::string(line.key()) + "\"; known are" + known);
        }
        TRY(line.require_reason());
        const auto [first, fresh] = seen.emplace(form->key(), line.source());
        if (!fresh && form->times != Form::Times::any) return stands_twice(line, first->second);
        auto taken = form->take(line);
        if (taken) taken = line.end();
        if (taken) continue;
        taken.error().what += "; write: " + std::string(form->usage) + "  # why";
        return taken;
    }
    return {};
}

}  // namespace

Result<> parse_lines(const std::string& file, const Text& text, const std::vector<Form>& forms) {
    Seen seen;
    TRY(take_lines(file, text.own, forms, seen));
    for (const auto& form : forms) {
        if (form.times != Form::Times::once || seen.contains(form.key())) continue;
        return fail(file + ": the line \"" + std::string(form.usage) + "  # why\" is missing");
    }
    for (const auto& more : text.added) TRY(take_lines(more.file, more.text, forms, seen));
    return {};
}

}  // namespace bulkhead::policy
