#include "common/sealing/sealed_file.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::sealing {
namespace {

SecretBytes Secret(std::string text) { return *SecretBytes::TakeFrom(text); }

std::string TextOf(const SecretBytes& secret) {
  const auto bytes = secret.Read(SecretAccess::Grant());
  return {bytes.begin(), bytes.end()};
}

class SealedFileTest : public testing::Test {
 protected:
  std::string SealIt(std::string_view purpose = "key timestamp") {
    return *Seal(Secret("seed"), Secret("open sesame"), purpose, Cost::Least(), random_);
  }
  SystemRandom random_;
};

TEST_F(SealedFileTest, S12OpensWhatItSealedAndShowsNothingOfIt) {
  const std::string sealed = SealIt();
  EXPECT_TRUE(IsSealed(sealed));
  EXPECT_EQ(sealed.find("seed"), std::string::npos);
  EXPECT_EQ(TextOf(*Open(sealed, Secret("open sesame"), "key timestamp")), "seed");
  EXPECT_NE(sealed, SealIt()) << "salt and nonce are fresh";
}

TEST_F(SealedFileTest, S12RefusesAWrongPassphraseAndAnotherPurpose) {
  const std::string sealed = SealIt();
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Open(sealed, Secret("open says me"), "key timestamp").status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Open(sealed, Secret("open sesame"), "key snapshot").status()));
  EXPECT_FALSE(Seal(Secret("seed"), Secret(""), "x", Cost::Least(), random_).ok());
}

TEST_F(SealedFileTest, S12RefusesAChangeOfAnyByteAndAnyCut) {
  const std::string sealed = SealIt();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    if (i >= 15 && i < 23) continue;  // the cost: its own test
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(Open(changed, Secret("open sesame"), "key timestamp").ok()) << "byte " << i;
    EXPECT_FALSE(Open(sealed.substr(0, i), Secret("open sesame"), "key timestamp").ok());
  }
}

TEST_F(SealedFileTest, P01RefusesAFileThatAsksForTooMuchBeforeTakingIt) {
  std::string sealed = SealIt();
  sealed[18] = 1;  // 2^24 passes and more
  EXPECT_TRUE(
      absl::IsInvalidArgument(Open(sealed, Secret("open sesame"), "key timestamp").status()));
  sealed = SealIt();
  sealed[22] = 1;  // 2^24 KiB and more
  EXPECT_TRUE(
      absl::IsInvalidArgument(Open(sealed, Secret("open sesame"), "key timestamp").status()));
  sealed = SealIt();
  sealed[15] = 2;  // a cost that is fine, and not the one that was sealed
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Open(sealed, Secret("open sesame"), "key timestamp").status()));
}

}  // namespace
}  // namespace rind::sealing
