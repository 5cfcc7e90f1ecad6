// pages: prints a manual page for scdoc(1), made of its text and of the tables that the programs
// have. Runs at build time, and is not installed.
//   pages TEXT.scd.in SOURCE_DIRECTORY
// A line "@NAME@" or "@NAME ARGUMENT@" of the text is replaced; see kInserts.
#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "broker/options.hpp"
#include "cli/commands.hpp"
#include "docs/man/markdown.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/settings.hpp"

namespace {

using namespace bulkhead;
using manual::bold;
using manual::escaped;

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str() : "";
}

// A usage with its options in bold and what they take underlined, in one line. scdoc underlines no
// part of a word, such as PROFILE in "broker|PROFILE".
std::string usage_in_fonts(std::string_view usage) {
    std::string out;
    std::string word;
    char before = ' ';
    const auto end_word = [&](char behind) {
        const bool option = word.starts_with('-');
        const bool capital = word.size() > 1 && word[0] >= 'A' && word[0] <= 'Z' &&
                             (before == ' ' || before == '[') && behind != '|';
        if (word.empty()) return;
        out += option ? bold(word) : capital ? "_" + escaped(word) + "_" : escaped(word);
        word.clear();
    };
    for (const char c : usage) {
        const bool part =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9');
        if (part) {
            word += c;
            continue;
        }
        end_word(c);
        before = c == '\n' ? ' ' : c;
        out += escaped(std::string_view(&before, 1));
    }
    end_word(' ');
    return out;
}

std::string in_one_line(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::string line;
    for (std::string word; stream >> word;) line += (line.empty() ? "" : " ") + word;
    return line;
}

std::string literal(std::string_view text) {
    std::string out = "```\n";
    for (const char c : text) out += c == '\\' ? "\\\\" : std::string(1, c);
    return out + "\n```\n";
}

std::string commands() {
    std::string out;
    for (const auto& command : cli::commands()) {
        const auto usage = cli::usage_of(command);
        std::istringstream forms(usage.arguments);
        std::string form;
        std::string line;
        // "or: ..." begins another form.
        const auto end_form = [&] {
            out += "*bulkhead " + escaped(usage.name) + "* " + usage_in_fonts(form) + "++\n";
            form.clear();
        };
        while (std::getline(forms, line)) {
            if (line.starts_with("or: ")) end_form();
            form += (form.empty() ? "" : " ") + (line.starts_with("or: ") ? line.substr(4) : line);
        }
        end_form();
        out.resize(out.size() - 3);
        while (out.ends_with(' ')) out.pop_back();
        auto help = in_one_line(usage.help);
        help[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(help[0])));
        out += "\n\t" + escaped(help) + (help.ends_with('?') ? "" : "\\.") + "\n\n";
        if (usage.name == "status")
            out += "\t" + escaped(in_one_line(cli::exit_statuses("status"))) + "\n\n";
    }
    return out;
}

std::string examples() {
    std::string out;
    for (const auto& command : cli::commands())
        out += std::string(cli::example_of(command.name)) + "\n";
    out.pop_back();
    return literal(out);
}

std::string words() {
    std::string out;
    for (const auto& [word, meaning] : cli::words_in_capitals()) {
        out += "_" + escaped(word) + "_\n\t" + escaped(meaning) + "\n\n";
    }
    return out;
}

std::string statuses() { return escaped(in_one_line(cli::exit_statuses())) + "\n"; }

// The rows of `broker --help`: "  --policy DIR    meaning [default]".
std::string broker_options() {
    std::istringstream text(broker::help_text());
    std::string out;
    for (std::string line; std::getline(text, line);) {
        if (!line.starts_with("  --")) continue;
        const auto gap = line.find("  ", 2);
        const auto meaning = line.find_first_not_of(' ', gap);
        out += usage_in_fonts(line.substr(2, gap - 2)) + "\n\t" + escaped(line.substr(meaning)) +
               "\n\n";
    }
    return out;
}

std::string setting(std::string_view key, const std::string& values, std::string_view fallback,
                    std::string_view help, const std::string& also) {
    return bold(key) + " (" + escaped(values) + ")\n\t" + escaped(help) +
           (fallback.empty() ? "" : ". Default: " + bold(fallback)) + also + "\n\n";
}

std::string settings() {
    std::string out;
    for (const auto& one : worker::settings()) {
        const char* where = one.scope == worker::Scope::agent     ? "at the top"
                            : one.scope == worker::Scope::backend ? "of a backend"
                                                                  : "at the top, or of a backend";
        std::string also = std::string("++\nStands ") + where;
        if (const auto variable = one.variable(); !variable.empty())
            also += ", variable " + bold(variable);
        if (const auto flag = one.flag(); !flag.empty()) also += ", option " + bold(flag);
        out += setting(one.key, one.values(), one.fallback, one.help, also);
    }
    return out;
}

std::string dialect_settings() {
    std::string out;
    for (const auto& dialect : worker::dialects()) {
        if (dialect.options.empty()) continue;
        out += "## options of the dialect " + std::string(dialect.name) + "\n\n";
        for (const auto& one : dialect.options) {
            out += setting("options." + std::string(one.name), worker::in_words(one.type),
                           one.fallback, one.help, "");
        }
    }
    return out;
}

struct Insert {
    std::string_view name;
    std::string (*make)();
};
constexpr std::array kInserts{
    Insert{"commands", commands},
    Insert{"words", words},
    Insert{"examples", examples},
    Insert{"statuses", statuses},
    Insert{"broker-options", broker_options},
    Insert{"settings", settings},
    Insert{"dialect-settings", dialect_settings},
};

// "markdown FILE", or "markdown FILE SECTION" without what lies around it.
std::string markdown(const std::string& argument, const std::string& source) {
    const auto blank = argument.find(' ');
    const auto text = content_of(source + "/" + argument.substr(0, blank));
    return manual::scdoc_of(
        blank == argument.npos ? text : manual::section_of(text, argument.substr(blank + 1)));
}

// Empty where there is nothing of that name.
std::string insert(const std::string& what, const std::string& source) {
    constexpr std::string_view kMarkdown = "markdown ";
    if (what.starts_with(kMarkdown)) return markdown(what.substr(kMarkdown.size()), source);
    for (const auto& one : kInserts) {
        if (one.name == what) return one.make();
    }
    return "";
}

}  // namespace

int main(int count, char** values) {
    if (count != 3) {
        std::fputs("usage: pages TEXT.scd.in SOURCE_DIRECTORY\n", stderr);
        return 2;
    }
    std::istringstream text(content_of(values[1]));
    std::string page;
    for (std::string line; std::getline(text, line);) {
        if (line.size() < 3 || !line.starts_with('@') || !line.ends_with('@')) {
            auto version = line.find("@VERSION@");
            if (version != line.npos) line.replace(version, 9, BULKHEAD_VERSION);
            page += line + "\n";
            continue;
        }
        const auto made = insert(line.substr(1, line.size() - 2), values[2]);
        if (made.empty()) {
            std::fprintf(stderr, "%s: nothing to insert for %s\n", values[1], line.c_str());
            return 1;
        }
        page += made;
    }
    std::cout << page;
    return page.empty() || !std::cout.flush() ? 1 : 0;
}
