#include "common/tuf/json/strict_parse.h"

#include <chrono>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace rind::tuf {
namespace {

Status Parse(std::string_view json) {
  return JsonDocument::Parse(json, ControlCharacters::kRefused).status();
}

TEST(StrictParse, ReadsValuesOfEveryKind) {
  const std::string json =
      R"( {"a" : [1, -2, true, false, null], "b":{"c":"d\n\u00e9\ud83e\uddc0"}} )";
  const auto document = JsonDocument::Parse(json, ControlCharacters::kRefused);
  ASSERT_TRUE(document.ok()) << MessageOf(document.status());
  const JsonValue root = document->root();
  ASSERT_EQ(root.kind(), JsonKind::kObject);
  EXPECT_EQ(root.Size(), 2U);
  std::vector<JsonKind> kinds;
  EXPECT_TRUE(root.Find("a")
                  ->ForEachElement([&kinds](JsonValue value) {
                    kinds.push_back(value.kind());
                    return OkStatus();
                  })
                  .ok());
  EXPECT_EQ(kinds, (std::vector<JsonKind>{JsonKind::kInteger, JsonKind::kInteger, JsonKind::kBool,
                                          JsonKind::kBool, JsonKind::kNull}));
  EXPECT_EQ(root.Find("b")->Find("c")->Text(), "d\n\xC3\xA9\xF0\x9F\xA7\x80");
  EXPECT_EQ(root.Find("c"), std::nullopt);
}

TEST(StrictParse, P02TakesPlainIntegersOnly) {
  for (const std::string_view good :
       {"0", "-1", "9223372036854775807", "-9223372036854775808", "1000000000000000000"}) {
    EXPECT_TRUE(Parse(good).ok()) << good;
  }
  for (const std::string_view wrong : {"-0",
                                       "00",
                                       "01",
                                       "-01",
                                       "+1",
                                       "1.0",
                                       "1.",
                                       ".5",
                                       "1e3",
                                       "1E3",
                                       "-",
                                       "--1",
                                       "0x1",
                                       "NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "9999999999999999999",
                                       "10000000000000000000",
                                       "1_000",
                                       "1,"}) {
    EXPECT_FALSE(Parse(wrong).ok()) << wrong;
  }
}

TEST(StrictParse, P02MegabytesOfDigitsTakeNoTime) {
  const std::string digits(5'000'000, '9');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Parse(digits).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

TEST(StrictParse, P03BoundsDepthStringsAndMembers) {
  EXPECT_TRUE(Parse(std::string(32, '[') + std::string(32, ']')).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(std::string(33, '[') + std::string(33, ']'))));
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(std::string(1'000'000, '['))));
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += R"({"a":)";
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(nested)));

  const std::string longest(64UL * 1024, 'a');
  EXPECT_TRUE(Parse(Cat("\"", longest, "\"")).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(Cat("\"", longest, "a\""))));
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(Cat("{\"", longest, "a\":1}"))));
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(Cat("\"", std::string(5'000'000, 'a'), "\""))));

  std::string array = "[0";
  for (int i = 1; i < 131'072; ++i) array += ",0";
  EXPECT_TRUE(Parse(array + "]").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(array + ",0]")));
  // Many arrays, each within its bound.
  std::string arrays = "[" + array + "]";
  for (int i = 0; i < 3; ++i) arrays += "," + array + "]";
  EXPECT_TRUE(absl::IsResourceExhausted(Parse(arrays + "]")));
}

TEST(StrictParse, P04RefusesAMemberTwiceAfterUnescaping) {
  for (const std::string_view wrong :
       {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":1,"\u0061":2})",
        R"({"a\r":1,"a\u000d":2})", R"({"b":1,"a":1,"b":1})", R"([{"x":{"":0,"":0}}])",
        R"({"\/":1,"/":2})", R"({"\ud83e\uddc0":1,"🧀":2})"}) {
    const Status status = Parse(wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << wrong;
    EXPECT_NE(MessageOf(status).find("twice"), std::string_view::npos) << MessageOf(status);
  }
  EXPECT_TRUE(Parse(R"({"b":{"a":1},"a":{"a":1},"B":0})").ok());
}

TEST(StrictParse, P06RefusesWhatIsNotStrictUtf8) {
  const std::string_view wrong[] = {
      "\"\xC0\xAF\"",          // overlong
      "\"\xED\xA0\x80\"",      // surrogate
      "\"\xF4\x90\x80\x80\"",  // beyond Unicode
      "\"\x80\"",
      "\"\xE2\x82\"",
      "\"\xEF\xBF\xBE\"",  // U+FFFE
      "\"\xEF\xBF\xBF\"",
      R"("\ufffe")",
      R"("\u0000")",
      R"("\ud800")",  // lone surrogates
      R"("\ud800x")",
      R"("\ud800\u0041")",
      R"("\udc00")",
      R"("\ud800\ud800")",
      "\xEF\xBB\xBF{}",  // byte-order mark
  };
  for (const std::string_view json : wrong) EXPECT_FALSE(Parse(json).ok()) << Printable(json);
  EXPECT_FALSE(Parse(std::string_view("\"a\0\"", 4)).ok());
}

TEST(StrictParse, RefusesWhatIsNotJson) {
  for (const std::string_view wrong : {"",
                                       " ",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "{,}",
                                       R"({"a"})",
                                       R"({"a":})",
                                       R"({"a":1,})",
                                       R"({a:1})",
                                       R"({'a':1})",
                                       R"({"a" 1})",
                                       R"({1:1})",
                                       R"("a)",
                                       R"("\)",
                                       R"("\x")",
                                       R"("\u12")",
                                       R"("\u12g4")",
                                       R"("\u+123")",
                                       "tru",
                                       "True",
                                       "nul",
                                       "None",
                                       "1 2",
                                       "{} {}",
                                       "[1]]",
                                       "//x",
                                       "/**/1",
                                       "\"\n\"",
                                       "\"\t\"",
                                       "\v1",
                                       "\xC2\xA0"
                                       "1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse(wrong))) << Printable(wrong);
  }
}

TEST(StrictParse, MessagesSayWhereAndWhat) {
  EXPECT_EQ(MessageOf(Parse(R"({"a":01})")),
            "JSON, byte 5: found \"01}\", wanted an integer of at most 19 digits");
  EXPECT_EQ(MessageOf(Parse("[1")), "JSON, byte 2: found the end, wanted \",\" or \"]\"");
}

}  // namespace
}  // namespace rind::tuf
