// Shape: the form of a JSON value, as data. One function checks all bodies, and tests can compare
// documents with it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::reference {

struct Member;

struct Shape {
    enum class Kind {
        text,
        one_of,
        hex64,
        timestamp,
        integer,
        number,
        boolean,
        object,
        list,
        map_of_text
    };

    Kind kind = Kind::text;
    std::int64_t least = 0;  // integer
    std::size_t most = 0;    // octets of a text, elements of a list or map; 0: no limit
    std::vector<std::string> words = {};  // one_of
    std::vector<Member> members = {};     // object; empty: any object
    std::vector<Shape> element = {};      // list: exactly one
    bool nullable = false;

    /// Why `value` is not of this shape, beginning with the name of the member; nullopt if it is.
    [[nodiscard]] std::optional<std::string> mismatch(const nlohmann::json& value) const;
    [[nodiscard]] Shape or_null() const;
};

struct Member {
    std::string name;
    Shape shape;
    bool required = true;
};

Shape text(std::size_t most = 4096);
Shape one_of(std::vector<std::string> words);
Shape hex64();      // 64 lower case hex digits
Shape timestamp();  // 2026-01-31T23:59:59Z, with or without a fraction
Shape integer(std::int64_t least = 0);
Shape number();
Shape boolean();
Shape object(std::vector<Member> members);
Shape any_object();
Shape list(Shape element, std::size_t most = 0);
Shape map_of_text(std::size_t most);
Member optional(std::string name, Shape shape);

}  // namespace bulkhead::reference
