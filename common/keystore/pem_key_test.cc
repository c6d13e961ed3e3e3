#include "common/keystore/pem_key.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/keystore/signing_permit_for_test.h"
#include "common/testing/child_process.h"

namespace rind::keystore {
namespace {

SecretBytes Secret(std::string text) { return *SecretBytes::TakeFrom(text); }

// RFC 8410, section 10.3, and the public key of section 10.1.
constexpr std::string_view kRfc8410Pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kRfc8410Public =
    "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

class PemKeyTest : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = testing::NewFolder("pem"); }
  EncryptedFileKeyStore Store() {
    return EncryptedFileKeyStore(files_, random_, JoinPath(folder_, "keys"), Secret("sesame"),
                                 sealing::Cost::Least());
  }
  // What openssl says of `pem`, with `passphrase`.
  StatusOr<std::string> OpenSsl(const std::string& pem, const std::string& passphrase) {
    const std::string path = JoinPath(folder_, "key.pem");
    EXPECT_TRUE(files_.Replace(path, pem, 0600).ok());
    return testing::RunProgram({"/usr/bin/openssl", "pkey", "-in", path, "-passin",
                                Cat("pass:", passphrase), "-noout", "-text_pub"},
                               absl::Seconds(30));
  }
  LocalFileSystem files_;
  SystemRandom random_;
  std::string folder_;
};

TEST_F(PemKeyTest, ReadsTheExampleOfRfc8410) {
  const auto seed = ReadPem(kRfc8410Pem, nullptr);
  ASSERT_TRUE(seed.ok()) << seed.status();
  auto store = Store();
  EXPECT_EQ(store.Import("timestamp", *seed)->material(), kRfc8410Public);
  const auto signer = *store.Open("timestamp");
  const std::string signature = *signer->Sign(SigningPermitForTest::Make(), "message");
  EXPECT_TRUE(signer->public_key().Verify("message", signature).ok());
}

TEST_F(PemKeyTest, S12WhatGoesOutIsEncryptedAndComesBack) {
  auto store = Store();
  const PublicKey key = *store.Create("snapshot");
  const auto pem = store.Export("snapshot", Secret("on the train"));
  ASSERT_TRUE(pem.ok()) << pem.status();
  EXPECT_TRUE(pem->starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")) << *pem;
  const SecretBytes right = Secret("on the train");
  const auto seed = ReadPem(*pem, &right);
  ASSERT_TRUE(seed.ok()) << seed.status();
  EXPECT_EQ(*store.Import("copy", *seed), key);
  const SecretBytes wrong = Secret("on the bus");
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadPem(*pem, &wrong).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadPem(*pem, nullptr).status()));
}

TEST_F(PemKeyTest, OpenSslReadsWhatWeWrite) {
  auto store = Store();
  const PublicKey key = *store.Create("snapshot");
  const std::string pem = *store.Export("snapshot", Secret("on the train"));
  const auto text = OpenSsl(pem, "on the train");
  ASSERT_TRUE(text.ok()) << text.status();
  std::string digits;
  for (const char c : text->substr(text->find("pub:") + 4)) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  EXPECT_EQ(digits, key.material());
  EXPECT_FALSE(OpenSsl(pem, "on the bus").ok());
}

TEST_F(PemKeyTest, RefusesOtherKeysAndGarbage) {
  for (const std::string algorithm : {"X25519", "RSA", "ED448"}) {
    const auto pem = testing::RunProgram({"/usr/bin/openssl", "genpkey", "-algorithm", algorithm},
                                         absl::Seconds(60));
    ASSERT_TRUE(pem.ok()) << pem.status();
    const Status status = ReadPem(pem->substr(pem->find("-----BEGIN")), nullptr).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << algorithm;
    EXPECT_NE(status.ToString().find("wanted Ed25519"), std::string::npos) << status;
  }
  const std::string cut(kRfc8410Pem.substr(0, 60));
  for (const std::string& bad :
       {std::string(), std::string("garbage"), cut, Cat(cut, std::string(20000, 'A'))}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadPem(bad, nullptr).status())) << bad.size();
  }
}

TEST_F(PemKeyTest, NeverReplacesAKey) {
  auto store = Store();
  ASSERT_TRUE(store.Create("timestamp").ok());
  EXPECT_TRUE(
      absl::IsAlreadyExists(store.Import("timestamp", *ReadPem(kRfc8410Pem, nullptr)).status()));
  EXPECT_TRUE(absl::IsNotFound(store.Export("absent", Secret("x")).status()));
}

}  // namespace
}  // namespace rind::keystore
