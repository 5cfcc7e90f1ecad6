#include "tests/malicious_worker/golden.hpp"

#include <algorithm>
#include <sstream>

namespace bulkhead::test {

namespace {

constexpr std::string_view kEquals = " = ";   // between a group and its value
constexpr std::string_view kColumns = " : ";  // between what was asked and the answers

std::string line_of(const std::vector<const Answered*>& run) {
    const auto& first = run.front()->question;
    auto line = first.group + std::string(kEquals) + std::to_string(first.value);
    if (run.size() > 1) line += "-" + std::to_string(run.back()->question.value);
    for (const auto* one : run) {
        if (!one->question.name.empty()) line += " " + one->question.name;
    }
    line.resize(std::max<std::size_t>(line.size(), 48), ' ');
    line += kColumns;
    for (const auto& answer : run.front()->answers) {
        auto column = answer;
        column.resize(std::max<std::size_t>(column.size(), 12), ' ');
        line += column + " ";
    }
    return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

bool goes_on(const std::vector<const Answered*>& run, const Answered& next) {
    const auto& last = *run.back();
    const bool call_by_number = next.question.group == "x86-64";
    return last.question.group == next.question.group && last.answers == next.answers &&
           last.question.value + 1 == next.question.value &&
           !(call_by_number && !(last.question.name.empty() && next.question.name.empty()));
}

}  // namespace

std::string print(const std::vector<Answered>& all, std::string_view title) {
    std::string text(title);
    text += "# columns:";
    for (const auto& filter : kFilters) text += " " + filter;
    text += "\n";
    std::vector<const Answered*> run;
    for (const auto& one : all) {
        if (!run.empty() && !goes_on(run, one)) {
            text += line_of(run);
            run.clear();
        }
        run.push_back(&one);
    }
    return run.empty() ? text : text + line_of(run);
}

// "GROUP = FIRST[-LAST] NAMES... : ANSWERS..."
Answers read_golden(const std::string& text) {
    Answers golden;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find(kEquals);
        const auto columns = line.rfind(kColumns);
        if (line.starts_with("#") || equals == line.npos || columns == line.npos) continue;
        std::istringstream range(line.substr(equals + kEquals.size()));
        std::uint64_t first = 0;
        range >> first;
        auto last = first;
        if (range.peek() == '-') range.ignore() >> last;
        std::vector<std::string> answers;
        std::istringstream words(line.substr(columns + kColumns.size()));
        for (std::string answer; words >> answer;) answers.push_back(answer);
        const auto group = line.substr(0, equals);
        for (auto value = first; value <= last; ++value) golden[{group, value}] = answers;
    }
    return golden;
}

Answers keyed(const std::vector<Answered>& all) {
    Answers answers;
    for (const auto& one : all) {
        answers[{one.question.group, one.question.value}] = one.answers;
    }
    return answers;
}

}  // namespace bulkhead::test
