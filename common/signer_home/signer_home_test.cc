#include "common/signer_home/signer_home.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/signing/ledger.h"
#include "common/testing/child_process.h"
#include "common/testing/fake_clock.h"
#include "common/testing/softhsm_leaks.h"

namespace rind::signer_home {
namespace {

class SignerHomeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-signer-home-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    ASSERT_TRUE(files_.MakeDirectories(folder_, 0700).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }

  std::string In(std::string_view name) const { return JoinPath(folder_, name); }
  SignerHome Home() {
    return SignerHome({files_, clock_, random_}, {.kind = signing::SignerKind::kRelease,
                                                  .repository = "rind-test",
                                                  .key_roles = {"snapshot", "timestamp"},
                                                  .keys = {In("keys"), In("passphrase"), token_},
                                                  .ledger_folder = In("ledger"),
                                                  .seals_more = false});
  }
  Status Init(const std::vector<std::string>& arguments) {
    return Home().Init(arguments, [&](const SecretBytes&) { return more_; });
  }
  // The public keys of all roles, in one text.
  std::string Keys() {
    auto signers = Home().OpenKeys(*Home().Passphrase({}));
    if (!signers.ok()) return "";
    std::string keys;
    for (const auto& [role, signer] : *signers) keys += signer->public_key().identity();
    return keys;
  }

  LocalFileSystem files_;
  testing::FakeClock clock_;
  SystemRandom random_;
  Status more_;
  std::optional<TokenConfig> token_;
  std::string folder_;
};

TEST_F(SignerHomeTest, IsMadeOnce) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  const std::string keys = Keys();
  EXPECT_FALSE(keys.empty());
  EXPECT_TRUE(absl::IsAlreadyExists(Init({"--make-passphrase"})));
  EXPECT_TRUE(Init({"--make-passphrase", "--keep"}).ok());
  EXPECT_EQ(Keys(), keys);
}

TEST_F(SignerHomeTest, GoesOnWhereItWasInterrupted) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  const std::string keys = Keys();
  // As if the process had ended before the ledger was made.
  ASSERT_TRUE(RemoveTree(files_, In("ledger")).ok());
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  EXPECT_EQ(Keys(), keys);
}

TEST_F(SignerHomeTest, HasNoLedgerBeforeAllElseIsMade) {
  more_ = Unavailable("disk full");
  EXPECT_TRUE(absl::IsUnavailable(Init({"--make-passphrase"})));
  EXPECT_FALSE(files_.Stat(signing::LedgerPath(In("ledger"))).ok());
}

TEST_F(SignerHomeTest, IsNotDestroyedWhileTheSignerRuns) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  {
    const auto running = AppendFile::Open(signing::LedgerPath(In("ledger")), 0600);
    ASSERT_TRUE(running.ok());
    EXPECT_FALSE(Home().Destroy({"--yes"}, "").ok());
    EXPECT_FALSE(Keys().empty());
  }
  ASSERT_TRUE(Home().Destroy({"--yes"}, "").ok());
  EXPECT_FALSE(files_.Stat(In("keys")).ok());
  EXPECT_FALSE(files_.Stat(In("ledger")).ok());
}

TEST_F(SignerHomeTest, S12AKeyGoesOutEncryptedAndComesIntoANewSigner) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  const std::string keys = Keys();
  ASSERT_TRUE(files_.Create(In("pem-passphrase"), "on the train\n", 0600).ok());
  for (const std::string role : {"snapshot", "timestamp"}) {
    const Status out = Home().ExportKey(
        {role, "--out", In(role + ".pem"), "--pem-passphrase-file", In("pem-passphrase")});
    ASSERT_TRUE(out.ok()) << out;
  }
  const std::vector<std::string> import = {"snapshot", In("snapshot.pem"), "--pem-passphrase-file",
                                           In("pem-passphrase")};
  EXPECT_TRUE(absl::IsFailedPrecondition(Home().ImportKey(import))) << "it has a ledger";
  ASSERT_TRUE(RemoveTree(files_, In("ledger")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Home().ImportKey(import))) << "it has a key";
  ASSERT_TRUE(RemoveTree(files_, In("keys")).ok());
  for (const std::string role : {"snapshot", "timestamp"}) {
    const Status in =
        Home().ImportKey({role, In(role + ".pem"), "--pem-passphrase-file", In("pem-passphrase")});
    ASSERT_TRUE(in.ok()) << in;
  }
  ASSERT_TRUE(Init({}).ok());
  EXPECT_EQ(Keys(), keys);
}

TEST_F(SignerHomeTest, SaysWhichKeysItHas) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok());
  for (const Status& status : {Home().ImportKey({"root", "x.pem"}), Home().ImportKey({}),
                               Home().ExportKey({"bins", "--out", In("x")})}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_NE(status.ToString().find("snapshot, timestamp"), std::string::npos) << status;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Home().ExportKey({"snapshot"})));
}

// The same signer with its keys in SoftHSM2.
class TokenHomeTest : public SignerHomeTest {
 protected:
  void SetUp() override {
    SignerHomeTest::SetUp();
    ASSERT_TRUE(files_.MakeDirectories(In("tokens"), 0700).ok());
    const std::string settings = Cat("directories.tokendir = ", In("tokens"),
                                     "\nobjectstore.backend = file\nlog.level = ERROR\n");
    ASSERT_TRUE(files_.Create(In("softhsm2.conf"), settings, 0600).ok());
    ::setenv("SOFTHSM2_CONF", In("softhsm2.conf").c_str(), 1);
    const auto made =
        testing::RunProgram({"/usr/bin/softhsm2-util", "--init-token", "--free", "--label", "rind",
                             "--pin", "4711-cheese", "--so-pin", "0815-cheese"},
                            absl::Seconds(30));
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_TRUE(files_.Create(In("pin"), "4711-cheese\n", 0600).ok());
    token_ = TokenConfig{.module = "/usr/lib/softhsm/libsofthsm2.so",
                         .label = "rind",
                         .pin_file = In("pin"),
                         .scheme = KeyScheme::kEcdsaSha2Nistp256};
  }
};

TEST_F(TokenHomeTest, S12KeysAreMadeInTheTokenAndNoFileHoldsThem) {
  ASSERT_TRUE(Init({"--make-passphrase"}).ok()) << "without a passphrase: nothing is sealed";
  EXPECT_FALSE(files_.Stat(In("passphrase")).ok());
  const auto keys = Home().PublicKeys();
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at("timestamp").scheme(), KeyScheme::kEcdsaSha2Nistp256);
  EXPECT_EQ(Keys(), keys->at("snapshot").identity() + keys->at("timestamp").identity());
  EXPECT_TRUE(files_.List(In("keys"))->empty());
  EXPECT_TRUE(absl::IsFailedPrecondition(Home().ExportKey({"snapshot", "--out", In("x")})));
}

TEST_F(TokenHomeTest, DestroyTakesTheKeysOutOfTheToken) {
  ASSERT_TRUE(Init({}).ok());
  ASSERT_TRUE(Home().Destroy({"--yes"}, "").ok());
  EXPECT_TRUE(Home().PublicKeys()->empty());
}

}  // namespace
}  // namespace rind::signer_home
