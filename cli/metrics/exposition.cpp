#include "cli/metrics/exposition.hpp"

#include <array>
#include <charconv>

#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

// Printable ASCII, with what would end the value escaped.
std::string label_text(std::string_view value) {
    std::string out;
    for (const char c : value.substr(0, Exposition::kLongestLabel)) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c >= 0x20 && c < 0x7f) {
            out += c;
        } else {
            out += '?';
        }
    }
    return out;
}

std::string labels_text(Exposition::Labels labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += (text.empty() ? "" : ",") + std::string(name) + "=\"" + label_text(value) + '"';
    }
    return text.empty() ? "" : '{' + text + '}';
}

// Shortest text that reads back as the same number.
std::string number_text(double value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(
        digits.data(), digits.data() + digits.size(), value,
        value < 1e15 && value > -1e15 ? std::chars_format::fixed : std::chars_format::general);
    return {digits.data(), end.ptr};
}

}  // namespace

void Exposition::add(std::string_view name, std::string_view help, double value, Labels labels) {
    auto& family = families_.try_emplace(std::string(name), Family{.help = help}).first->second;
    const auto text = labels_text(labels);
    if (family.labels.contains(text)) return;
    if (family.samples.size() == kMostSamples) {
        ++left_out_;
        return;
    }
    family.labels.insert(text);
    family.samples.push_back(text + ' ' + number_text(value));
}

std::string Exposition::text() && {
    if (left_out_ > 0) {
        add("bulkhead_samples_left_out", "Samples that were beyond the bound of their family.",
            static_cast<double>(left_out_));
    }
    std::string all;
    for (const auto& [name, family] : families_) {
        all += "# HELP " + name + ' ' + std::string(family.help) + '\n';
        all += "# TYPE " + name + " gauge\n";
        for (const auto& sample : family.samples) all += name + sample + '\n';
    }
    return all + "# EOF\n";
}

}  // namespace bulkhead::cli
