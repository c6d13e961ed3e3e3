#include "services/cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/cli/command.h"
#include "services/cli/validators.h"
#include "services/cli/verified_mirror.h"

namespace rind::cli {
namespace {

TEST(Numbers, AreReadable) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1'000), "1,000");
  EXPECT_EQ(Count(21'677'907), "21,677,907");
  EXPECT_EQ(Bytes(999), "999 B");
  EXPECT_EQ(Bytes(1'000), "1.0 kB");
  EXPECT_EQ(Bytes(6'149'999), "6.1 MB");
  EXPECT_EQ(Bytes(34'000'000'000'000), "34.0 TB");
  EXPECT_EQ(Plural(1, "file"), "1 file");
  EXPECT_EQ(Plural(2, "file"), "2 files");
}

TEST(Json, KeepsOrderAndReplacesBytesThatAreNoUtf8) {
  const JsonValue value = JsonValue::Object()
                              .Set("z", 1)
                              .Set("a", JsonValue::Array({"x"}))
                              .Set("bad", std::string("\xff"))
                              .Set("none", JsonValue());
  EXPECT_EQ(value.Text(),
            "{\n  \"z\": 1,\n  \"a\": [\n    \"x\"\n  ],\n  \"bad\": \"\xEF\xBF\xBD\",\n"
            "  \"none\": null\n}");
}

TEST(Json, FlattensToOneLineEach) {
  const auto lines = FlattenJson(R"({"a":{"b":1},"c":["x"]})");
  ASSERT_TRUE(lines.ok());
  EXPECT_THAT(*lines, testing::ElementsAre(testing::Pair("a.b", "1"), testing::Pair("c.0", "x")));
  EXPECT_FALSE(FlattenJson("{").ok());
}

TEST(ExitCodes, ARefusalIsNoAndAnythingElseIsUnclear) {
  EXPECT_EQ(AnswerOf(FailedPrecondition("x")), Answer::kNo);
  EXPECT_EQ(AnswerOf(PermissionDenied("x")), Answer::kNo);
  EXPECT_EQ(AnswerOf(Unavailable("x")), Answer::kUnclear);
  EXPECT_EQ(AnswerOf(InvalidArgument("x")), Answer::kUnclear);
  EXPECT_EQ(AnswerOf(AsUsage(FailedPrecondition("x"))), Answer::kUnclear);
}

TEST(Validators, SayWhatIsWrong) {
  EXPECT_EQ(BinsProblem("256"), "");
  EXPECT_NE(BinsProblem("8"), "");
  EXPECT_NE(BinsProblem("48"), "");
  EXPECT_NE(BinsProblem("65536"), "");
  EXPECT_EQ(RoleProblem("bin-3f"), "");
  EXPECT_EQ(RoleProblem("project.six"), "");
  EXPECT_NE(RoleProblem("../etc"), "");
  EXPECT_EQ(ProjectProblem("Zope.Interface"), "");
  EXPECT_NE(ProjectProblem("not a name!"), "");
  EXPECT_EQ(UrlProblem("https://index.example.org/simple/"), "");
  EXPECT_NE(UrlProblem("ftp://example.org/"), "");
}

TEST(WantedFiles, AreVersionsOrFileNames) {
  const auto version = ParseWanted("Rind_Hello==1.0");
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->project, "rind-hello");
  EXPECT_EQ(version->version, "1.0");
  const auto wheel = ParseWanted("some/where/rind_hello-1.0-py3-none-any.whl");
  ASSERT_TRUE(wheel.ok());
  EXPECT_EQ(wheel->project, "rind-hello");
  EXPECT_EQ(wheel->filename, "rind_hello-1.0-py3-none-any.whl");
  const auto sdist = ParseWanted("rind-hello-1.0.tar.gz");
  ASSERT_TRUE(sdist.ok());
  EXPECT_EQ(sdist->project, "rind-hello");
  for (const char* wrong : {"", "six", "six==", "==1", "a b==1", "six.whl"}) {
    EXPECT_FALSE(ParseWanted(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace rind::cli
