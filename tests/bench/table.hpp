// What the bench prints: one line a figure, beside what the same run measured as the least
// possible. Figures only; nothing here passes or fails.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::bench {

struct Figure {
    double value = 0;
    std::string unit = {};
};

class Table {
  public:
    void add(std::string metric, Figure value, std::optional<Figure> floor = {},
             std::string goal = "");
    void skip(std::string metric, std::string why);
    void print() const;

  private:
    struct Row {
        std::string metric, value, floor, ratio, goal;
    };
    std::vector<Row> rows_;
};

// The middle one; 0 of nothing. p90: one of ten is worse.
double median(std::vector<double> values);
double p90(std::vector<double> values);

}  // namespace bulkhead::bench
