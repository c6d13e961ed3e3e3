#include "common/base/hex.h"

#include <array>

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

TEST(Hex, TakesExactlyAsManyBytesAsAreWanted) {
  std::array<unsigned char, 2> out{};
  EXPECT_TRUE(TakeHex("0fa9", out));
  EXPECT_EQ(out, (std::array<unsigned char, 2>{0x0f, 0xa9}));
  for (const char* wrong : {"", "0f", "0fa", "0fa9b", "0fa9b0", "0FA9", "0fg9", "0fa\xff"}) {
    EXPECT_FALSE(TakeHex(wrong, out)) << wrong;
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
