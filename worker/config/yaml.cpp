#include "worker/config/yaml.hpp"

#include <yaml-cpp/yaml.h>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// Far more than a configuration needs. Without bounds, aliases of aliases would grow exponentially
// as they are copied.
constexpr std::size_t kMaxBytes = 256_KiB;
constexpr int kMaxDepth = 16;
constexpr int kMaxNodes = 10'000;

int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

std::unexpected<Error> wrong(int line, std::string_view why) {
    return fail(std::to_string(line) + ": " + std::string(why));
}

// yaml-cpp ends some of its sentences with ": " and a part of the file, which may be a secret.
std::string told(const std::string& sentence) {
    return quoted(sentence.substr(0, sentence.find(':')));
}

// The first line up to `last` that a tab indents, from 1; 0 if there is none. yaml-cpp names a
// later line, often the last one of the file.
int tabbed_line(std::string_view text, int last) {
    int line = 1;
    for (const auto one : split(text, '\n')) {
        if (line > last) break;
        const auto indent = one.substr(0, one.find_first_not_of(" \t\r"));
        if (indent.size() < one.size() && indent.find('\t') != indent.npos) return line;
        ++line;
    }
    return 0;
}

std::unexpected<Error> not_yaml(std::string_view text, int line, std::string_view why) {
    if (const int tabbed = tabbed_line(text, line); tabbed != 0) {
        return wrong(tabbed, "a tab indents this line, and YAML takes blanks alone; replace it");
    }
    return wrong(line, "not YAML: " + std::string(why));
}

// Whether the line, from 1, holds ": " more than once, as in "key: a: b".
bool has_two_colons(std::string_view text, int line) {
    const auto lines = split(text, '\n');
    if (line < 1 || static_cast<std::size_t>(line) > lines.size()) return false;
    const auto one = lines[static_cast<std::size_t>(line) - 1];
    return one.find(": ") != one.rfind(": ");
}

class Copier {
  public:
    Result<YamlNode> copy(const YAML::Node& from, int depth) {
        YamlNode to{.line = line_of(from)};
        if (depth > kMaxDepth) return wrong(to.line, "nested too deep");
        if (++nodes_ > kMaxNodes) return wrong(to.line, "too many values");
        if (from.IsScalar()) {
            to.kind = YamlNode::Kind::scalar;
            to.text = from.Scalar();
            if (to.text.find('\0') != to.text.npos) return wrong(to.line, "holds a NUL");
        } else if (from.IsSequence()) {
            to.kind = YamlNode::Kind::list;
            for (const auto& item : from) to.items.push_back(TRY(copy(item, depth + 1)));
        } else if (from.IsMap()) {
            to.kind = YamlNode::Kind::map;
            for (const auto& member : from) {
                if (!member.first.IsScalar()) return wrong(to.line, "a key must be a plain word");
                to.members.push_back({.key = member.first.Scalar(),
                                      .line = line_of(member.first),
                                      .value = TRY(copy(member.second, depth + 1))});
            }
        }
        return to;
    }

  private:
    int nodes_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml(const std::string& text) {
    if (text.size() > kMaxBytes) return wrong(1, "larger than 256 KiB");
    if (!is_utf8(text)) return wrong(1, "not UTF-8");
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.empty()) return YamlNode{.line = 1};
        if (documents.size() > 1) {
            const bool marked = text.starts_with("---") || text.find("\n---") != text.npos;
            if (marked) return wrong(line_of(documents[1]), "a second document");
            return not_yaml(text, line_of(documents[1]),
                            "it does not go on from the line before, which may lack its colon or "
                            "be indented otherwise");
        }
        return Copier().copy(documents[0], 0);
    } catch (const YAML::Exception& error) {
        const auto why = told(error.msg);
        const auto line = error.mark.line + 1;
        if (!why.starts_with("illegal map value")) return not_yaml(text, line, why);
        return not_yaml(
            text, line,
            why + (has_two_colons(text, line) ? "; write the value in quotes, as it holds \": \""
                                              : "; the line before may lack its colon"));
    }
}

}  // namespace bulkhead::worker
