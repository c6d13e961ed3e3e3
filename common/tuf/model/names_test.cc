#include <string>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/tuf/model/name_rule.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/target_path.h"

namespace rind::tuf {
namespace {

TEST(RoleName, TopLevelNamesAreTopLevelRoles) {
  for (const TopLevelRole role : {TopLevelRole::kRoot, TopLevelRole::kTargets,
                                  TopLevelRole::kSnapshot, TopLevelRole::kTimestamp}) {
    EXPECT_EQ(RoleName::Parse(NameOf(role))->top_level(), role);
    EXPECT_EQ(RoleName(role).text(), NameOf(role));
  }
  EXPECT_EQ(RoleName::Parse("Root")->top_level(), std::nullopt);
  EXPECT_EQ(RoleName::Parse("bin-00")->top_level(), std::nullopt);
}

TEST(RoleName, P06RefusesWhatAPersonCantSee) {
  const std::string_view wrong[] = {
      "",
      std::string_view("a\0b", 3),
      "a\nb",
      "\x7F",
      "\xC2\x85",             // a C1 control
      "claimed\xE2\x80\x8B",  // zero-width space
      "claimed\xE2\x80\x8D",  // zero-width joiner
      "\xEF\xBB\xBF"
      "claimed",  // byte-order mark
      "a\xE2\x80\xAE"
      "b",  // right-to-left override
      "a\xE2\x81\xA6"
      "b",                 // isolate
      "a\xD8\x9C",         // Arabic letter mark
      "e\xCC\x81",         // e and a combining acute accent
      "\xE2\x84\xAA",      // the kelvin sign, whose NFC is K
      "\xEF\xBF\xBE",      // U+FFFE
      "\xED\xA0\x80",      // a surrogate
      "\xC0\xAF",          // an overlong slash
      "\xF0\x9F\xBF\xBF",  // U+1FFFF
      "\xF3\xA0\x80\x81",  // a tag
  };
  for (const std::string_view text : wrong) {
    EXPECT_TRUE(absl::IsInvalidArgument(RoleName::Parse(text).status())) << Printable(text);
    EXPECT_FALSE(CheckName("target", text, kMaxTargetName).ok()) << Printable(text);
  }
  EXPECT_FALSE(RoleName::Parse(std::string(256, 'a')).ok());
  for (const std::string& text :
       {std::string("\xC3\xA9"), std::string("\xE6\xBC\xA2"), std::string("\xF0\x9F\xA7\x80"),
        std::string("../x"), std::string(255, 'a')}) {
    EXPECT_TRUE(RoleName::Parse(text).ok()) << Printable(text);
  }
}

TEST(RoleName, C05FileNamesHoldNoSeparatorsAndNoDotsInFront) {
  struct Case {
    std::string_view name, file;
  };
  const Case cases[] = {
      {"bin-0f", "bin-0f"},
      {"project.six", "project.six"},
      {"..", "%2E."},
      {".", "%2E"},
      {"../../x", "%2E.%2F..%2Fx"},
      {"/etc/passwd", "%2Fetc%2Fpasswd"},
      {"a\\b", "a%5Cb"},
      {"%2e", "%252e"},
      {"a b~", "a%20b%7E"},
      {"\xC3\xA9", "%C3%A9"},
      {"con:x", "con%3Ax"},
      {"*?", "%2A%3F"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(RoleName::Parse(test.name)->FileName(), test.file) << test.name;
  }
}

TEST(TargetPath, C05RefusesWhatCouldLeaveAFolderOrConfuseAUrl) {
  const std::string_view wrong[] = {
      "",     "/",   "/a",  "a/",   "a//b", ".",    "..",   "a/../b", "./a",       "a/.",
      "a\\b", "a?b", "a#b", "a%2e", "a*",   "a[0]", "a\nb", "\x7F",   "a\xC3\xA9", "a/..",
  };
  for (const std::string_view text : wrong) {
    EXPECT_FALSE(TargetPath::Parse(text).ok()) << Printable(text);
  }
  EXPECT_FALSE(TargetPath::Parse(std::string(1025, 'a')).ok());
  EXPECT_FALSE(TargetPath::Parse(std::string_view("a\0b", 3)).ok());
  for (const std::string_view text : {"a", "files/six/six-1.0+local.tar.gz", "a/..b", "a b", "~"}) {
    EXPECT_TRUE(TargetPath::Parse(text).ok()) << text;
  }
}

TEST(TargetPath, KnowsItsProjectItsHashAndItsHashedName) {
  const auto path = TargetPath::Parse("files/six/six-1.0.tar.gz");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path->Project(), "six");
  EXPECT_EQ(TargetPath::Parse("simple/index.html")->Project(), "");
  EXPECT_EQ(TargetPath::Parse("x")->Project(), "");
  EXPECT_EQ(path->PathHash(), Sha256("files/six/six-1.0.tar.gz"));
  EXPECT_EQ(path->WithHash(Sha256("x")), Cat("files/six/", Sha256("x").Hex(), ".six-1.0.tar.gz"));
  EXPECT_EQ(PathWithHash("x", "ab"), "ab.x");
}

}  // namespace
}  // namespace rind::tuf
