#include "common/keystore/encrypted_file_key_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/keystore/signing_permit_for_test.h"

namespace rind::keystore {
namespace {

SecretBytes Secret(std::string text) { return *SecretBytes::TakeFrom(text); }

class EncryptedFileKeyStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(testing::TempDir(), "rind-keys-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  EncryptedFileKeyStore Store(std::string passphrase = "open sesame") {
    return EncryptedFileKeyStore(files_, random_, folder_, Secret(std::move(passphrase)),
                                 sealing::Cost::Least());
  }
  std::string At(std::string_view name) const { return JoinPath(folder_, name); }

  LocalFileSystem files_;
  SystemRandom random_;
  std::string folder_;
};

TEST_F(EncryptedFileKeyStoreTest, S12AKeyComesBackAndSigns) {
  const PublicKey made = *Store().Create("timestamp");
  const auto signer = Store().Open("timestamp");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ((*signer)->public_key(), made);
  const std::string signature = *(*signer)->Sign(SigningPermitForTest::Make(), "message");
  EXPECT_TRUE(made.Verify("message", signature).ok());
  EXPECT_FALSE(made.Verify("another", signature).ok());
  EXPECT_EQ(Store().PublicKeys()->at("timestamp"), made);
}

TEST_F(EncryptedFileKeyStoreTest, S12NeverReplacesAKey) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Store().Create("timestamp").status()));
  EXPECT_NE(*Store().Create("snapshot"), Store().PublicKeys()->at("timestamp"));
}

TEST_F(EncryptedFileKeyStoreTest, S12RefusesAWrongPassphraseAndARenamedKey) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Store("open").Open("timestamp").status()));
  ASSERT_TRUE(files_.MoveNew(At("timestamp.key"), At("snapshot.key")).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Store().Open("snapshot").status()));
  EXPECT_TRUE(absl::IsNotFound(Store().Open("timestamp").status()));
}

TEST_F(EncryptedFileKeyStoreTest, S12RefusesWhatOthersCanRead) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  const std::string sealed = *files_.Read(At("timestamp.key"), 4096);
  for (const std::uint32_t mode : {0640U, 0604U, 0660U}) {
    ASSERT_TRUE(files_.Replace(At("timestamp.key"), sealed, mode).ok());
    EXPECT_TRUE(absl::IsPermissionDenied(Store().Open("timestamp").status())) << mode;
  }
  ASSERT_TRUE(files_.Replace(At("timestamp.key"), sealed, 0600).ok());
  EXPECT_TRUE(Store().Open("timestamp").ok());
}

TEST_F(EncryptedFileKeyStoreTest, FindsAPublicHalfThatIsNotTheKeys) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  ASSERT_TRUE(Store().Create("snapshot").ok());
  const std::string other = *files_.Read(At("snapshot.pub"), 100);
  ASSERT_TRUE(files_.Replace(At("timestamp.pub"), other, 0644).ok());
  EXPECT_TRUE(absl::IsDataLoss(Store().Open("timestamp").status()));
  ASSERT_TRUE(files_.Remove(At("timestamp.pub")).ok());
  EXPECT_TRUE(Store().Open("timestamp").ok()) << "a crash between the two files heals";
}

TEST_F(EncryptedFileKeyStoreTest, S12NoFileHoldsTheSeed) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  const auto sealed = files_.Read(At("timestamp.key"), 4096);
  const auto seed = sealing::Open(*sealed, Secret("open sesame"), "rind key timestamp");
  ASSERT_TRUE(seed.ok());
  const auto bytes = seed->Read(SecretAccess::Grant());
  const std::string raw(bytes.begin(), bytes.end());
  EXPECT_EQ(sealed->find(raw), std::string::npos);
  EXPECT_EQ(sealed->find(ToHex(raw)), std::string::npos);
}

TEST_F(EncryptedFileKeyStoreTest, C05NamesStayInsideTheFolder) {
  for (const std::string name : {"", "../x", "a/b", ".hidden", "-x", "A", "a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Store().Create(name).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(Store().Open(name).status())) << name;
  }
}

TEST_F(EncryptedFileKeyStoreTest, DestroyDeletesBothHalves) {
  ASSERT_TRUE(Store().Create("timestamp").ok());
  ASSERT_TRUE(Store().Destroy("timestamp").ok());
  EXPECT_TRUE(files_.List(folder_)->empty());
  EXPECT_TRUE(absl::IsNotFound(Store().Destroy("timestamp")));
}

}  // namespace
}  // namespace rind::keystore
