#include "common/base/hex.h"

#include <gtest/gtest.h>

namespace rind {
namespace {

TEST(Hex, RoundTrip) {
  const std::string bytes("\x00\xff\x10", 3);
  EXPECT_EQ(ToHex(bytes), "00ff10");
  EXPECT_EQ(*FromHex("00ff10"), bytes);
}

TEST(Hex, RefusesWhatIsNotLowerCaseDigits) {
  for (const char* wrong : {"0", "0G", "FF", "0x", "+f", " 0", "f\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FromHex(wrong).status())) << wrong;
  }
}

TEST(Base64, RoundTripAndStrictness) {
  EXPECT_EQ(ToBase64("hello"), "aGVsbG8=");
  EXPECT_EQ(*FromBase64("aGVsbG8="), "hello");
  EXPECT_EQ(*FromBase64(""), "");
  for (const char* wrong : {"aGVsbG8", "aGVs bG8=", "aGVsbG8==", "!"}) {
    EXPECT_FALSE(FromBase64(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace rind
