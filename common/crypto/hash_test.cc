#include "common/crypto/hash.h"

#include <gtest/gtest.h>

namespace rind {
namespace {

// FIPS 180-4 examples.
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Hash, AgreesWithThePublishedExamples) {
  EXPECT_EQ(Sha256("abc").Hex(), kAbc);
  EXPECT_EQ(Sha256("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha512Hex("abc").substr(0, 32), "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(Sha256("abc").Short(), "ba7816bf");
}

TEST(Hash, PiecesMakeTheSameDigestAndTheHasherStartsAnew) {
  Sha256Hasher hasher;
  hasher.Update("a");
  hasher.Update("bc");
  EXPECT_EQ(hasher.Finish().Hex(), kAbc);
  hasher.Update("abc");
  EXPECT_EQ(hasher.Finish().Hex(), kAbc);
}

TEST(Hash, DigestsComeFromStrictTextOnly) {
  EXPECT_EQ(*Sha256Digest::FromHex(kAbc), Sha256("abc"));
  EXPECT_EQ(*Sha256Digest::FromBytes(Sha256("abc").Bytes()), Sha256("abc"));
  const std::string hex(kAbc);
  for (const std::string& wrong : {std::string(), hex.substr(1), hex + "0", "B" + hex.substr(1),
                                   "+" + hex.substr(1), hex + "\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Sha256Digest::FromHex(wrong).status())) << wrong;
  }
  EXPECT_FALSE(Sha256Digest::FromBytes("short").ok());
}

}  // namespace
}  // namespace rind
