#include "common/tuf/model/delegations.h"

#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind::tuf {
namespace {

RoleKeys OneKey() { return {{*KeyId::Parse("k")}, *Threshold::Create(1)}; }
RoleName Role(std::string_view name) { return *RoleName::Parse(name); }

TEST(MatchesPattern, C10StarAndQuestionMarkNeverCrossASlash) {
  struct Case {
    std::string_view pattern, path;
    bool matches;
  };
  const Case cases[] = {
      {"simple/*/*", "simple/six/index.html", true},
      {"simple/*/*", "simple/index.html", false},
      {"simple/*/*", "simple/six/a/b", false},
      {"simple/*/*", "simple//x", true},
      {"*", "a", true},
      {"*", "a/b", false},
      {"*", "", true},
      {"", "", true},
      {"", "a", false},
      {"?", "a", true},
      {"?", "/", false},
      {"?", "", false},
      {"?", "\xC3\xA9", true},
      {"??", "\xC3\xA9", false},
      {"a?c", "a/c", false},
      {"a*c", "abbbc", true},
      {"a*c", "ab/c", false},
      {"a**c", "ac", true},
      {"*.tgz", "x.tgz.tgz", true},
      {"*a*b", "aab", true},
      {"*a*b", "aaba", false},
      // All else is literal: no ranges, no braces, no escapes.
      {"[ab]", "a", false},
      {"[ab]", "[ab]", true},
      {"{a,b}", "a", false},
      {"\\*", "*", false},
      {"\\*", "\\anything", true},
      {"a", "A", false},
      {"simple/six/*", "simple/sixx/a", false},
      {"/a", "a", false},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(MatchesPattern(test.pattern, test.path), test.matches)
        << "\"" << test.pattern << "\" on \"" << test.path << "\"";
  }
}

// The reference: the same language as a regular expression.
bool Reference(const std::string& pattern, const std::string& path) {
  std::string expression;
  for (const char c : pattern) {
    expression += c == '*' ? "[^/]*" : c == '?' ? "[^/]" : std::string(1, c);
  }
  return std::regex_match(path, std::regex(expression));
}

TEST(MatchesPattern, C10AgreesWithAReferenceOnRandomTexts) {
  std::mt19937 random(20261122);
  const auto text = [&random](std::string_view alphabet, std::size_t max) {
    std::string out(random() % (max + 1), ' ');
    for (char& c : out) c = alphabet[random() % alphabet.size()];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = text("ab/**?", 7);
    const std::string path = text("ab/", 7);
    const bool wanted = Reference(pattern, path);
    matched += wanted ? 1 : 0;
    ASSERT_EQ(MatchesPattern(pattern, path), wanted) << pattern << " on " << path;
  }
  EXPECT_GT(matched, 500);
}

TEST(MatchesPattern, C10HostilePatternsTakeNoLongerThanTheirProduct) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  // Backtracking over every star would never end.
  EXPECT_FALSE(MatchesPattern(pattern + "b", std::string(4000, 'a')));
}

TEST(DelegatedRole, C11PrefixesAreOfThePathsHash) {
  const std::string hash = Sha256("files/x/y").Hex();
  DelegatedRole role{Role("a"), OneKey(), false, PathHashPrefixes{{hash.substr(0, 3)}}};
  EXPECT_TRUE(role.Covers("files/x/y"));
  EXPECT_FALSE(role.Covers("files/x/z"));
  role.paths = PathHashPrefixes{};
  EXPECT_FALSE(role.Covers("files/x/y"));
  role.paths = PathPatterns{};
  EXPECT_FALSE(role.Covers("files/x/y"));
}

TEST(Delegations, C07MatchesComeInOrderOfAppearance) {
  std::vector<DelegatedRole> roles;
  roles.push_back({Role("z"), OneKey(), false, PathPatterns{{"a/*"}}});
  roles.push_back({Role("m"), OneKey(), true, PathPatterns{{"b/*", "a/x"}}});
  roles.push_back(
      {Role("a"), OneKey(), false, PathHashPrefixes{{Sha256("a/x").Hex().substr(0, 1)}}});
  const Delegations delegations{{}, roles};
  const auto matches = delegations.Matching("a/x");
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_EQ(matches[0].name, Role("z"));
  EXPECT_EQ(matches[1].name, Role("m"));
  EXPECT_TRUE(matches[1].terminating);
  EXPECT_EQ(matches[2].name, Role("a"));
  EXPECT_NE(delegations.KeysFor(Role("m")), nullptr);
  EXPECT_EQ(delegations.KeysFor(Role("q")), nullptr);
}

TEST(SuccinctRoles, C11BoundsOfBitLength) {
  for (const std::int64_t wrong : {-1, 0, 33, 64}) {
    EXPECT_FALSE(SuccinctRoles::Create(OneKey(), wrong, "bin").ok()) << wrong;
  }
  EXPECT_FALSE(SuccinctRoles::Create(OneKey(), 8, "").ok());
  EXPECT_FALSE(SuccinctRoles::Create(OneKey(), 8, std::string(255, 'a')).ok());
  for (const std::int64_t right : {1, 4, 5, 14, 32}) {
    EXPECT_TRUE(SuccinctRoles::Create(OneKey(), right, "bin").ok()) << right;
  }
}

TEST(SuccinctRoles, BinsAreNamedAndChosenAsTap15Says) {
  const auto bins = SuccinctRoles::Create(OneKey(), 14, "bin");
  ASSERT_TRUE(bins.ok());
  EXPECT_EQ(bins->BinCount(), 16384U);
  EXPECT_EQ(bins->BinName(0), Role("bin-0000"));
  EXPECT_EQ(bins->BinName(0x3fff), Role("bin-3fff"));
  const std::string hash = Sha256("files/x/y").Hex();
  const std::uint64_t first32 = std::stoull(hash.substr(0, 8), nullptr, 16);
  EXPECT_EQ(bins->BinFor("files/x/y"), first32 >> 18U);
  const auto two = SuccinctRoles::Create(OneKey(), 1, "bin");
  EXPECT_EQ(two->BinName(1), Role("bin-1"));
  const Delegations delegations{{}, *bins};
  const auto matches = delegations.Matching("files/x/y");
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].name, bins->BinName(bins->BinFor("files/x/y")));
  EXPECT_TRUE(matches[0].terminating);
}

TEST(SuccinctRoles, C11ABinsNameIsExactToTheLetter) {
  const auto bins = SuccinctRoles::Create(OneKey(), 10, "bin");
  ASSERT_TRUE(bins.ok());
  EXPECT_EQ(bins->BinOf(Role("bin-3ff")), 0x3ffU);
  EXPECT_EQ(bins->BinOf(Role("bin-000")), 0U);
  for (const std::string_view wrong :
       {"bin-400", "bin-3f", "bin-03ff", "bin-3FF", "bin-+ff", "bin-0x1", "bin-_ff", "bin- ff",
        "bin3ff0", "bim-3ff", "bin-3f\xEF\xBC\x91", "xbin-3ff", "bin-", "targets"}) {
    EXPECT_EQ(bins->BinOf(Role(wrong)), std::nullopt) << wrong;
    EXPECT_EQ((Delegations{{}, *bins}.KeysFor(Role(wrong))), nullptr) << wrong;
  }
}

}  // namespace
}  // namespace rind::tuf
