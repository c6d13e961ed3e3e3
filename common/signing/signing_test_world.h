// A small world for tests of the signers' rules: keys, statements, documents, a session on disk.
//
// Promise: everything that it makes is genuine; tests change one thing and see what is refused.
// Threading: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/signing/signing_session.h"
#include "common/testing/fake_clock.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/encode.h"

namespace rind::signing {

inline constexpr char kRepository[] = "rind-test";

// A key in the open, for roles that other people sign.
class OpenKey {
 public:
  explicit OpenKey(Random& random) : key_(*evidence::StatementKey::Generate(random)) {}
  const evidence::StatementKey& statements() const { return key_; }
  const PublicKey& public_key() const { return key_.public_key(); }

 private:
  evidence::StatementKey key_;
};

class World : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-signing-", ::getpid(), "-",
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    ASSERT_TRUE(files_.MakeDirectories(folder_, 0700).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }

  absl::Time now() const { return clock_.Now(); }
  std::string Folder(SignerKind kind) const { return JoinPath(folder_, NameOf(kind)); }
  static tuf::RoleName Role(std::string_view name) { return *tuf::RoleName::Parse(name); }
  tuf::Header HeaderOf(std::int64_t version, absl::Duration life = absl::Hours(24)) const {
    return {*tuf::Version::Create(version), now() + life};
  }

  static std::vector<std::string> RolesOf(SignerKind kind) {
    switch (kind) {
      case SignerKind::kRelease:
        return {"snapshot", "timestamp"};
      case SignerKind::kContent:
        return {"bins", "recently-claimed"};
      case SignerKind::kOffline:
        return {"claimed", "root", "targets", "unclaimed"};
    }
    return {};
  }

  // Keys are made at the first call and found again at the next.
  SigningSession::Parts Parts(SignerKind kind) {
    std::string text = "open sesame";
    keystore::EncryptedFileKeyStore store(files_, random_, JoinPath(Folder(kind), "keys"),
                                          *SecretBytes::TakeFrom(text), sealing::Cost::Least());
    SigningSession::Parts parts;
    parts.policy.kind = kind;
    parts.policy.repository = kRepository;
    parts.policy.lifetimes = *LifetimesOf("default");
    parts.policy.evidence_keys = {syncer_.public_key(), second_syncer_.public_key()};
    parts.policy.bin_bits = 4;
    parts.policy.claims_officer = officer_.public_key();
    parts.policy.receipt_keys = {receipts_.public_key()};
    for (const std::string& role : RolesOf(kind)) {
      if (!store.Open(role).ok()) {
        EXPECT_TRUE(store.Create(role).ok());
      }
      parts.signers[role] = *store.Open(role);
      parts.policy.own_keys.insert_or_assign(role, parts.signers[role]->public_key());
    }
    return parts;
  }
  // Opens a session, with a new ledger at the first call.
  StatusOr<std::unique_ptr<SigningSession>> Open(SignerKind kind) {
    return OpenWith(kind, Parts(kind));
  }
  StatusOr<std::unique_ptr<SigningSession>> OpenWith(SignerKind kind, SigningSession::Parts parts) {
    const std::string ledger = JoinPath(Folder(kind), "ledger");
    if (!files_.Stat(LedgerPath(ledger)).ok()) {
      EXPECT_TRUE(Ledger::Init(files_, ledger, SigningSession::IdentityOf(parts)).ok());
    }
    return SigningSession::Open(files_, clock_, ledger, std::move(parts));
  }
  std::string LedgerFile(SignerKind kind) const {
    return LedgerPath(JoinPath(Folder(kind), "ledger"));
  }
  PublicKey OwnKey(SignerKind kind, const std::string& role) {
    return Parts(kind).policy.own_keys.at(role);
  }

  StatusOr<std::vector<Outcome>> Ask(SigningSession& session,
                                     const std::vector<Proposal>& documents) {
    return session.Sign({kRepository, now(), documents});
  }
  Outcome AskOne(SigningSession& session, const Proposal& document) {
    const auto outcomes = Ask(session, {document});
    if (!outcomes.ok()) return outcomes.status();
    return outcomes->front();
  }

  // A target whose path hashes into one of 16 bins; its bin is the first digit of the path's hash.
  static std::string BinOf(const std::string& path) { return Cat("bin-", Sha256(path).Hex()[0]); }
  static evidence::VouchedTarget Target(const std::string& path, std::string_view content) {
    return {*tuf::TargetPath::Parse(path), content.size(), Sha256(content)};
  }
  static tuf::TargetFile Entry(const evidence::VouchedTarget& target, std::int64_t serial = 0) {
    tuf::TargetFile entry;
    entry.length = target.length;
    entry.hashes = tuf::Hashes::OfSha256(target.sha256);
    if (target.path.text().starts_with("simple/")) entry.serial = serial;
    return entry;
  }
  // Evidence over `targets` (sorted here), all of them shown.
  SuppliedEvidence Vouch(const OpenKey& key, std::vector<evidence::VouchedTarget> targets,
                         std::int64_t serial = 0, std::string project = "six") const {
    std::sort(targets.begin(), targets.end());
    const evidence::MerkleTree tree(targets);
    const std::string statement = evidence::Encode(evidence::EvidenceStatement{
        kRepository, std::move(project), serial, now(), targets.size(), tree.root()});
    SuppliedEvidence supplied = {
        {statement, key.statements().key_id(), key.statements().Sign(statement)}, {}};
    for (std::size_t i = 0; i < targets.size(); ++i) {
      supplied.targets.push_back({targets[i], i, tree.Path(i)});
    }
    return supplied;
  }
  Proposal Bin(const std::string& role, std::int64_t version,
               const std::map<std::string, tuf::TargetFile>& entries,
               const Proposal* previous = nullptr) const {
    tuf::Targets document = {HeaderOf(version), {}, std::nullopt};
    for (const auto& [path, entry] : entries) document.targets.emplace(path, entry);
    return Document(role, tuf::EncodeCanonical(document), previous);
  }
  static Proposal Document(std::string_view role, std::string canonical,
                           const Proposal* previous = nullptr) {
    return {.role = Role(role),
            .proposed = std::move(canonical),
            .previous = previous == nullptr ? "" : previous->proposed,
            .vouched = {},
            .authorisations = {},
            .receipts = {},
            .files = {}};
  }

  // An authorisation by the officer and each key.
  SuppliedAuthorisation Authorise(const OpenKey& officer, const std::string& project,
                                  const std::vector<const OpenKey*>& keys,
                                  std::int64_t threshold = 1,
                                  absl::Duration life = absl::Hours(1)) const {
    evidence::ClaimStatement statement = {
        kRepository, project, {}, *tuf::Threshold::Create(threshold), now() + life};
    for (const OpenKey* key : keys) statement.keys.push_back(key->public_key());
    std::sort(statement.keys.begin(), statement.keys.end(),
              [](const PublicKey& a, const PublicKey& b) { return a.material() < b.material(); });
    SuppliedAuthorisation supplied = {evidence::Encode(statement), {}};
    const auto sign = [&](const OpenKey& key) {
      supplied.signatures.push_back(
          {key.statements().key_id(), key.statements().Sign(supplied.statement)});
    };
    sign(officer);
    for (const OpenKey* key : keys) sign(*key);
    return supplied;
  }
  Proposal Claims(std::string_view role, std::int64_t version,
                  const std::vector<tuf::ClaimedProject>& projects,
                  const Proposal* previous = nullptr) const {
    return Document(role, tuf::EncodeCanonical(tuf::BuildClaims(HeaderOf(version), projects)),
                    previous);
  }
  static tuf::ClaimedProject Claimed(const std::string& project,
                                     const std::vector<const OpenKey*>& keys) {
    tuf::ClaimedProject claimed = {project, {}};
    for (const OpenKey* key : keys) claimed.signers.keys.push_back(key->public_key());
    return claimed;
  }

  SignedStatement Receipt(const std::string& role, std::int64_t version, std::string_view file,
                          const OpenKey* key = nullptr) const {
    const OpenKey& by = key == nullptr ? receipts_ : *key;
    const std::string statement = evidence::Encode(evidence::ReceiptStatement{
        kRepository, Role(role), *tuf::Version::Create(version), Sha256(file), file.size()});
    return {statement, by.statements().key_id(), by.statements().Sign(statement)};
  }
  static tuf::FileMeta Meta(std::int64_t version, std::string_view file) {
    return {*tuf::Version::Create(version), file.size(), tuf::Hashes::OfSha256(Sha256(file))};
  }

  LocalFileSystem files_;
  SystemRandom random_;
  rind::testing::FakeClock clock_;
  std::string folder_;
  OpenKey syncer_{random_}, second_syncer_{random_}, stranger_{random_}, officer_{random_},
      receipts_{random_}, developer_{random_};
};

// Refused by `rule`, with `says` in the text.
inline void ExpectRefused(const Status& status, std::string_view rule, std::string_view says = "") {
  const auto found = status.GetPayload("rind.rule");
  EXPECT_EQ(found.has_value() ? std::string(*found) : "none", rule) << status;
  EXPECT_NE(std::string(status.message()).find(says), std::string::npos)
      << status << "\nwanted to read: " << says;
}

}  // namespace rind::signing
