#include "services/offline_signer/proposal_desk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/testing/fake_clock.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/encode.h"
#include "services/offline_signer/approval_socket.h"
#include "services/offline_signer/review.h"
#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {
namespace {

class DeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-desk-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    std::string text = "open sesame";
    keystore::EncryptedFileKeyStore store(files_, random_, JoinPath(folder_, "keys"),
                                          *SecretBytes::TakeFrom(text), sealing::Cost::Least());
    signing::SigningSession::Parts parts;
    parts.policy.kind = signing::SignerKind::kOffline;
    parts.policy.repository = "rind-test";
    parts.policy.lifetimes = *signing::LifetimesOf("default");
    for (const std::string& role : KeyRoles()) {
      keys_.emplace(role, *store.Create(role));
      parts.signers[role] = *store.Open(role);
    }
    const std::string ledger = JoinPath(folder_, "ledger");
    ASSERT_TRUE(
        signing::Ledger::Init(files_, ledger, signing::SigningSession::IdentityOf(parts)).ok());
    session_ = *signing::SigningSession::Open(files_, clock_, ledger, std::move(parts));
  }
  void TearDown() override {
    session_.reset();
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
  }
  std::vector<signing::Proposal> Claimed(std::int64_t version, std::string previous = {}) {
    const tuf::Header header = {*tuf::Version::Create(version), clock_.Now() + absl::Hours(24)};
    return {{.role = tuf::ClaimedRole(),
             .proposed = tuf::EncodeCanonical(tuf::BuildClaims(header, {})),
             .previous = std::move(previous),
             .vouched = {},
             .authorisations = {},
             .receipts = {},
             .files = {}}};
  }
  LaidProposal Lay(ProposalDesk& desk, std::vector<signing::Proposal> documents) {
    auto laid = desk.Propose("rind-test", clock_.Now(), "first", std::move(documents));
    EXPECT_TRUE(laid.ok()) << laid.status();
    return *laid;
  }

  LocalFileSystem files_;
  SystemRandom random_;
  rind::testing::FakeClock clock_;
  std::string folder_;
  std::map<std::string, PublicKey> keys_;
  std::unique_ptr<signing::SigningSession> session_;
};

TEST_F(DeskTest, S01NothingIsSignedBeforeAPersonApprovesWhatWasShown) {
  ProposalDesk desk(*session_, clock_, /*demo_bootstrap=*/false);
  const auto documents = Claimed(1);
  const LaidProposal laid = Lay(desk, documents);
  EXPECT_EQ(laid.state, ProposalState::kWaiting);
  EXPECT_EQ(laid.id, laid.digest.Hex().substr(0, 16));
  EXPECT_TRUE(desk.Fetch(laid.id)->signatures.empty());
  EXPECT_FALSE(desk.Approve(laid.id, Sha256("another")).ok());
  EXPECT_TRUE(session_->LedgerIsEmpty());
  EXPECT_NE(desk.Pending().find(laid.id), std::string::npos);
  ASSERT_TRUE(desk.Approve(laid.id, laid.digest).ok());
  const LaidProposal done = *desk.Fetch(laid.id);
  EXPECT_EQ(done.state, ProposalState::kApproved);
  EXPECT_TRUE(
      keys_.at("claimed").Verify(documents[0].proposed, done.signatures.at(0).signature).ok());
  EXPECT_FALSE(desk.Finished());
}

TEST_F(DeskTest, DemoApprovesVersionOneOnceAndStopsWhenItIsFetched) {
  ProposalDesk desk(*session_, clock_, /*demo_bootstrap=*/true);
  EXPECT_TRUE(desk.DemoBootstrap());
  const auto documents = Claimed(1);
  const LaidProposal laid = Lay(desk, documents);
  EXPECT_EQ(laid.state, ProposalState::kApproved);
  EXPECT_FALSE(desk.Finished());
  ASSERT_TRUE(desk.Fetch(laid.id).ok());
  EXPECT_TRUE(desk.Finished());
  EXPECT_FALSE(desk.DemoBootstrap());
  // A version 2 waits for a person, also here.
  EXPECT_EQ(Lay(desk, Claimed(2, documents[0].proposed)).state, ProposalState::kWaiting);
  // A desk that starts again answers what was signed with the same signatures.
  ProposalDesk again(*session_, clock_, /*demo_bootstrap=*/true);
  EXPECT_EQ(Lay(again, documents).signatures.at(0).signature, laid.signatures.at(0).signature);
}

TEST_F(DeskTest, S02ARefusedProposalSaysWhy) {
  ProposalDesk desk(*session_, clock_, /*demo_bootstrap=*/true);
  const LaidProposal laid = Lay(desk, Claimed(3));
  EXPECT_EQ(laid.state, ProposalState::kRefused);
  EXPECT_EQ(desk.Fetch(laid.id)->rule, "S-02");
  EXPECT_FALSE(desk.Approve(laid.id, laid.digest).ok());
}

TEST_F(DeskTest, ReviewNamesEveryDifference) {
  const tuf::Header header = {*tuf::Version::Create(2), clock_.Now() + absl::Hours(48)};
  const tuf::RoleSigners before = {{keys_.at("root")}};
  const tuf::RoleSigners after = {{keys_.at("targets")}};
  auto documents = Claimed(2);
  documents[0].previous = tuf::EncodeCanonical(
      tuf::BuildClaims({tuf::Version::First(), clock_.Now()}, {{"gone", before}, {"six", before}}));
  documents[0].proposed =
      tuf::EncodeCanonical(tuf::BuildClaims(header, {{"six", after}, {"young", after}}));
  const std::string text =
      Review("rind-test", "why\n\x1b[31m", documents, Sha256("digest"), clock_.Now());
  for (const std::string_view wanted :
       {"claimed v2 (was v1", "new      project young: 1 of 1: ", "changed  project six: 1 of 1: ",
        "REMOVED  project gone: ", "in 2 d"}) {
    EXPECT_NE(text.find(wanted), std::string::npos) << wanted << " in\n" << text;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "a reason can't paint the terminal";
}

TEST_F(DeskTest, TheSocketShowsAndApproves) {
  ProposalDesk desk(*session_, clock_, /*demo_bootstrap=*/false);
  const LaidProposal laid = Lay(desk, Claimed(1));
  const std::string path = JoinPath(folder_, "approve.sock");
  EXPECT_TRUE(absl::IsUnavailable(AskSigner(path, "pending").status()));
  const auto socket = ApprovalSocket::Start(path, desk);
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_NE(AskSigner(path, "pending")->find(laid.id), std::string::npos);
  EXPECT_TRUE(AskSigner(path, Cat("review ", laid.id))->starts_with(laid.digest.Hex()));
  EXPECT_FALSE(AskSigner(path, "propose x").ok());
  EXPECT_FALSE(AskSigner(path, Cat("approve ", laid.id, " ", Sha256("x").Hex())).ok());
  EXPECT_TRUE(AskSigner(path, Cat("approve ", laid.id, " ", laid.digest.Hex())).ok());
  EXPECT_EQ(desk.Fetch(laid.id)->state, ProposalState::kApproved);
}

}  // namespace
}  // namespace rind::offline_signer
