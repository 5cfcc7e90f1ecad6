#include "docs/man/markdown.hpp"

#include <cctype>
#include <vector>

namespace bulkhead::manual {

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

std::string trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return std::string(text);
}

// `code` in bold, *emphasis* and **bold** underlined, links as their text.
std::string inline_of(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '`') {
            const auto ticks = text.substr(i).starts_with("``") ? 2U : 1U;
            const auto end = text.find(std::string(ticks, '`'), i + ticks);
            if (end != text.npos) {
                out += bold(trimmed(text.substr(i + ticks, end - i - ticks)));
                i = end + ticks - 1;
                continue;
            }
        }
        if (c == '*') {
            const auto stars = text.substr(i).starts_with("**") ? 2U : 1U;
            const auto end = text.find(std::string(stars, '*'), i + stars);
            if (end != text.npos && end > i + stars && text[i + stars] != ' ') {
                const auto inside = text.substr(i + stars, end - i - stars);
                std::string plain;
                for (const char one : inside) plain += one == '`' ? "" : std::string(1, one);
                out += "_" + escaped(plain) + "_";
                i = end + stars - 1;
                continue;
            }
        }
        if (c == '[') {
            const auto middle = text.find("](", i);
            const auto end = middle == text.npos ? text.npos : text.find(')', middle);
            if (end != text.npos && text.find(']', i) == middle) {
                out += inline_of(text.substr(i + 1, middle - i - 1));
                i = end;
                continue;
            }
        }
        if (c == '\\' && i + 1 < text.size() &&
            std::ispunct(static_cast<unsigned char>(text[i + 1]))) {
            out += escaped(text.substr(++i, 1));
            continue;
        }
        out += escaped(text.substr(i, 1));
    }
    return out;
}

// A "|" that is escaped divides no cells.
Lines cells_of(std::string_view row) {
    Lines cells;
    std::string cell;
    for (std::size_t i = 1; i < row.size(); ++i) {
        if (row[i] == '\\' && i + 1 < row.size() && row[i + 1] == '|') {
            cell += row[++i];
        } else if (row[i] == '|') {
            cells.push_back(trimmed(cell));
            cell.clear();
        } else {
            cell += row[i];
        }
    }
    return cells;
}

std::string table_of(const Lines& rows) {
    const auto head = cells_of(rows[0]);
    std::string out;
    for (std::size_t i = 2; i < rows.size(); ++i) {
        const auto cells = cells_of(rows[i]);
        out += (cells[0].empty() ? "-" : inline_of(cells[0])) + "\n";
        for (std::size_t k = 1; k < cells.size(); ++k) {
            if (cells[k].empty()) continue;
            const bool told = cells.size() > 2 && k < head.size() && !head[k].empty();
            out += (out.ends_with("++\n") ? "" : "\t") + (told ? inline_of(head[k]) + ": " : "") +
                   inline_of(cells[k]);
            out += k + 1 < cells.size() ? "++\n" : "\n";
        }
        while (out.ends_with("++\n")) out.replace(out.size() - 3, 3, "\n");
        out += "\n";
    }
    return out;
}

std::string literal_of(const Lines& lines) {
    std::string out = "```\n";
    for (const auto& line : lines) {
        std::string kept;
        // scdoc makes one of two of them.
        for (const char c : line) kept += c == '\\' ? "\\\\" : std::string(1, c);
        out += kept + "\n";
    }
    return out + "```\n\n";
}

bool is_item(std::string_view line) { return line.starts_with("- ") || line.starts_with("* "); }
bool is_numbered(std::string_view line) {
    return line.size() > 2 && std::isdigit(static_cast<unsigned char>(line[0])) != 0 &&
           line.substr(1).starts_with(". ");
}

class Page {
  public:
    explicit Page(std::string_view text) : lines_(lines_of(text)) {}

    std::string scdoc() {
        for (at_ = 0; at_ < lines_.size();) take_block();
        return out_;
    }

  private:
    bool blank(std::size_t at) const { return at >= lines_.size() || trimmed(lines_[at]).empty(); }

    void take_block() {
        const auto& line = lines_[at_];
        if (blank(at_)) {
            ++at_;
        } else if (line.starts_with("<!--")) {
            while (at_ < lines_.size() && !lines_[at_].contains("-->")) ++at_;
            ++at_;
        } else if (line.starts_with("# ")) {
            ++at_;
        } else if (line.starts_with("#")) {
            take_heading(line);
        } else if (line.starts_with("    ")) {
            take_indented();
        } else if (line.starts_with("```")) {
            take_fenced();
        } else if (line.starts_with("|")) {
            Lines rows;
            for (; at_ < lines_.size() && lines_[at_].starts_with("|"); ++at_) {
                rows.push_back(lines_[at_]);
            }
            out_ += table_of(rows);
        } else if (is_item(line) || is_numbered(line)) {
            take_list();
        } else {
            out_ += inline_of(paragraph()) + "\n\n";
        }
    }

    void take_heading(const std::string& line) {
        const auto level = line.find_first_not_of('#');
        const auto title = trimmed(line.substr(level));
        std::string plain;
        for (const char c : title) plain += c == '`' ? "" : std::string(1, c);
        // scdoc has two levels, and the page's author has the first.
        out_ += level == 2 ? "## " + plain + "\n\n" : bold(plain) + "\n\n";
        ++at_;
    }

    void take_indented() {
        Lines block;
        for (; at_ < lines_.size() && (lines_[at_].starts_with("    ") || blank(at_)); ++at_) {
            block.push_back(blank(at_) ? "" : lines_[at_].substr(4));
        }
        while (block.back().empty()) block.pop_back();
        out_ += literal_of(block);
    }

    void take_fenced() {
        Lines block;
        for (++at_; at_ < lines_.size() && !lines_[at_].starts_with("```"); ++at_) {
            block.push_back(lines_[at_]);
        }
        ++at_;
        out_ += literal_of(block);
    }

    // The lines from here to the end of a paragraph or item, as one.
    std::string paragraph() {
        std::string text = trimmed(lines_[at_++]);
        while (!blank(at_) && !is_item(trimmed(lines_[at_])) && !lines_[at_].starts_with("#") &&
               !lines_[at_].starts_with("|") && !is_numbered(lines_[at_])) {
            text += " " + trimmed(lines_[at_++]);
        }
        return text;
    }

    void take_list() {
        const bool numbered = is_numbered(lines_[at_]);
        while (at_ < lines_.size() && (is_item(lines_[at_]) || is_numbered(lines_[at_]))) {
            const auto item = paragraph();
            out_ += (numbered ? ". " : "- ") + inline_of(item.substr(numbered ? 3 : 2)) + "\n";
            while (blank(at_) && at_ < lines_.size()) ++at_;
        }
        out_ += "\n";
    }

    Lines lines_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\*_#-.`|[]<>+!").contains(c)) out += '\\';
        out += c;
    }
    return out;
}

std::string bold(std::string_view text) { return "*" + escaped(text) + "*"; }

std::string scdoc_of(std::string_view markdown) { return Page(markdown).scdoc(); }

std::string section_of(std::string_view markdown, std::string_view name) {
    const auto heading = "\n## " + std::string(name) + "\n";
    const auto begin = markdown.find(heading);
    if (begin == markdown.npos) return "";
    const auto rest = markdown.substr(begin + heading.size());
    return std::string(
        rest.substr(0, rest.find("\n## ") == rest.npos ? rest.npos : rest.find("\n## ") + 1));
}

}  // namespace bulkhead::manual
