#include "common/audit/chain.hpp"

#include <gmock/gmock.h>

#include <cstdio>

#include "tests/broker/records/audit_samples.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using ::testing::HasSubstr;

// Lines of a small log, and the head after the last.
struct Sample {
    std::string text;
    std::vector<std::size_t> begins;
    Head head;
};

Sample sample() {
    Sample log;
    for (const auto* rest : {"start\"}", "verdict\",\"reason\":\"ok\"}", "job-start\",\"job\":1}",
                             "job-end\",\"job\":1}", "stop\"}"}) {
        const auto line = begin_line(log.head, fixed_clock()) + rest;
        log.begins.push_back(log.text.size());
        log.head = after(log.head, line);
        log.text += line + "\n";
    }
    return log;
}

std::size_t line_at(const Sample& log, std::size_t byte) {
    std::size_t line = 0;
    for (const auto begin : log.begins) line += begin <= byte ? 1 : 0;
    return line;
}

TEST(Chain, AWholeLogIsGoodWithAndWithoutItsHead) {
    const auto log = sample();
    EXPECT_EQ(verdict(log.text), "good");
    EXPECT_EQ(verdict(log.text, log.head), "good");
    EXPECT_EQ(verified(log.text).head, log.head);
    EXPECT_EQ(verified(log.text).first, 1U);
}

TEST(Chain, AnyChangedByteIsFoundAtItsLineOrTheNext) {
    const auto log = sample();
    for (std::size_t byte = 0; byte < log.text.size(); ++byte) {
        for (const int flip : {0x01, 0x20, 0x80}) {
            auto bad = log.text;
            bad[byte] = static_cast<char>(bad[byte] ^ flip);
            const auto fault = verified(bad, log.head).fault;
            ASSERT_TRUE(fault) << byte;
            const auto line = line_at(log, byte);
            ASSERT_TRUE(fault->line == line || fault->line == line + 1)
                << "byte " << byte << " of line " << line << ": " << fault->line << fault->why;
        }
    }
}

TEST(Chain, AnyRemovedOrDoubledLineIsFound) {
    const auto log = sample();
    for (std::size_t i = 0; i < log.begins.size(); ++i) {
        const auto end = i + 1 < log.begins.size() ? log.begins[i + 1] : log.text.size();
        const auto line = log.text.substr(log.begins[i], end - log.begins[i]);
        auto removed = log.text;
        removed.erase(log.begins[i], line.size());
        // Without the first line it looks like a log whose beginning was rotated away.
        EXPECT_EQ(verdict(removed, log.head) == "good", i == 0) << i;
        EXPECT_EQ(verified(removed).first, i == 0 ? 2U : 1U);
        auto doubled = log.text;
        doubled.insert(end, line);
        EXPECT_EQ(verdict(doubled),
                  "line " + std::to_string(i + 2) + ": lines are missing before it");
    }
}

TEST(Chain, ALogCutAtAnyByteIsFoundWithAHead) {
    const auto log = sample();
    for (std::size_t length = 0; length < log.text.size(); ++length) {
        EXPECT_NE(verdict(log.text.substr(0, length), log.head), "good") << length;
    }
    const auto shorter = log.text.substr(0, log.begins[4]);
    EXPECT_EQ(verdict(shorter), "good") << "no head, no way to know";
    EXPECT_EQ(verdict(shorter, log.head), "line 5: cut short: there were 5 lines");
}

TEST(Chain, AHeadOfLastWeekIsMetByALogThatGrewSince) {
    const auto log = sample();
    Head third;
    for (std::size_t i = 0; i < 3; ++i) {
        third = after(third, log.text.substr(log.begins[i], log.begins[i + 1] - log.begins[i] - 1));
    }
    EXPECT_EQ(verdict(log.text, third), "good");
    third.hash[0] ^= std::byte{1};
    EXPECT_EQ(verdict(log.text, third), "line 3: it was changed: the expected head differs");
}

TEST(Chain, ARewrittenLogIsFoundByTheHead) {
    Head head;
    std::string forged;
    for (int i = 0; i < 5; ++i) {
        const auto line = begin_line(head, fixed_clock()) + "nothing-happened\"}";
        head = after(head, line);
        forged += line + "\n";
    }
    EXPECT_EQ(verdict(forged), "good");
    EXPECT_THAT(verdict(forged, sample().head), HasSubstr("line 5: it was changed"));
}

TEST(Chain, AHeadOlderThanTheLogCannotBeMet) {
    const auto log = sample();
    const auto late = log.text.substr(log.begins[2]);
    EXPECT_EQ(verdict(late), "good");
    EXPECT_EQ(verdict(late, Head{1, {}}), "line 4: the expected head is older than this log");
}

TEST(Chain, AFirstLineWithAPredecessorIsRefused) {
    const auto line = begin_line({0, crypto::sha256({})}, fixed_clock()) + "start\"}\n";
    EXPECT_EQ(verdict(line), "line 1: line 1 has a predecessor");
}

TEST(Chain, ABeginningIsWrittenInOneWayOnly) {
    const std::string zeros(64, '0');
    const auto line = [&](std::string seq, std::string time, std::string prev) {
        return "{\"seq\":" + seq + ",\"time\":\"" + time + "\",\"prev\":\"" + prev +
               "\",\"event\":\"x\"}";
    };
    const std::string now = "2026-11-22T12:00:00Z";
    EXPECT_TRUE(parse_before(line("1", now, zeros)));
    EXPECT_EQ(parse_before(line("18446744073709551615", now, zeros))->lines,
              18446744073709551614ULL);
    for (const auto& bad :
         {line("0", now, zeros), line("01", now, zeros), line("-1", now, zeros),
          line("", now, zeros), line("18446744073709551616", now, zeros),
          line("1", "2026-11-22T12:00:00", zeros), line("1", "2026-13-22T12:00:00Z", zeros),
          line("1", now, zeros.substr(1)), line("1", now, std::string(64, 'A')),
          " " + line("1", now, zeros), line("1", now, zeros) + " ", std::string("{}"),
          std::string(), std::string("{\"seq\":1"), std::string("{\"seq\":1,")}) {
        EXPECT_FALSE(parse_before(bad)) << bad;
    }
}

TEST(Chain, ALineTooLongOrWithoutAnEndIsFoundInConstantMemory) {
    const auto log = sample();
    EXPECT_EQ(verdict(log.text + std::string(1 << 20, 'x')), "line 6: not a whole line");
    EXPECT_EQ(verdict(log.text + std::string(kMaxLine, 'x') + "\n"), "line 6: not a whole line");
    EXPECT_EQ(verdict(log.text + "\n"), "line 6: not a number");
    EXPECT_EQ(verdict(log.text.substr(0, log.text.size() - 1)), "line 5: not a whole line");
}

TEST(Chain, TheLongestLineOfOursIsRead) {
    const auto begin = begin_line({}, fixed_clock());
    const auto line = begin + std::string(kMaxLine - begin.size() - 3, 'x') + "\"}\n";
    ASSERT_EQ(line.size(), kMaxLine);
    EXPECT_EQ(verdict(line), "good");
}

TEST(Chain, AMissingRotatedPartIsFound) {
    const auto log = sample();
    const auto part = [&](std::size_t from, std::size_t to) {
        return log.text.substr(log.begins[from], log.begins[to] - log.begins[from]);
    };
    test::Tree tree({{"audit.log.2", part(0, 1)},
                     {"audit.log.1", part(1, 3)},
                     {"audit.log", log.text.substr(log.begins[3])}});
    EXPECT_EQ(verdict(tree, log.head), "good");
    tree.remove("audit.log.1");
    const auto fault = verified(tree, log.head).fault;
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->file, 1U);
    EXPECT_EQ(fault->line, 1U);
    tree.remove("audit.log.2");
    EXPECT_EQ(verdict(tree, log.head), "good");
    EXPECT_EQ(verified(tree).first, 4U);
}

// The recipe of the documentation: no program of ours needed.
TEST(Chain, StockToolsAgree) {
    const auto tree = test::tree({{"audit.log", sample().text}});
    const auto recipe = "cd " + tree.path() + R"sh(
        before=$(printf '%064d' 0)
        while IFS= read -r line; do
            prev=$(printf '%s' "$line" | sed 's/.*"prev":"\([0-9a-f]*\)".*/\1/')
            [ "$prev" = "$before" ] || exit 1
            before=$(printf '%s' "$line" | sha256sum | cut -d' ' -f1)
        done < audit.log
        echo "$before")sh";
    std::FILE* shell = ::popen(recipe.c_str(), "r");
    ASSERT_NE(shell, nullptr);
    std::array<char, 100> answer{};
    ASSERT_NE(std::fgets(answer.data(), answer.size(), shell), nullptr);
    EXPECT_EQ(::pclose(shell), 0);
    EXPECT_EQ(std::string(answer.data()), crypto::hex(sample().head.hash) + "\n");
}

}  // namespace
}  // namespace bulkhead::records
