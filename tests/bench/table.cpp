#include "tests/bench/table.hpp"

#include <algorithm>
#include <cstdio>

namespace bulkhead::bench {

namespace {

double at_share(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(last * share)];
}

std::string rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    return text;
}

std::string text_of(const Figure& figure) { return rounded(figure.value) + " " + figure.unit; }

}  // namespace

void Table::add(std::string metric, Figure value, std::optional<Figure> floor, std::string goal) {
    Row row{.metric = std::move(metric),
            .value = text_of(value),
            .floor = "-",
            .ratio = "-",
            .goal = goal.empty() ? "-" : std::move(goal)};
    if (floor) row.floor = text_of(*floor);
    if (floor && floor->value > 0) row.ratio = rounded(value.value / floor->value);
    rows_.push_back(std::move(row));
}

void Table::skip(std::string metric, std::string why) {
    rows_.push_back({.metric = std::move(metric),
                     .value = "skipped",
                     .floor = "-",
                     .ratio = "-",
                     .goal = std::move(why)});
}

void Table::print() const {
    const auto line = [](const Row& row) {
        std::printf("%-50s %14s %14s %7s  %s\n", row.metric.c_str(), row.value.c_str(),
                    row.floor.c_str(), row.ratio.c_str(), row.goal.c_str());
    };
    line({"metric", "value", "floor", "ratio", "goal"});
    for (const auto& row : rows_) line(row);
}

double median(std::vector<double> values) { return at_share(std::move(values), 0.5); }
double p90(std::vector<double> values) { return at_share(std::move(values), 0.9); }

}  // namespace bulkhead::bench
