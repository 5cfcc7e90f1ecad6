#include "common/approval/signed_script.hpp"

#include <gmock/gmock.h>

#include "common/approval/sshsig.hpp"
#include "tests/common/approval/signing.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::approval {
namespace {

const std::string kScript = "#!/bin/bash\necho hello\n";
const std::string kManifest = "bulkhead-job v1\nreason #m #s\nend\n";
const std::string kMarker = "#--bulkhead-approval-v1--\n";

std::string signatures() {
    return test::SigningKey("alice").armored(kManifest) +
           test::SigningKey("bob").armored(kManifest);
}

std::string split_error(std::string_view text) {
    const auto parts = split_signed_script(text);
    return parts ? "none" : parts.error().what;
}

TEST(SignedScript, IsTakenApartAsItWasPutTogether) {
    const auto text = join_signed_script(kScript, kManifest, signatures());
    ASSERT_OK(text);
    const auto parts = split_signed_script(*text);
    ASSERT_OK(parts);
    EXPECT_TRUE(parts->has_tail);
    EXPECT_EQ(parts->script, kScript);
    EXPECT_EQ(parts->manifest, kManifest);
    EXPECT_EQ(parts->signatures, signatures());
    EXPECT_EQ(dearmor(parts->signatures)->size(), 2U);
}

TEST(SignedScript, LooksAsDocumented) {
    EXPECT_EQ(join_signed_script("true\n", "a b\nend\n", "x\ny\n").value(),
              "true\n#--bulkhead-approval-v1--\n#m a b\n#m end\n#s x\n#s y\n");
}

TEST(SignedScript, AManifestAloneIsATailToo) {
    const auto text = join_signed_script(kScript, kManifest, "").value();
    EXPECT_EQ(split_signed_script(text)->manifest, kManifest);
    EXPECT_EQ(split_signed_script(text)->signatures, "");
}

TEST(SignedScript, ABareScriptIsLeftAsItIs) {
    for (const auto& text :
         {std::string(), kScript, std::string("echo no line end"), std::string("echo\r\n\0\xff", 8),
          std::string("echo '#--bulkhead-approval-v1--'\n"), std::string("  ") + kMarker,
          std::string("#m a\n#s b\n"), std::string("#--bulkhead-approval-v2--\n")}) {
        const auto parts = split_signed_script(text);
        ASSERT_TRUE(parts) << text;
        EXPECT_FALSE(parts->has_tail);
        EXPECT_EQ(parts->script, text);
        EXPECT_EQ(parts->manifest, "");
    }
}

TEST(SignedScript, TheTailIsTheEndOfTheFile) {
    const auto text = join_signed_script(kScript, kManifest, signatures()).value();
    const auto lines = std::to_string(std::count(text.begin(), text.end(), '\n') + 1);
    const std::string rest =
        ": not a line of the approval tail (#m, then #s). The tail must be the end of the file; "
        "inside a here-document or string, write the marker line in another way";
    for (const auto* more : {"echo hello\n", "\n", "# comment\n", "#m\n", "#s\n", "#x y\n"}) {
        EXPECT_EQ(split_error(text + more), "line " + lines + rest) << more;
    }
    EXPECT_EQ(split_error(text + "echo"), "line " + lines + ": no LF at its end");
    EXPECT_EQ(split_error("cat <<EOF\n" + kMarker + "text\nEOF\n"), "line 3" + rest);
    EXPECT_EQ(split_error("cat <<EOF\n" + kMarker + "#m a\nEOF\n" + text), "line 4" + rest);
    EXPECT_EQ(split_error(kScript + kMarker + "#s x\n"), "line 4" + rest);
    EXPECT_EQ(split_error(kScript + kMarker + "#m x\n#s x\n#m x\n"), "line 6" + rest);
    EXPECT_EQ(split_error(kScript + kMarker), "the approval tail holds no manifest (#m lines)");
}

TEST(SignedScript, TwoTailsAreRefused) {
    const auto text = join_signed_script(kScript, kManifest, signatures()).value();
    EXPECT_THAT(split_error(text + text.substr(kScript.size())),
                testing::EndsWith(": a second approval tail; keep one"));
    EXPECT_EQ(join_signed_script(text, kManifest, signatures()).error().what,
              "the script holds an approval marker line already");
}

TEST(SignedScript, CarriageReturnsInTheTailAreRefused) {
    const auto text = join_signed_script(kScript, kManifest, signatures()).value();
    auto crlf = text;
    crlf.insert(crlf.size() - 1, "\r");
    EXPECT_THAT(split_error(crlf),
                testing::EndsWith("holds CR; lines of the tail end with LF alone"));
    crlf = text;
    crlf.insert(crlf.find(kMarker) + kMarker.size() - 1, "\r");
    EXPECT_EQ(split_error(crlf), "line 3: expected #--bulkhead-approval-v1-- and LF, nothing more");
    EXPECT_EQ(split_error(kScript + "#--bulkhead-approval-v1--"), "line 3: no LF at its end");
    // In the script itself they are the author's affair, and covered by the hash.
    EXPECT_EQ(split_signed_script("echo\r\n" + text)->script, "echo\r\n" + kScript);
}

TEST(SignedScript, AnEmptyScriptHasATailToo) {
    const auto parts = split_signed_script(kMarker + "#m end\n");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->script, "");
    EXPECT_EQ(parts->manifest, "end\n");
}

TEST(SignedScript, WhatCouldNotBeTakenApartIsNotPutTogether) {
    const auto error = [](std::string_view script, std::string_view manifest,
                          std::string_view signature) {
        const auto text = join_signed_script(script, manifest, signature);
        return text ? "none" : text.error().what;
    };
    EXPECT_EQ(error("echo", kManifest, "x\n"),
              "the script does not end with LF; add a line end before it is hashed and signed");
    EXPECT_EQ(error("", kManifest, "x\n"),
              "the script does not end with LF; add a line end before it is hashed and signed");
    EXPECT_EQ(error(kScript, "end", "x\n"), "the manifest does not end with LF");
    EXPECT_EQ(error(kScript, "end\r\n", "x\n"), "the manifest holds CR; lines end with LF alone");
    EXPECT_EQ(error(kScript, kManifest, "x"), "the signature does not end with LF");
    EXPECT_EQ(error(kScript, std::string(70000, 'x') + "\n", ""), "the approval tail is too long");
}

}  // namespace
}  // namespace bulkhead::approval
