#include "common/signing/signing_session.h"

#include <thread>

#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

class SessionTest : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    session_ = *Open(SignerKind::kContent);
  }
  void Reopen() {
    session_.reset();
    auto session = Open(SignerKind::kContent);
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
  }
  Proposal Empty(std::int64_t version, const Proposal* previous = nullptr,
                 absl::Duration life = absl::Hours(24)) {
    return Document("bin-3", tuf::EncodeCanonical(tuf::Targets{HeaderOf(version, life), {}, {}}),
                    previous);
  }
  std::unique_ptr<SigningSession> session_;
};

TEST_F(SessionTest, S01SignsOnlyItsOwnRoles) {
  const std::string bytes = Empty(1).proposed;
  for (const std::string role : {"root", "targets", "snapshot", "timestamp", "claimed", "unclaimed",
                                 "project.six", "bin-", "bin-3G", "bin-00000", "bins", "recent"}) {
    SCOPED_TRACE(role);
    ExpectRefused(AskOne(*session_, Document(role, bytes)).status(), "S-01", "content signer");
  }
  for (const auto& [kind, roles] : std::map<SignerKind, std::vector<std::string>>{
           {SignerKind::kRelease, {"root", "targets", "bin-3", "recently-claimed", "claimed"}},
           {SignerKind::kOffline, {"snapshot", "timestamp", "bin-3", "recently-claimed"}}}) {
    for (const std::string& role : roles) {
      EXPECT_EQ(KeyRoleOf(kind, Role(role)).ok(), false) << NameOf(kind) << " " << role;
    }
  }
}

TEST_F(SessionTest, S02WantsTheNextVersionAndTheLastDocument) {
  ExpectRefused(AskOne(*session_, Empty(2)).status(), "S-02", "newest version is 0: wanted 1");
  const Proposal first = Empty(1);
  ASSERT_TRUE(AskOne(*session_, first).ok());
  ExpectRefused(AskOne(*session_, Empty(3, &first)).status(), "S-02", "wanted 2");
  ExpectRefused(AskOne(*session_, Empty(2)).status(), "S-02", "previous document");
  const Proposal forged = Empty(1, nullptr, absl::Hours(1));
  ExpectRefused(AskOne(*session_, Empty(2, &forged)).status(), "S-02", "previous document");
  const Proposal second = Empty(2, &first);
  ASSERT_TRUE(AskOne(*session_, second).ok());
  ExpectRefused(AskOne(*session_, Empty(1, nullptr, absl::Hours(2))).status(), "S-02", "wanted 3");
}

TEST_F(SessionTest, S02ARepeatGetsTheSameSignatureAlsoAfterARestart) {
  const Proposal first = Empty(1);
  const Outcome signed_once = AskOne(*session_, first);
  ASSERT_TRUE(signed_once.ok());
  const auto same = [&](const Outcome& again) {
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->signature, signed_once->signature);
    EXPECT_EQ(again->sha256, signed_once->sha256);
    EXPECT_EQ(again->length, signed_once->length);
  };
  same(AskOne(*session_, first));
  Reopen();
  same(AskOne(*session_, first));
  clock_.Advance(absl::Hours(48));  // a repeat is no new decision: it may have expired
  same(AskOne(*session_, first));
}

TEST_F(SessionTest, S04NeverTwoDocumentsForOneVersion) {
  ASSERT_TRUE(AskOne(*session_, Empty(1)).ok());
  const Proposal other = Empty(1, nullptr, absl::Hours(2));
  ExpectRefused(AskOne(*session_, other).status(), "S-04", "another document with this version");
  Reopen();
  ExpectRefused(AskOne(*session_, other).status(), "S-04", "another document with this version");
}

TEST_F(SessionTest, S04AnIntentWithoutItsSignatureBindsToo) {
  // A signer that dies between intent and signature has the intent on disk and nothing else.
  const Proposal first = Empty(1);
  session_.reset();
  {
    Ledger ledger = *Ledger::Open(files_, JoinPath(Folder(SignerKind::kContent), "ledger"),
                                  SigningSession::IdentityOf(Parts(SignerKind::kContent)));
    ledger.Stage({.role = first.role,
                  .version = 1,
                  .digest = Sha256(first.proposed),
                  .expires = now() + absl::Hours(24),
                  .time = now(),
                  .departed = {},
                  .root = {},
                  .offline = {}});
    ASSERT_TRUE(ledger.Sync().ok());
  }
  Reopen();
  ExpectRefused(AskOne(*session_, Empty(1, nullptr, absl::Hours(2))).status(), "S-04");
  EXPECT_TRUE(AskOne(*session_, first).ok());
}

TEST_F(SessionTest, S03BoundsTheLifetime) {
  ExpectRefused(
      AskOne(*session_, Empty(1, nullptr, absl::Hours(24 * 7) + absl::Seconds(61))).status(),
      "S-03", "wanted at most 7 d");
  ExpectRefused(AskOne(*session_, Empty(1, nullptr, absl::Seconds(0))).status(), "S-03", "expires");
  EXPECT_TRUE(AskOne(*session_, Empty(1, nullptr, absl::Hours(24 * 7) + absl::Seconds(60))).ok());
}

TEST_F(SessionTest, S03RefusesClocksThatDisagreeOrRanBackwards) {
  const std::vector<Proposal> documents = {Empty(1)};
  for (const absl::Duration off : {absl::Seconds(61), absl::Seconds(-61)}) {
    const auto outcomes = session_->Sign({kRepository, now() + off, documents});
    ExpectRefused(outcomes->front().status(), "S-03", "60 s");
  }
  ASSERT_TRUE(AskOne(*session_, documents[0]).ok());
  clock_.Advance(absl::Seconds(-1));
  ExpectRefused(AskOne(*session_, Empty(2, &documents[0])).status(), "S-03", "ran backwards");
}

TEST_F(SessionTest, S09RefusesAnotherRepository) {
  const std::vector<Proposal> documents = {Empty(1)};
  const auto outcomes = session_->Sign({"rind-other", now(), documents});
  ExpectRefused(outcomes->front().status(), "S-09", "rind-other");
}

TEST_F(SessionTest, S09OneKeyHasOneRole) {
  auto parts = Parts(SignerKind::kContent);
  std::string text = "open sesame";
  const keystore::EncryptedFileKeyStore store(files_, random_,
                                              JoinPath(Folder(SignerKind::kContent), "keys"),
                                              *SecretBytes::TakeFrom(text), sealing::Cost::Least());
  parts.signers["recently-claimed"] = *store.Open("bins");
  const std::string ledger = JoinPath(folder_, "twice");
  ASSERT_TRUE(Ledger::Init(files_, ledger, SigningSession::IdentityOf(parts)).ok());
  const auto session = SigningSession::Open(files_, clock_, ledger, std::move(parts));
  EXPECT_TRUE(absl::IsFailedPrecondition(session.status())) << session.status();
}

TEST_F(SessionTest, P05TakesOnlyTheBytesThatItWouldWriteItself) {
  for (const std::string& bytes :
       {Cat(Empty(1).proposed, " "), std::string("{}"), std::string(),
        std::string(R"({"_type":"targets","x":1,)") + Empty(1).proposed.substr(19)}) {
    ExpectRefused(AskOne(*session_, Document("bin-3", bytes)).status(), "P-05");
  }
}

TEST_F(SessionTest, S02TwoVersionsAndARepeatInOneBatch) {
  const Proposal first = Empty(1);
  const Proposal second = Empty(2, &first);
  const auto outcomes = Ask(*session_, {first, second, second, Empty(5)});
  ASSERT_TRUE(outcomes.ok());
  EXPECT_TRUE((*outcomes)[0].ok());
  ASSERT_TRUE((*outcomes)[1].ok());
  EXPECT_EQ((*outcomes)[1]->signature, (*outcomes)[2]->signature);
  ExpectRefused((*outcomes)[3].status(), "S-02");
}

TEST_F(SessionTest, S02IdenticalRequestsAtOnceGiveOneSignature) {
  const Proposal first = Empty(1);
  const Proposal rival = Empty(1, nullptr, absl::Hours(2));
  std::vector<Outcome> outcomes(8, Internal("not run"));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    threads.emplace_back([&, i] { outcomes[i] = AskOne(*session_, i % 2 == 0 ? first : rival); });
  }
  for (std::thread& thread : threads) thread.join();
  int good = 0;
  for (const Outcome& outcome : outcomes) good += outcome.ok() ? 1 : 0;
  EXPECT_EQ(good, 4) << "one document won and its four askers have its signature";
  EXPECT_EQ(session_->State({}).signatures, 1u);
}

TEST_F(SessionTest, S11EveryOutcomeIsInAnAuditLogThatShowsTampering) {
  const Proposal first = Empty(1);
  ASSERT_TRUE(AskOne(*session_, first).ok());
  ASSERT_FALSE(AskOne(*session_, Empty(3)).ok());
  ASSERT_TRUE(AskOne(*session_, first).ok());
  session_.reset();
  const std::string path = AuditLogPath(JoinPath(Folder(SignerKind::kContent), "ledger"));
  const std::string log = *files_.Read(path, 1 << 20);
  EXPECT_NE(log.find("\"outcome\":\"signed\""), std::string::npos);
  EXPECT_NE(log.find("\"rule\":\"S-02\""), std::string::npos);
  EXPECT_NE(log.find("\"outcome\":\"repeated\""), std::string::npos);
  ASSERT_EQ(VerifyAuditLog(files_, path)->lines, 3u);
  // A change of the last line shows only in the head, which monitors keep.
  const std::size_t last_line = log.rfind('\n', log.size() - 2) + 1;
  for (std::size_t i = 0; i < last_line; i += 3) {
    std::string changed = log;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    ASSERT_TRUE(files_.Replace(path, changed, 0600).ok());
    ASSERT_TRUE(absl::IsDataLoss(VerifyAuditLog(files_, path).status())) << "byte " << i;
  }
  ASSERT_TRUE(files_.Replace(path, log.substr(log.find('\n') + 1), 0600).ok());
  EXPECT_TRUE(absl::IsDataLoss(VerifyAuditLog(files_, path).status())) << "the first line is gone";
  ASSERT_TRUE(files_.Replace(path, log.substr(0, log.size() - 5), 0600).ok());
  Reopen();
  EXPECT_EQ(VerifyAuditLog(files_, path)->lines, 2u) << "a torn last line is cut";
}

TEST_F(SessionTest, S04ABatchOfManyBinsIsQuick) {
  session_.reset();
  auto parts = Parts(SignerKind::kContent);
  parts.policy.bin_bits = 0;
  session_ = *OpenWith(SignerKind::kContent, std::move(parts));
  std::vector<Proposal> batch;
  for (int i = 0; i < 512; ++i) {
    const char digits[] = "0123456789abcdef";
    batch.push_back(Document(Cat("bin-", digits[i / 256], digits[i / 16 % 16], digits[i % 16]),
                             Empty(1).proposed));
  }
  const auto outcomes = Ask(*session_, batch);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  for (const Outcome& outcome : *outcomes) ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(session_->State({"bin-1ff"}).roles.at("bin-1ff").version, 1);
}

// Signs as the key in it does, and says that it could not do so twice.
class NeverTheSame final : public keystore::PrivateSigner {
 public:
  explicit NeverTheSame(std::unique_ptr<keystore::PrivateSigner> signer)
      : signer_(std::move(signer)) {}
  const PublicKey& public_key() const override { return signer_->public_key(); }
  bool deterministic() const override { return false; }
  StatusOr<std::string> Sign(keystore::SigningPermit permit,
                             std::string_view message) const override {
    return signer_->Sign(permit, message);
  }

 private:
  std::unique_ptr<keystore::PrivateSigner> signer_;
};

// What the ledger's file holds at this moment, as after a crash.
class LedgerOnDiskTest : public World {
 protected:
  bool HoldsSignature(bool deterministic) {
    auto parts = Parts(SignerKind::kContent);
    const LedgerIdentity identity = SigningSession::IdentityOf(parts);
    if (!deterministic) {
      parts.signers["bins"] = std::make_unique<NeverTheSame>(std::move(parts.signers["bins"]));
    }
    const auto session = *OpenWith(SignerKind::kContent, std::move(parts));
    const tuf::Targets empty{HeaderOf(1), {}, {}};
    const Outcome signature = AskOne(*session, Document("bin-3", tuf::EncodeCanonical(empty)));
    EXPECT_TRUE(signature.ok()) << signature.status();
    const std::string copy = JoinPath(folder_, "copy");
    EXPECT_TRUE(files_.MakeDirectories(copy, 0700).ok());
    const std::string bytes = *files_.Read(LedgerFile(SignerKind::kContent), 1 << 20);
    EXPECT_TRUE(files_.Create(LedgerPath(copy), bytes, 0600).ok());
    const auto ledger = Ledger::Open(files_, copy, identity);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    const Remembered* const last = ledger->memory().Find(Role("bin-3"));
    EXPECT_NE(last, nullptr) << "the intent is always there";
    return last != nullptr && last->signature == signature->signature;
  }
};

TEST_F(LedgerOnDiskTest, S04ASignatureThatCantBeMadeAgainIsOnDiskBeforeItLeaves) {
  EXPECT_TRUE(HoldsSignature(false));
}

TEST_F(LedgerOnDiskTest, AnEd25519SignatureWaitsForTheNextFrame) {
  EXPECT_FALSE(HoldsSignature(true)) << "one sync a batch, not two";
}

}  // namespace
}  // namespace rind::signing
