#include <limits>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/tuf/model/hashes.h"
#include "common/tuf/model/key.h"
#include "common/tuf/model/rejection.h"
#include "common/tuf/model/version.h"

namespace rind::tuf {
namespace {

TEST(Version, S02IsFromOneTo53Bits) {
  EXPECT_EQ(Version::Create(1)->value(), 1);
  EXPECT_EQ(Version::Create(Version::kMax)->value(), (std::int64_t{1} << 53) - 1);
  for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, Version::kMax + 1,
                                   std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_FALSE(Version::Create(wrong).ok()) << wrong;
  }
  EXPECT_EQ(Version::First().Next()->value(), 2);
  EXPECT_TRUE(absl::IsFailedPrecondition(Version::Create(Version::kMax)->Next().status()));
}

TEST(Threshold, C02IsNeverZeroOrNegative) {
  EXPECT_EQ(Threshold::Create(1)->value(), 1);
  for (const std::int64_t wrong :
       {std::int64_t{0}, std::int64_t{-1}, Threshold::kMax + 1,
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_FALSE(Threshold::Create(wrong).ok()) << wrong;
  }
}

TEST(Hashes, WantsOneThatCanBeCheckedAndChecksEach) {
  const std::string sha256 = Sha256("x").Hex();
  const std::string sha512 = Sha512Hex("x");
  EXPECT_FALSE(Hashes::Create({}).ok());
  EXPECT_FALSE(Hashes::Create({{"md5", "00"}}).ok());
  EXPECT_FALSE(Hashes::Create({{"sha256", sha512}}).ok());
  EXPECT_FALSE(Hashes::Create({{"sha256", sha256}, {"sha512", "00"}}).ok());
  const auto both = Hashes::Create({{"sha256", sha256}, {"sha512", sha512}});
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(both->Check("x").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(both->Check("y")));
  // One of two that disagrees is enough to refuse.
  EXPECT_FALSE(Hashes::Create({{"sha256", sha256}, {"sha512", Sha512Hex("y")}})->Check("x").ok());
  EXPECT_FALSE(
      Hashes::Create({{"sha256", Sha256("y").Hex()}, {"sha512", sha512}})->Check("x").ok());
  const auto only512 = Hashes::Create({{"sha512", sha512}});
  EXPECT_TRUE(only512->Check("x").ok());
  EXPECT_FALSE(only512->Check("y").ok());
  EXPECT_EQ(only512->Preferred(), sha512);
  EXPECT_EQ(both->Preferred(), sha256);
  EXPECT_EQ(*Hashes::Create({{"sha256", sha256}}), Hashes::OfSha256(Sha256("x")));
  EXPECT_FALSE(*both == Hashes::OfSha256(Sha256("x")));
  EXPECT_EQ(both->by_algorithm().size(), 2U);
}

TEST(Key, C03TheIdIsTheHashOfTheCanonicalKey) {
  // The id that securesystemslib computes for this key.
  const auto key = PublicKey::Create(
      KeyScheme::kEd25519, "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(CanonicalKey(Key::Of(*key)),
            R"({"keytype":"ed25519","keyval":{"public":)"
            R"("7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa"},)"
            R"("scheme":"ed25519"})");
  EXPECT_EQ(KeyId::Of(*key).text(), Sha256(CanonicalKey(Key::Of(*key))).Hex());
}

TEST(Key, C09TheSchemeComesFromThePairOfTypeAndScheme) {
  EXPECT_EQ(Key::SchemeOf("ed25519", "ed25519"), KeyScheme::kEd25519);
  EXPECT_EQ(Key::SchemeOf("ecdsa", "ecdsa-sha2-nistp256"), KeyScheme::kEcdsaSha2Nistp256);
  EXPECT_EQ(Key::SchemeOf("rsa", "rsassa-pss-sha256"), KeyScheme::kRsaPssSha256);
  EXPECT_EQ(Key::SchemeOf("rsa", "ed25519"), std::nullopt);
  EXPECT_EQ(Key::SchemeOf("ed25519", "rsassa-pss-sha256"), std::nullopt);
  EXPECT_EQ(Key::SchemeOf("rsa", "rsa-pkcs1v15-sha256"), std::nullopt);
  EXPECT_EQ(Key::SchemeOf("", ""), std::nullopt);
}

TEST(KeyId, IsShortPrintableText) {
  EXPECT_TRUE(KeyId::Parse("a").ok());
  for (const std::string& wrong :
       {std::string(), std::string(129, 'a'), std::string("a\n"), std::string("\xC3\xA9")}) {
    EXPECT_FALSE(KeyId::Parse(wrong).ok()) << Printable(wrong);
  }
}

TEST(Rejection, TravelsWithTheStatus) {
  const Status status = Reject(Rejection::kRollback, "bin-3: found v1, wanted v2");
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(RejectionOf(status), Rejection::kRollback);
  EXPECT_EQ(RejectionOf(Annotate(status, "client")), Rejection::kRollback);
  EXPECT_EQ(RejectionOf(OkStatus()), std::nullopt);
  EXPECT_EQ(RejectionOf(FailedPrecondition("x")), std::nullopt);
}

}  // namespace
}  // namespace rind::tuf
