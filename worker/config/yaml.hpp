// YAML as a plain bounded tree. The only file that meets the YAML library, and that catches what it
// throws, is yaml.cpp.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct YamlNode {
    enum class Kind { nothing, scalar, list, map };
    struct Member;

    Kind kind = Kind::nothing;
    int line = 0;  // from 1
    std::string text;
    std::vector<YamlNode> items;
    std::vector<Member> members;  // as written, doubled keys included
};

struct YamlNode::Member {
    std::string key;
    int line = 0;
    YamlNode value;
};

// One document of scalars, lists and maps with plain keys. The error begins with the line: "3:
// ...".
Result<YamlNode> parse_yaml(const std::string& text);

}  // namespace bulkhead::worker
