#include "common/pypi/project_name.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

TEST(ProjectName, NormalisesAsPep503) {
  struct Case {
    std::string_view spelling, wanted;
  };
  for (const Case& c : {Case{"six", "six"}, Case{"Zope.Interface", "zope-interface"},
                        Case{"a__b--c..d-_.e", "a-b-c-d-e"}, Case{"A", "a"}, Case{"0", "0"}}) {
    const auto name = ProjectName::Parse(c.spelling);
    ASSERT_TRUE(name.ok()) << c.spelling << ": " << name.status();
    EXPECT_EQ(name->text(), c.wanted);
    EXPECT_EQ(*ProjectName::Parse(name->text()), *name);
  }
}

TEST(ProjectName, RefusesWhatPep508Refuses) {
  for (const std::string_view spelling :
       {"", "-six", "six-", ".", "..", "_", "a/b", "a b", "a%2fb", "a\\b", "a\nb", "s\xc3\xadx",
        "a@b", "six;", "a+b", "*"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ProjectName::Parse(spelling).status())) << spelling;
  }
  EXPECT_FALSE(ProjectName::Parse(std::string_view("a\0b", 3)).ok());
  EXPECT_FALSE(ProjectName::Parse(std::string(151, 'a')).ok());
  EXPECT_TRUE(ProjectName::Parse(std::string(150, 'a')).ok());
}

}  // namespace
}  // namespace rind::pypi
