#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace rind {
namespace {

TEST(Clock, C13TimesRoundTripAndOddFormsAreRefused) {
  EXPECT_EQ(FormatUtc(*ParseUtc("2026-11-22T17:00:00Z")), "2026-11-22T17:00:00Z");
  EXPECT_TRUE(ParseUtc("9999-12-31T23:59:59Z").ok());
  EXPECT_TRUE(ParseUtc("2028-02-29T00:00:00Z").ok());
  for (const char* wrong : {"", "2026-11-22", "2026-11-22T17:00:00", "2026-11-22T17:00:00+00:00",
                            "2026-11-22T17:00:00.5Z", "2026-11-22 17:00:00Z",
                            "2026-02-30T00:00:00Z", "2027-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
                            "2026-11-22T23:59:60Z", "10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
                            "2026-1-022T17:00:00Z", "2026-11-22t17:00:00z"}) {
    EXPECT_FALSE(ParseUtc(wrong).ok()) << wrong;
  }
}

TEST(Clock, SpansForPeople) {
  EXPECT_EQ(FormatSpan(absl::Seconds(12)), "12 s");
  EXPECT_EQ(FormatSpan(absl::Minutes(5)), "5 m");
  EXPECT_EQ(FormatSpan(absl::Hours(23) + absl::Minutes(58)), "23 h 58 m");
  EXPECT_EQ(FormatSpan(absl::Hours(24 * 320)), "320 d");
  EXPECT_EQ(FormatSpan(-absl::Minutes(5)), "-5 m");
}

}  // namespace
}  // namespace rind
