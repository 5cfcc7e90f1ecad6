// Text of metrics that strict readers of OpenMetrics (https://openmetrics.io), Prometheus's
// textfile collector and `promtool check metrics` all take. So every family is a gauge: in the two
// formats the TYPE line of a counter names different things. One that only grows says so in its
// help.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::cli {

class Exposition {
  public:
    // Samples of a family; those beyond are left out, and `bulkhead_samples_left_out` counts them.
    static constexpr std::size_t kMostSamples = 128;
    static constexpr std::size_t kLongestLabel = 64;  // bytes of a value; the rest is cut

    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // The first sample's `help` is the family's. `name` and the labels' names are ours; a label's
    // value may be anything. Of two samples with the same labels the first stays.
    void add(std::string_view name, std::string_view help, double value, Labels labels = {});
    void add(std::string_view name, std::string_view help, UnixTime time, Labels labels = {}) {
        add(name, help, static_cast<double>(time.time_since_epoch().count()), labels);
    }

    // The families in the order of their names, and "# EOF".
    std::string text() &&;

  private:
    struct Family {
        std::string_view help;
        std::set<std::string> labels;
        std::vector<std::string> samples;
    };
    std::map<std::string, Family, std::less<>> families_;
    std::uint64_t left_out_ = 0;
};

}  // namespace bulkhead::cli
