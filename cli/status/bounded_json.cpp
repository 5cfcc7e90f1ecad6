#include "cli/status/bounded_json.hpp"

#include <vector>

namespace bulkhead::cli {

namespace {

// Receives the events of StatusJson::sax_parse(). With the library's own callback parser an array
// of many objects takes quadratic time.
class Builder {
  public:
    using json = StatusJson;

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(json::number_integer_t value) { return put(value); }
    bool number_unsigned(json::number_unsigned_t value) { return put(value); }
    bool number_float(json::number_float_t value, const json::string_t&) { return put(value); }
    bool string(json::string_t& value) { return put(std::move(value)); }
    bool binary(json::binary_t&) { return false; }  // JSON has none

    bool start_object(std::size_t) { return open(json::object()); }
    bool start_array(std::size_t) { return open(json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(json::string_t& name) {
        if (left_out_ == 0) name_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

    json take() { return std::move(whole_); }

  private:
    // Where the value was put; null if it is left out.
    json* place(json value) {
        if (open_.empty()) return &(whole_ = std::move(value));
        auto& parent = *open_.back();
        if (parent.is_array()) return &parent.emplace_back(std::move(value));
        if (parent.size() >= kMaxNames) return nullptr;
        return &(parent[name_] = std::move(value));
    }
    bool put(json value) {
        if (left_out_ == 0) place(std::move(value));
        return true;
    }
    bool open(json value) {
        auto* const placed =
            left_out_ > 0 || open_.size() >= kMaxDepth ? nullptr : place(std::move(value));
        if (placed == nullptr) ++left_out_;
        if (placed != nullptr) open_.push_back(placed);
        return true;
    }
    bool close() {
        if (left_out_ > 0) {
            --left_out_;
        } else {
            open_.pop_back();
        }
        return true;
    }

    json whole_;
    std::string name_;
    // Containers that are not closed yet. A value in one of them is only moved when another is
    // added to it, which is after this one was closed.
    std::vector<json*> open_;
    std::size_t left_out_ = 0;  // containers that are open and left out
};

}  // namespace

Result<StatusJson> parse_bounded(const std::string& text) {
    Builder builder;
    const bool whole = StatusJson::sax_parse(text, &builder);
    auto document = builder.take();
    if (!whole || !document.is_object()) {
        return fail("the agent's answer was cut short; try again");
    }
    return document;
}

}  // namespace bulkhead::cli
