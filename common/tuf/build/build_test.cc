#include "common/tuf/build/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"

namespace rind::tuf {
namespace {

using ::testing::ElementsAre;

// RFC 8032, section 7.1, tests 1 and 2.
PublicKey KeyA() {
  return *PublicKey::Create(KeyScheme::kEd25519,
                            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}
PublicKey KeyB() {
  return *PublicKey::Create(KeyScheme::kEd25519,
                            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
}
Header SomeHeader() {
  return {.version = Version::First(), .expires = *ParseUtc("2027-11-22T17:00:00Z")};
}
RoleSigners One(PublicKey key) { return {.keys = {std::move(key)}}; }

std::vector<std::string> NamesFor(const Targets& document, std::string_view target) {
  std::vector<std::string> names;
  for (const auto& match : document.delegations->Matching(target)) {
    names.push_back(match.name.text() + (match.terminating ? "!" : ""));
  }
  return names;
}

TEST(Build, TargetsAsksClaimsBeforeBinsAndEndsNowhere) {
  const Targets targets = BuildTopTargets(SomeHeader(), One(KeyA()), One(KeyB()), One(KeyA()));
  EXPECT_THAT(NamesFor(targets, "files/six/six-1.whl"),
              ElementsAre("claimed", "recently-claimed", "unclaimed"));
  EXPECT_THAT(NamesFor(targets, "simple/index.json"), ElementsAre("unclaimed"));
  EXPECT_THAT(NamesFor(targets, "files/six/deeper/six-1.whl"), ElementsAre());
}

TEST(Build, S08AClaimTerminatesAndCoversItsProjectOnly) {
  const Targets claims = BuildClaims(SomeHeader(), {{"six", One(KeyA())}, {"idna", One(KeyB())}});
  EXPECT_THAT(NamesFor(claims, "simple/six/index.html"), ElementsAre("project.six!"));
  EXPECT_THAT(NamesFor(claims, "files/idna/idna-1.tar.gz"), ElementsAre("project.idna!"));
  EXPECT_THAT(NamesFor(claims, "files/six-more/x.whl"), ElementsAre());
  const auto read = ReadClaims(claims);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].project, "idna");
  EXPECT_EQ((*read)[1].project, "six");
}

TEST(Build, S08ClaimsOfAnyOtherFormAreRefused) {
  const Targets good = BuildClaims(SomeHeader(), {{"six", One(KeyA())}});
  const auto roles = [](Targets& t) -> DelegatedRole& {
    return std::get<std::vector<DelegatedRole>>(t.delegations->roles)[0];
  };
  Targets open = good;
  roles(open).terminating = false;
  EXPECT_FALSE(ReadClaims(open).ok());
  Targets wide = good;
  roles(wide).paths = PathPatterns{{"simple/*/*", "files/six/*"}};
  EXPECT_FALSE(ReadClaims(wide).ok());
  Targets other = good;
  roles(other).name = *RoleName::Parse("bin-3");
  EXPECT_FALSE(ReadClaims(other).ok());
  Targets stowaway = good;
  stowaway.delegations->keys.emplace(KeyId::Of(KeyB()), Key::Of(KeyB()));
  EXPECT_FALSE(ReadClaims(stowaway).ok());
  Targets none = good;
  none.delegations.reset();
  EXPECT_FALSE(ReadClaims(none).ok());
}

TEST(Build, DocumentsComeBackFromTheirBytes) {
  const Root root = BuildRoot({SomeHeader(), One(KeyA()), One(KeyA()), One(KeyB()), One(KeyB())});
  EXPECT_EQ(*DecodeCanonicalRoot(EncodeCanonical(root)), root);
  const Targets unclaimed = BuildUnclaimed(SomeHeader(), One(KeyB()), 4);
  EXPECT_EQ(*DecodeCanonicalTargets(EncodeCanonical(unclaimed)), unclaimed);
  EXPECT_THAT(NamesFor(unclaimed, "simple/six/index.html"),
              ElementsAre(::testing::StartsWith("bin-")));
}

}  // namespace
}  // namespace rind::tuf
