// BoundaryText: a string from another process: at most Max bytes, without NUL, well-formed UTF-8.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead {

// True when `text` is well-formed UTF-8 (RFC 3629: shortest form, no surrogates, <= U+10FFFF).
bool is_utf8(std::string_view text);

template <std::size_t Max>
class BoundaryText {
  public:
    static constexpr std::size_t kMax = Max;

    BoundaryText() = default;

    static Result<BoundaryText> create(std::string_view text) {
        if (text.size() > Max) return fail("text longer than " + std::to_string(Max) + " bytes");
        if (text.find('\0') != std::string_view::npos) return fail("text holds a NUL");
        if (!is_utf8(text)) return fail("text is not UTF-8");
        BoundaryText result;
        result.text_ = text;
        return result;
    }

    // For text made by this process: instead of an error it is cut before the first NUL and after
    // at most Max bytes, between two characters. Text that is no UTF-8 even then becomes empty.
    static BoundaryText clipped(std::string_view text) {
        if (auto whole = create(text)) return *whole;
        text = text.substr(0, std::min(text.find('\0'), Max));
        for (std::size_t cut = 0; cut < 4 && !text.empty() && !is_utf8(text); ++cut) {
            text.remove_suffix(1);
        }
        return create(text).value_or(BoundaryText{});
    }

    const std::string& str() const { return text_; }
    bool empty() const { return text_.empty(); }
    friend bool operator==(const BoundaryText&, const BoundaryText&) = default;

  private:
    std::string text_;
};

// `text` for a log line: printable ASCII stays, but for '"' and '\'; every other byte becomes \xNN.
// It covers the first `max` bytes of `text`, and ends with "..." if there were more.
std::string quoted(std::string_view text, std::size_t max = 256);

}  // namespace bulkhead
