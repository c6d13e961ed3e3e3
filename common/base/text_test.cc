#include "common/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rind {
namespace {

using ::testing::ElementsAre;

TEST(Text, CatJoinsStringsCharactersAndNumbers) {
  EXPECT_EQ(Cat("bin-", 3, std::string(" v"), std::int64_t{7}, '!'), "bin-3 v7!");
}

TEST(Text, SplitKeepsEmptyPieces) {
  EXPECT_THAT(Split("a//b/", '/'), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", '/'), ElementsAre(""));
}

TEST(Text, ParseUnsignedTakesOnlyPlainDecimals) {
  EXPECT_EQ(ParseUnsigned("0", 10), 0u);
  EXPECT_EQ(ParseUnsigned("10", 10), 10u);
  for (const char* wrong :
       {"", "11", "01", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(ParseUnsigned(wrong, 10), std::nullopt) << wrong;
  }
}

TEST(Text, P06StrictUtf8RefusesOverlongSurrogatesAndNul) {
  EXPECT_TRUE(IsStrictUtf8("plain"));
  EXPECT_TRUE(IsStrictUtf8("\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA7\x80"));
  const std::string_view wrong[] = {
      "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",        "\xF4\x90\x80\x80",
      "\x80",     "\xE2\x82",     "\xF8\x88\x80\x80\x80"};
  for (const std::string_view text : wrong) EXPECT_FALSE(IsStrictUtf8(text)) << Printable(text);
  EXPECT_FALSE(IsStrictUtf8(std::string_view("a\0b", 3)));
}

TEST(Text, PrintableEscapesAndCuts) {
  EXPECT_EQ(Printable("a\n\"b"), "a\\x0a\\x22b");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace rind
