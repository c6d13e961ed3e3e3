#include "common/pypi/version.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rind::pypi {
namespace {

TEST(Version, OrdersAsPep440) {
  // From PEP 440, "Summary of permitted suffixes and relative ordering", and its epochs and locals.
  const std::vector<std::string> ordered = {"0.9",
                                            "1.0.dev456",
                                            "1.0a1",
                                            "1.0a2.dev456",
                                            "1.0a12.dev456",
                                            "1.0a12",
                                            "1.0b1.dev456",
                                            "1.0b2",
                                            "1.0b2.post345.dev456",
                                            "1.0b2.post345",
                                            "1.0rc1.dev456",
                                            "1.0rc1",
                                            "1.0",
                                            "1.0+abc.5",
                                            "1.0+abc.7",
                                            "1.0+5",
                                            "1.0.post456.dev34",
                                            "1.0.post456",
                                            "1.0.15",
                                            "1.1.dev1",
                                            "2024.10.1",
                                            "1!0.1"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      const auto left = Version::Parse(ordered[i]);
      const auto right = Version::Parse(ordered[j]);
      ASSERT_TRUE(left.ok() && right.ok()) << ordered[i] << " " << ordered[j];
      EXPECT_EQ(*left <=> *right, i <=> j) << ordered[i] << " and " << ordered[j];
    }
  }
}

TEST(Version, TakesEverySpellingOfPep440) {
  struct Case {
    std::string_view spelling, canonical;
  };
  for (const Case& c :
       {Case{"1.0", "1.0"}, Case{" v1.0 ", "1.0"}, Case{"1.0-1", "1.0.post1"},
        Case{"1.0ALPHA", "1.0a0"}, Case{"1.0-beta.2", "1.0b2"}, Case{"1.0_c3", "1.0rc3"},
        Case{"1.0preview4", "1.0rc4"}, Case{"1.0.pre-5", "1.0rc5"}, Case{"1.0r6", "1.0.post6"},
        Case{"1.0.rev", "1.0.post0"}, Case{"1.0dev", "1.0.dev0"}, Case{"01.002", "1.2"},
        Case{"1!1.0", "1!1.0"}, Case{"1.0+Ubuntu-1_2.a", "1.0+ubuntu.1.2.a"},
        Case{"1.0rc1.post2.dev3+x", "1.0rc1.post2.dev3+x"}}) {
    const auto version = Version::Parse(c.spelling);
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_EQ(version->Text(), c.canonical);
    EXPECT_EQ(*Version::Parse(version->Text()), *version);
  }
  EXPECT_EQ(*Version::Parse("1.0"), *Version::Parse("1.0.0"));
}

TEST(Version, RefusesTheRest) {
  for (const std::string_view text :
       {"", "2004-final", "1.0-", "1..0", "1.0.", "a", "1.0+", "1.0+a..b", "1.0+a+b", "1.0 0", "1!",
        "1.0x", "-1", "1.0.devx", "99999999999999999999"}) {
    EXPECT_FALSE(Version::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(Version::Parse(std::string(10'000, '9')).ok());
}

TEST(Version, KnowsPrereleases) {
  EXPECT_TRUE(Version::Parse("1.0rc1")->IsPrerelease());
  EXPECT_TRUE(Version::Parse("1.0.post1.dev2")->IsPrerelease());
  EXPECT_FALSE(Version::Parse("1.0.post1")->IsPrerelease());
  EXPECT_FALSE(Version::Parse("1.0+a")->IsPrerelease());
}

}  // namespace
}  // namespace rind::pypi
