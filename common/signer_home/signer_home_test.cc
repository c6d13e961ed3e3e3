#include "common/signer_home/signer_home.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/signing/ledger.h"
#include "common/testing/fake_clock.h"

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
                                                  .keys_folder = In("keys"),
                                                  .passphrase_file = In("passphrase"),
                                                  .ledger_folder = In("ledger")});
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

}  // namespace
}  // namespace rind::signer_home
