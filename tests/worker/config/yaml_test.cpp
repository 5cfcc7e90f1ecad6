#include "worker/config/yaml.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

TEST(Yaml, BecomesATreeWithLines) {
    const auto root = parse_yaml("a: 1\nb:\n  - x\n  - {c: \"d\"}\nn: ~\n");
    ASSERT_TRUE(root);
    ASSERT_EQ(root->members.size(), 3U);
    EXPECT_EQ(root->members[0].value.text, "1");
    EXPECT_EQ(root->members[1].line, 2);
    const auto& list = root->members[1].value;
    EXPECT_EQ(list.kind, YamlNode::Kind::list);
    EXPECT_EQ(list.items[1].members[0].value.text, "d");
    EXPECT_EQ(list.items[1].line, 4);
    EXPECT_EQ(root->members[2].value.kind, YamlNode::Kind::nothing);
}

TEST(Yaml, NothingIsNothing) {
    EXPECT_EQ(parse_yaml("")->kind, YamlNode::Kind::nothing);
    EXPECT_EQ(parse_yaml("# only a comment\n")->kind, YamlNode::Kind::nothing);
}

TEST(Yaml, AnErrorBeginsWithItsLine) {
    for (const auto* text : {"a: [1,\n2\n", "a: b\n\tc: d\n", "a: *nobody\n",
                             "%YAML 9\n---\na: b: c\n", "{a: b", "a: 'x"}) {
        const auto tree = parse_yaml(text);
        ASSERT_FALSE(tree) << text;
        EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(tree.error().what[0]))) << text;
    }
}

TEST(Yaml, OnlyOneDocumentOfPlainKeys) {
    EXPECT_FALSE(parse_yaml("a: 1\n---\nb: 2\n"));
    EXPECT_FALSE(parse_yaml("[a, b]: 1\n"));
    EXPECT_FALSE(parse_yaml("\xff"));
    EXPECT_FALSE(parse_yaml("a: \"x\\0y\""));
}

TEST(Yaml, NestingAndSizeAreBounded) {
    EXPECT_FALSE(parse_yaml(std::string(18, '[') + std::string(18, ']')));
    EXPECT_FALSE(parse_yaml(std::string(5'000, '[')));
    EXPECT_FALSE(parse_yaml(std::string(100'000, '[')));
    EXPECT_FALSE(parse_yaml(std::string(300'000, '#')));
}

TEST(Yaml, AliasesDoNotUnfoldWithoutEnd) {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k) bomb += "," + before;
        bomb += "]\n";
    }
    EXPECT_EQ(parse_yaml(bomb).error().what.substr(3), "too many values");
    EXPECT_FALSE(parse_yaml("a: &a [*a]\n")) << "an alias of itself";
}

}  // namespace
}  // namespace bulkhead::worker
