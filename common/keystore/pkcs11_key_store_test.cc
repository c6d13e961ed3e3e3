// Against SoftHSM2 (Debian's softhsm2), the whole way through its PKCS#11 module.
#include "common/keystore/pkcs11_key_store.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/keystore/pkcs11_objects.h"
#include "common/keystore/signing_permit_for_test.h"
#include "common/testing/child_process.h"
#include "common/testing/softhsm_leaks.h"

namespace rind::keystore {
namespace {

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";
constexpr const char* kPin = "4711-cheese";

SecretBytes Secret(std::string text) { return *SecretBytes::TakeFrom(text); }

Status InitToken(const std::string& label) {
  return testing::RunProgram({"/usr/bin/softhsm2-util", "--init-token", "--free", "--label", label,
                              "--pin", kPin, "--so-pin", "0815-cheese"},
                             absl::Seconds(30))
      .status();
}

class Pkcs11KeyStoreTest : public ::testing::TestWithParam<KeyScheme> {
 protected:
  static void SetUpTestSuite() {
    const std::string folder = testing::NewFolder("softhsm");
    LocalFileSystem files;
    ASSERT_TRUE(files.MakeDirectories(JoinPath(folder, "tokens"), 0700).ok());
    const std::string config = JoinPath(folder, "softhsm2.conf");
    ASSERT_TRUE(files
                    .Create(config,
                            Cat("directories.tokendir = ", folder,
                                "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"),
                            0600)
                    .ok());
    ::setenv("SOFTHSM2_CONF", config.c_str(), 1);
    for (const char* const label : {"rind", "twin", "twin"}) {
      const Status made = InitToken(label);
      ASSERT_TRUE(made.ok()) << made;
    }
  }
  static std::shared_ptr<Pkcs11Token> Token() {
    auto token = Pkcs11Token::Open(kModule, "rind", Secret(kPin));
    EXPECT_TRUE(token.ok()) << token.status();
    return *token;
  }
  // A store of its own for each test and scheme: keys stay in the token.
  std::unique_ptr<Pkcs11KeyStore> Store() const {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    return *Pkcs11KeyStore::Create(Token(), Cat(test->name(), "."), GetParam());
  }
};

TEST_P(Pkcs11KeyStoreTest, S12AKeyIsMadeInTheTokenAndSigns) {
  const auto made = Store()->Create("timestamp");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->scheme(), GetParam());
  const auto signer = Store()->Open("timestamp");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ((*signer)->public_key(), *made);
  EXPECT_EQ((*signer)->deterministic(), GetParam() == KeyScheme::kEd25519);
  for (int i = 0; i < 20; ++i) {  // r and s of every length
    const std::string message = Cat("message ", i);
    const auto signature = (*signer)->Sign(SigningPermitForTest::Make(), message);
    ASSERT_TRUE(signature.ok()) << signature.status();
    EXPECT_TRUE(made->Verify(message, *signature).ok());
    EXPECT_FALSE(made->Verify("another", *signature).ok());
  }
  EXPECT_EQ(Store()->PublicKeys()->at("timestamp"), *made);
}

TEST_P(Pkcs11KeyStoreTest, S12NeverReplacesAKey) {
  ASSERT_TRUE(Store()->Create("timestamp").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Store()->Create("timestamp").status()));
  EXPECT_NE(*Store()->Create("snapshot"), Store()->PublicKeys()->at("timestamp"));
}

TEST_P(Pkcs11KeyStoreTest, KeysOfOtherRepositoriesAreNotOurs) {
  ASSERT_TRUE(Store()->Create("timestamp").ok());
  const auto other = *Pkcs11KeyStore::Create(Token(), "another-repository.", GetParam());
  EXPECT_TRUE(absl::IsNotFound(other->Open("timestamp").status()));
  EXPECT_TRUE(other->PublicKeys()->empty());
}

TEST_P(Pkcs11KeyStoreTest, DestroysBothHalves) {
  ASSERT_TRUE(Store()->Create("timestamp").ok());
  EXPECT_TRUE(Store()->Destroy("timestamp").ok());
  EXPECT_TRUE(absl::IsNotFound(Store()->Open("timestamp").status()));
  EXPECT_TRUE(absl::IsNotFound(Store()->Destroy("timestamp")));
  EXPECT_TRUE(Store()->PublicKeys()->empty());
}

TEST_P(Pkcs11KeyStoreTest, SignsAgainAfterItsSessionWasClosed) {
  const PublicKey key = *Store()->Create("timestamp");
  const auto token = Token();
  const auto store = *Pkcs11KeyStore::Create(
      token, Cat(::testing::UnitTest::GetInstance()->current_test_info()->name(), "."), GetParam());
  const auto signer = *store->Open("timestamp");
  const Status closed =
      token->Run("close", [](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
        return functions.C_CloseSession(session);
      });
  ASSERT_TRUE(closed.ok()) << closed;
  const auto signature = signer->Sign(SigningPermitForTest::Make(), "message");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_TRUE(key.Verify("message", *signature).ok());
}

TEST_P(Pkcs11KeyStoreTest, S12RefusesAKeyThatCanBeTakenOut) {
  const auto made =
      testing::RunProgram({"/usr/bin/pkcs11-tool", "--module", kModule, "--token-label", "rind",
                           "--login", "--pin", kPin, "--keypairgen", "--extractable", "--key-type",
                           "EC:prime256v1", "--label", "loose.timestamp", "--id", "77"},
                          absl::Seconds(30));
  ASSERT_TRUE(made.ok()) << made.status();
  const auto store = *Pkcs11KeyStore::Create(Token(), "loose.", GetParam());
  const Status status = store->Open("timestamp").status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_TRUE(store->Destroy("timestamp").ok());
}

INSTANTIATE_TEST_SUITE_P(Curves, Pkcs11KeyStoreTest,
                         ::testing::Values(KeyScheme::kEd25519, KeyScheme::kEcdsaSha2Nistp256),
                         [](const auto& info) {
                           return info.param == KeyScheme::kEd25519 ? "Ed25519" : "P256";
                         });

class Pkcs11TokenTest : public Pkcs11KeyStoreTest {};
INSTANTIATE_TEST_SUITE_P(Token, Pkcs11TokenTest, ::testing::Values(KeyScheme::kEd25519));

TEST_P(Pkcs11TokenTest, SaysWhatIsWrong) {
  const auto error = [](const char* module, const char* label, const char* pin) {
    return Pkcs11Token::Open(module, label, Secret(pin)).status();
  };
  EXPECT_TRUE(absl::IsNotFound(error("/nowhere/module.so", "rind", kPin)));
  const Status other = error(kModule, "gouda", kPin);
  EXPECT_TRUE(absl::IsNotFound(other));
  EXPECT_NE(other.ToString().find("found: "), std::string::npos) << other;
  EXPECT_NE(other.ToString().find("rind"), std::string::npos) << other;
  EXPECT_TRUE(absl::IsFailedPrecondition(error(kModule, "twin", kPin)));
  const Status pin = error(kModule, "rind", "0000-wrong");
  EXPECT_TRUE(absl::IsFailedPrecondition(pin));
  EXPECT_NE(pin.ToString().find("wrong PIN"), std::string::npos) << pin;
  EXPECT_EQ(pin.ToString().find("0000-wrong"), std::string::npos) << "a PIN in an error";
}

TEST_P(Pkcs11TokenTest, NoRsa) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      Pkcs11KeyStore::Create(Token(), "x.", KeyScheme::kRsaPssSha256).status()));
}

TEST(Pkcs11ObjectsTest, ReadsKeysAsTokensWriteThem) {
  const std::string raw =
      "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
      "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
  const std::string curve = *CurveOf(KeyScheme::kEd25519);
  const PublicKey key = *PublicKeyOf(curve, raw);
  EXPECT_EQ(*PublicKeyOf(curve, Cat("\x04\x20", raw)), key) << "in an OCTET STRING";
  EXPECT_EQ(*PublicKeyOf("\x13\x0c"
                         "edwards25519",
                         raw),
            key)
      << "the curve by its name";
  for (const std::string& bad : {std::string(), raw.substr(1), raw + "x", std::string(32, '\0')}) {
    EXPECT_FALSE(PublicKeyOf(curve, bad).ok()) << bad.size();
  }
  EXPECT_FALSE(PublicKeyOf("", raw).ok());
  const std::string p256 = *CurveOf(KeyScheme::kEcdsaSha2Nistp256);
  EXPECT_FALSE(PublicKeyOf(p256, raw).ok());
  EXPECT_FALSE(PublicKeyOf(p256, Cat("\x04", std::string(64, 'x'))).ok()) << "not on the curve";
  EXPECT_FALSE(EcdsaDer("short").ok());
}

}  // namespace
}  // namespace rind::keystore
