// A delegation manager in an attacker's hands, against the real signer processes over mutual TLS.
//
// The test holds the manager's certificate and asks for what no manager may have. Every request
// must come back as a refusal of the rule that the table names, and the honest request that follows
// must still be signed: a refusal changes nothing.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/rpc/channel.h"
#include "common/testing/certificates.h"
#include "common/testing/child_process.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/encode.h"

#include "rind/signer/v1/signer.grpc.pb.h"

namespace rind {
namespace {

namespace pb = signer::v1;

constexpr std::string_view kRepository = "rind-attack";
constexpr int kBits = 4;

// An Ed25519 key of the test's own: an offline role's, or a developer's.
class OwnKey {
 public:
  OwnKey() { crypto_sign_keypair(public_, secret_); }
  PublicKey key() const {
    return *PublicKey::FromEd25519({reinterpret_cast<const char*>(public_), sizeof public_});
  }
  std::string Sign(std::string_view message) const {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         secret_);
    return signature;
  }
  template <typename Document>
  std::string File(const Document& document) const {
    const std::string canonical = tuf::EncodeCanonical(document);
    return tuf::EncodeEnvelope(canonical, {{tuf::KeyId::Of(key()), Sign(canonical)}});
  }

 private:
  unsigned char public_[crypto_sign_PUBLICKEYBYTES];
  unsigned char secret_[crypto_sign_SECRETKEYBYTES];
};

absl::Time WholeSecond(absl::Time time) { return absl::FromUnixSeconds(absl::ToUnixSeconds(time)); }

// One signer process, set up as its operator would.
class SignerProcess {
 public:
  SignerProcess(const std::string& home, const std::string& name, const std::string& policy,
                const testing::TestAuthority& authority, rpc::TlsFiles as)
      : folder_(JoinPath(home, name)) {
    authority.Issue(JoinPath(folder_, "tls"), name);
    const std::string config = JoinPath(folder_, "config.toml");
    const std::string roles = name.substr(0, name.find('-'));
    EXPECT_TRUE(files_
                    .Replace(config,
                             Cat("[service]\nlisten = \"127.0.0.1:0\"\n[tls]\nca = \"tls/ca.pem\"\n"
                                 "certificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n"
                                 "[callers]\n\"/rind.signer.v1.Signer/Sign\" = "
                                 "[\"delegation-manager\"]\n\"/rind.signer.v1.Signer/GetState\" = "
                                 "[\"delegation-manager\"]\n[repository]\nid = \"",
                                 kRepository, "\"\n[signer]\nroles = \"", roles,
                                 "\"\n[keys]\ndirectory = \"keys\"\npassphrase_file = "
                                 "\"passphrase\"\n[ledger]\ndirectory = \"ledger\"\n[policy]\n",
                                 policy),
                             0600)
                    .ok());
    const std::string program = JoinPath(testing::ProgramFolder(), "rind-online-signer");
    const auto made = testing::RunProgram(
        {program, "init", "--config", config, "--make-passphrase"}, absl::Seconds(60));
    EXPECT_TRUE(made.ok()) << made.status();
    auto started = testing::ChildProcess::Start({program, "serve", "--config", config});
    EXPECT_TRUE(started.ok()) << started.status();
    process_ = *std::move(started);
    const auto ready = process_->WaitForLine("READY", absl::Seconds(60));
    EXPECT_TRUE(ready.ok()) << ready.status();
    if (!ready.ok()) return;
    const std::string address = ready->substr(ready->rfind(' ') + 1);
    const auto channel = rpc::Connect({.address = address, .peer = name, .tls = std::move(as)});
    EXPECT_TRUE(channel.ok()) << channel.status();
    stub_ = pb::Signer::NewStub(*channel);
  }

  pb::GetStateResponse State() {
    grpc::ClientContext context;
    rpc::Prepare(context, absl::Seconds(20));
    pb::GetStateResponse answer;
    const grpc::Status status = stub_->GetState(&context, {}, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }

  PublicKey KeyOf(std::string_view role) {
    const pb::GetStateResponse state = State();
    for (const auto& keys : state.keys()) {
      if (keys.role() == role) {
        return *PublicKey::Create(KeyScheme::kEd25519, keys.keys(0).material());
      }
    }
    ADD_FAILURE() << "no key for " << role;
    return OwnKey().key();
  }

  // One document; a refusal of the whole call comes back as one of its rule.
  pb::Outcome Sign(const pb::Document& document, std::string_view repository = kRepository,
                   absl::Duration clock_off = absl::ZeroDuration()) {
    grpc::ClientContext context;
    rpc::Prepare(context, absl::Seconds(20));
    pb::SignRequest request;
    request.set_repository_id(std::string(repository));
    request.set_manager_time(absl::ToUnixSeconds(SystemClock().Now() + clock_off));
    *request.add_documents() = document;
    pb::SignResponse answer;
    const grpc::Status status = stub_->Sign(&context, request, &answer);
    if (status.ok() && answer.outcomes_size() == 1) return answer.outcomes(0);
    pb::Outcome refused;
    refused.mutable_refusal()->set_message(status.error_message());
    refused.mutable_refusal()->set_rule(status.error_message().substr(0, 4));
    return refused;
  }

  const std::string& folder() const { return folder_; }

 private:
  LocalFileSystem files_;
  std::string folder_;
  std::unique_ptr<testing::ChildProcess> process_;
  std::unique_ptr<pb::Signer::Stub> stub_;
};

// The system that the hostile manager sits in, with an honest first version of everything.
class HostileManager : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_GE(sodium_init(), 0);
    home_ = testing::NewFolder("hostile");
    authority_ = std::make_unique<testing::TestAuthority>();
    const rpc::TlsFiles manager = authority_->Issue(JoinPath(home_, "tls"), "delegation-manager");
    SystemRandom random;
    LocalFileSystem files;
    syncer_ = std::make_unique<evidence::StatementKey>(*evidence::StatementKey::Generate(random));
    officer_ = std::make_unique<evidence::StatementKey>(*evidence::StatementKey::Generate(random));
    ASSERT_TRUE(
        evidence::SavePublicKey(files, JoinPath(home_, "evidence.pub"), syncer_->public_key())
            .ok());
    ASSERT_TRUE(
        evidence::SavePublicKey(files, JoinPath(home_, "officer.pub"), officer_->public_key())
            .ok());
    content_ = std::make_unique<SignerProcess>(
        home_, "content-signer",
        "evidence_key_files = [\"../evidence.pub\"]\nclaims_officer_key_file = \"../officer.pub\"\n"
        "receipt_key_out = \"../receipt.pub\"\nbins = 16\n",
        *authority_, manager);
    release_ = std::make_unique<SignerProcess>(home_, "release-signer",
                                               "receipt_key_files = [\"../receipt.pub\"]\n",
                                               *authority_, manager);
    Bootstrap();
  }
  static void TearDownTestSuite() {
    release_.reset();
    content_.reset();
    LocalFileSystem files;
    EXPECT_TRUE(RemoveTree(files, home_).ok());
  }

  static tuf::Header HeaderOf(std::int64_t version, absl::Duration life) {
    return {.version = *tuf::Version::Create(version),
            .expires = WholeSecond(SystemClock().Now() + life)};
  }
  static tuf::RoleSigners One(const PublicKey& key) { return {.keys = {key}}; }

  template <typename Document>
  static pb::Document Propose(std::string_view role, const Document& document,
                              std::string_view previous) {
    pb::Document out;
    out.set_role(std::string(role));
    out.set_signed_(tuf::EncodeCanonical(document));
    out.set_previous(std::string(previous));
    return out;
  }

  // The syncer's honest word on a project, for those of its targets that `bin` holds.
  static rind::common::v1::VouchedTargets Vouch(const evidence::StatementKey& key,
                                                std::string project,
                                                std::vector<evidence::VouchedTarget> targets,
                                                std::int64_t serial,
                                                std::string repository = std::string(kRepository)) {
    std::sort(targets.begin(), targets.end());
    const evidence::EvidenceStatement statement{.repository = std::move(repository),
                                                .project = std::move(project),
                                                .serial = serial,
                                                .time = WholeSecond(SystemClock().Now()),
                                                .count = targets.size(),
                                                .targets_root = evidence::MerkleRoot(targets)};
    rind::common::v1::VouchedTargets out;
    out.mutable_evidence()->set_statement(evidence::Encode(statement));
    out.mutable_evidence()->set_key_id(key.key_id());
    out.mutable_evidence()->set_signature(key.Sign(evidence::Encode(statement)));
    for (std::size_t i = 0; i < targets.size(); ++i) {
      auto* vouched = out.add_targets();
      vouched->mutable_target()->set_path(targets[i].path.text());
      vouched->mutable_target()->set_length(targets[i].length);
      vouched->mutable_target()->set_sha256(std::string(targets[i].sha256.Bytes()));
      vouched->set_index(i);
      for (const Sha256Digest& node : evidence::AuditPath(targets, i)) {
        vouched->add_path(std::string(node.Bytes()));
      }
    }
    return out;
  }
  static evidence::VouchedTarget Leaf(std::string_view path, std::string_view content) {
    return {
        .path = *tuf::TargetPath::Parse(path), .length = content.size(), .sha256 = Sha256(content)};
  }
  static tuf::TargetFile Entry(std::string_view content,
                               std::optional<std::int64_t> serial = std::nullopt) {
    return {.length = content.size(),
            .hashes = tuf::Hashes::OfSha256(Sha256(content)),
            .serial = serial,
            .custom = ""};
  }
  static std::string BinOf(std::string_view path) {
    const auto bins = *tuf::SuccinctRoles::Create({{}, *tuf::Threshold::Create(1)}, kBits, "bin");
    return bins.BinName(bins.BinFor(path)).text();
  }
  // A file name of project six that falls into the bin of its page.
  static std::string FileBesideThePage(std::string_view stem) {
    for (int i = 0;; ++i) {
      std::string path = Cat("files/six/", stem, "-", i, ".whl");
      if (BinOf(path) == BinOf(kPage)) return path;
    }
  }

  // What an honest manager got signed: version 1 of all, one project in its bin, one snapshot.
  static void Bootstrap() {
    bin_ = BinOf(kPage);
    file_ = FileBesideThePage("six-1");
    for (int i = 0; i < (1 << kBits); ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const std::string name = Cat("bin-", kDigits[static_cast<std::size_t>(i)]);
      tuf::Targets bin{
          .header = HeaderOf(1, absl::Hours(24 * 6)), .targets = {}, .delegations = {}};
      if (name == bin_) {
        bin.targets.emplace(kPage, Entry("page one", 10));
        bin.targets.emplace(file_, Entry("wheel one"));
        bin_one_ = bin;
      }
      pb::Document proposal = Propose(name, bin, "");
      if (name == bin_) {
        *proposal.add_vouched() =
            Vouch(*syncer_, "six", {Leaf(kPage, "page one"), Leaf(file_, "wheel one")}, 10);
      }
      Record(name, bin, content_->Sign(proposal), *content_, "bins");
    }
    recently_ = tuf::BuildClaims(HeaderOf(1, absl::Hours(24 * 6)), {});
    Record("recently-claimed", recently_,
           content_->Sign(Propose("recently-claimed", recently_, "")), *content_,
           "recently-claimed");

    const auto life = absl::Hours(24 * 360);
    root_ = offline_.File(
        tuf::BuildRoot({HeaderOf(1, life), One(offline_.key()), One(targets_key_.key()),
                        One(release_->KeyOf("snapshot")), One(release_->KeyOf("timestamp"))}));
    AddOffline("targets",
               targets_key_.File(tuf::BuildTopTargets(HeaderOf(1, life), One(claimed_key_.key()),
                                                      One(content_->KeyOf("recently-claimed")),
                                                      One(unclaimed_key_.key()))));
    AddOffline("claimed", claimed_key_.File(tuf::BuildClaims(HeaderOf(1, life), {})));
    AddOffline("unclaimed", unclaimed_key_.File(tuf::BuildUnclaimed(
                                HeaderOf(1, life), One(content_->KeyOf("bins")), kBits)));
    snapshot_.header = HeaderOf(1, absl::Hours(24 * 6));
    const auto outcome = release_->Sign(SnapshotProposal(snapshot_, ""));
    ASSERT_TRUE(outcome.has_signed_()) << outcome.refusal().message();
    const std::string canonical = tuf::EncodeCanonical(snapshot_);
    snapshot_file_ = tuf::EncodeEnvelope(
        canonical, {{tuf::KeyId::Of(release_->KeyOf("snapshot")), outcome.signed_().signature()}});
    timestamp_ = TimestampOf(1, 1, snapshot_file_);
    const auto stamped = release_->Sign(Propose("timestamp", timestamp_, ""));
    ASSERT_TRUE(stamped.has_signed_()) << stamped.refusal().message();
  }

  static void Record(const std::string& role, const tuf::Targets& document,
                     const pb::Outcome& outcome, SignerProcess& signer, std::string_view key_role) {
    ASSERT_TRUE(outcome.has_signed_()) << role << ": " << outcome.refusal().message();
    const std::string file = tuf::EncodeEnvelope(
        tuf::EncodeCanonical(document),
        {{tuf::KeyId::Of(signer.KeyOf(key_role)), outcome.signed_().signature()}});
    EXPECT_EQ(outcome.signed_().sha256(), Sha256(file).Bytes()) << "docs/formats/metadata.md";
    snapshot_.roles.insert_or_assign(*tuf::RoleName::Parse(role), MetaOf(1, file));
    receipts_.push_back(outcome.signed_().receipt());
    if (role == "recently-claimed") files_.push_back({role, file});
  }
  static void AddOffline(const std::string& role, std::string file) {
    snapshot_.roles.insert_or_assign(*tuf::RoleName::Parse(role), MetaOf(1, file));
    files_.push_back({role, std::move(file)});
  }
  static tuf::FileMeta MetaOf(std::int64_t version, std::string_view file) {
    return {.version = *tuf::Version::Create(version),
            .length = file.size(),
            .hashes = tuf::Hashes::OfSha256(Sha256(file))};
  }
  static tuf::Timestamp TimestampOf(std::int64_t version, std::int64_t snapshot,
                                    std::string_view file) {
    return {.header = HeaderOf(version, absl::Hours(23)), .snapshot = MetaOf(snapshot, file)};
  }
  static pb::Document SnapshotProposal(const tuf::Snapshot& snapshot, std::string_view previous) {
    pb::Document proposal = Propose("snapshot", snapshot, previous);
    for (const auto& receipt : receipts_) *proposal.add_receipts() = receipt;
    auto* root = proposal.add_files();
    root->set_role("root");
    root->set_bytes(root_);
    for (const auto& [role, bytes] : files_) {
      auto* file = proposal.add_files();
      file->set_role(role);
      file->set_bytes(bytes);
    }
    return proposal;
  }

  // The bin's next version, as an honest manager would begin it.
  static tuf::Targets NextBin() {
    tuf::Targets next = bin_one_;
    next.header = HeaderOf(2, absl::Hours(24 * 6));
    return next;
  }
  static std::string BinBefore() { return tuf::EncodeCanonical(bin_one_); }

  static void ExpectRefusal(std::string_view name, std::string_view rule,
                            const pb::Outcome& outcome) {
    ASSERT_TRUE(outcome.has_refusal()) << name << ": was signed";
    EXPECT_EQ(outcome.refusal().rule(), rule) << name << ": " << outcome.refusal().message();
    std::printf("  %-5s %-48s %s\n", outcome.refusal().rule().c_str(), std::string(name).c_str(),
                outcome.refusal().message().substr(0, 120).c_str());
  }

  static constexpr const char* kPage = "simple/six/index.json";
  static inline std::string home_, bin_, file_, root_, snapshot_file_;
  static inline std::unique_ptr<testing::TestAuthority> authority_;
  static inline std::unique_ptr<evidence::StatementKey> syncer_, officer_;
  static inline std::unique_ptr<SignerProcess> content_, release_;
  static inline OwnKey offline_, targets_key_, claimed_key_, unclaimed_key_;
  static inline tuf::Targets bin_one_, recently_;
  static inline tuf::Snapshot snapshot_;
  static inline tuf::Timestamp timestamp_;
  static inline std::vector<rind::common::v1::Receipt> receipts_;
  static inline std::vector<std::pair<std::string, std::string>> files_;
};

TEST_F(HostileManager, GetsNoBinThatNobodyVouchedFor) {
  const std::string added = FileBesideThePage("six-2");
  const std::string elsewhere = [] {
    for (int i = 0;; ++i) {
      std::string path = Cat("files/six/away-", i, ".whl");
      if (BinOf(path) != bin_) return path;
    }
  }();
  SystemRandom random;
  const auto stranger = *evidence::StatementKey::Generate(random);
  const auto with = [&](const std::string& path, const tuf::TargetFile& entry) {
    tuf::Targets next = NextBin();
    next.targets.insert_or_assign(path, entry);
    return Propose(bin_, next, BinBefore());
  };
  const auto vouched = [](pb::Document document, rind::common::v1::VouchedTargets word) {
    *document.add_vouched() = std::move(word);
    return document;
  };
  const auto leaf = Leaf(added, "wheel two");

  struct Case {
    std::string_view name, rule;
    pb::Document document;
  };
  auto tampered = Vouch(*syncer_, "six", {leaf}, 11);
  tampered.mutable_targets(0)->mutable_target()->set_length(1);
  auto jump = NextBin();
  jump.header.version = *tuf::Version::Create(3);
  auto again = bin_one_;
  again.targets.erase(file_);
  auto long_lived = NextBin();
  long_lived.header.expires += absl::Hours(24 * 30);
  auto dead = NextBin();
  dead.header.expires = WholeSecond(SystemClock().Now() - absl::Hours(1));
  pb::Document indented = Propose(bin_, NextBin(), BinBefore());
  indented.set_signed_(Cat(" ", indented.signed_()));
  pb::Document lied = Propose(bin_, NextBin(), BinBefore());
  lied.set_previous(tuf::EncodeCanonical(again));

  const std::vector<Case> cases = {
      {"a new file without evidence", "S-06", with(added, Entry("wheel two"))},
      {"a new file with a stranger's evidence", "S-06",
       vouched(with(added, Entry("wheel two")), Vouch(stranger, "six", {leaf}, 11))},
      {"a new file with another project's evidence", "S-06",
       vouched(with(added, Entry("wheel two")), Vouch(*syncer_, "seven", {leaf}, 11))},
      {"a new file with evidence for another repository", "S-09",
       vouched(with(added, Entry("wheel two")), Vouch(*syncer_, "six", {leaf}, 11, "rind-other"))},
      {"a new file under evidence for other bytes", "S-06",
       vouched(with(added, Entry("malware")), Vouch(*syncer_, "six", {leaf}, 11))},
      {"a new file under a bent proof", "S-06", vouched(with(added, Entry("wheel two")), tampered)},
      {"a new page without evidence", "S-06", with(kPage, Entry("page two", 11))},
      {"an older page with genuine evidence", "S-05",
       vouched(with(kPage, Entry("page zero", 9)),
               Vouch(*syncer_, "six", {Leaf(kPage, "page zero")}, 9))},
      {"another hash for a known file, vouched for", "S-05",
       vouched(with(file_, Entry("wheel one, bent")),
               Vouch(*syncer_, "six", {Leaf(file_, "wheel one, bent")}, 11))},
      {"a path in a bin that it does not hash into", "S-06",
       vouched(with(elsewhere, Entry("x")), Vouch(*syncer_, "six", {Leaf(elsewhere, "x")}, 11))},
      {"a version jump", "S-02", Propose(bin_, jump, BinBefore())},
      {"a second document for version 1", "S-04", Propose(bin_, again, "")},
      {"a lifetime over the role's", "S-03", Propose(bin_, long_lived, BinBefore())},
      {"an expiry in the past", "S-03", Propose(bin_, dead, BinBefore())},
      {"a role that is not its own", "S-01",
       Propose("timestamp", TimestampOf(2, 1, snapshot_file_), "")},
      {"an offline role", "S-01",
       Propose("claimed", tuf::BuildClaims(HeaderOf(2, absl::Hours(24)), {}), "")},
      {"bytes that are not canonical", "P-05", indented},
      {"a previous document that it never signed", "S-02", lied},
  };
  for (const Case& c : cases) ExpectRefusal(c.name, c.rule, content_->Sign(c.document));
  const pb::Document honest =
      vouched(with(added, Entry("wheel two")), Vouch(*syncer_, "six", {leaf}, 11));
  ExpectRefusal("a repository that is not its own", "S-09", content_->Sign(honest, "rind-other"));
  ExpectRefusal("a clock that is an hour off", "S-03",
                content_->Sign(honest, kRepository, absl::Hours(1)));

  const pb::Outcome signed_at_last = content_->Sign(honest);
  ASSERT_TRUE(signed_at_last.has_signed_()) << signed_at_last.refusal().message();
  EXPECT_EQ(content_->Sign(honest).signed_().signature(), signed_at_last.signed_().signature())
      << "S-02: an exact repeat gets the same signature";
  std::uint64_t refusals = 0;
  const pb::GetStateResponse state = content_->State();
  for (const auto& [rule, count] : state.refusals()) refusals += count;
  EXPECT_GE(refusals, cases.size()) << "every refusal is counted";
}

TEST_F(HostileManager, GetsNoClaimThatNobodyAuthorised) {
  const OwnKey developer;
  const OwnKey thief;
  const auto claim = [&](const OwnKey& key) {
    return Propose("recently-claimed",
                   tuf::BuildClaims(HeaderOf(2, absl::Hours(24 * 6)), {{"six", One(key.key())}}),
                   tuf::EncodeCanonical(recently_));
  };
  const auto authorise = [&](pb::Document document, const OwnKey& named, const OwnKey* possessed,
                             const evidence::StatementKey* officer,
                             std::string repository = std::string(kRepository)) {
    const std::string statement = evidence::Encode(
        evidence::ClaimStatement{.repository = std::move(repository),
                                 .project = "six",
                                 .keys = {named.key()},
                                 .threshold = *tuf::Threshold::Create(1),
                                 .expires = WholeSecond(SystemClock().Now() + absl::Hours(24))});
    auto* authorisation = document.add_authorisations();
    authorisation->set_statement(statement);
    const auto add = [&](const std::string& id, const std::string& bytes) {
      auto* signature = authorisation->add_signatures();
      signature->set_key_id(id);
      signature->set_signature(bytes);
    };
    if (possessed != nullptr) {
      add(evidence::StatementKeyId(named.key()),
          possessed->Sign(evidence::StatementMessage(statement)));
    }
    if (officer != nullptr) add(officer->key_id(), officer->Sign(statement));
    return document;
  };
  SystemRandom random;
  const auto impostor = *evidence::StatementKey::Generate(random);

  ExpectRefusal("a claim without authorisation", "S-08", content_->Sign(claim(thief)));
  ExpectRefusal("a claim without the officer", "S-08",
                content_->Sign(authorise(claim(thief), thief, &thief, nullptr)));
  ExpectRefusal("a claim by a false officer", "S-08",
                content_->Sign(authorise(claim(thief), thief, &thief, &impostor)));
  ExpectRefusal("a claim without possession of the key", "S-08",
                content_->Sign(authorise(claim(thief), thief, nullptr, officer_.get())));
  ExpectRefusal("a claim with another's proof of possession", "S-08",
                content_->Sign(authorise(claim(thief), thief, &developer, officer_.get())));
  ExpectRefusal("an authorisation for other keys", "S-08",
                content_->Sign(authorise(claim(thief), developer, &developer, officer_.get())));
  ExpectRefusal(
      "an authorisation for another repository", "S-09",
      content_->Sign(authorise(claim(thief), thief, &thief, officer_.get(), "rind-other")));

  const pb::Document honest = authorise(claim(developer), developer, &developer, officer_.get());
  const pb::Outcome claimed = content_->Sign(honest);
  ASSERT_TRUE(claimed.has_signed_()) << claimed.refusal().message();
  // Taking it away again is not the manager's either: that takes a signed `claimed` that shows it.
  pb::Document removal = Propose(
      "recently-claimed", tuf::BuildClaims(HeaderOf(3, absl::Hours(24 * 6)), {}), honest.signed_());
  ExpectRefusal("a claim that disappears", "S-07", content_->Sign(removal));
  pb::Document rekeyed =
      Propose("recently-claimed",
              tuf::BuildClaims(HeaderOf(3, absl::Hours(24 * 6)), {{"six", One(thief.key())}}),
              honest.signed_());
  ExpectRefusal("a claim that changes its keys", "S-08", content_->Sign(rekeyed));
}

TEST_F(HostileManager, GetsNoSnapshotThatGoesBackOrLies) {
  const auto next = [] {
    tuf::Snapshot snapshot = snapshot_;
    snapshot.header = HeaderOf(2, absl::Hours(24 * 6));
    return snapshot;
  };
  const std::string before = tuf::EncodeCanonical(snapshot_);
  const tuf::RoleName bin = *tuf::RoleName::Parse(bin_);
  const auto meta = [&](const char* role) -> tuf::RoleName { return *tuf::RoleName::Parse(role); };

  tuf::Snapshot dropped = next();
  dropped.roles.erase(bin);
  tuf::Snapshot unproved = next();
  unproved.roles.insert_or_assign(bin, MetaOf(2, "a bin that nobody signed"));
  tuf::Snapshot rehashed = next();
  rehashed.roles.insert_or_assign(bin, MetaOf(1, "other bytes for version 1"));
  tuf::Snapshot offline = next();
  offline.roles.insert_or_assign(meta("claimed"), MetaOf(2, "a file that nobody signed"));
  tuf::Snapshot invented = next();
  invented.roles.insert_or_assign(meta("project.six"), MetaOf(1, "no such delegation"));

  ExpectRefusal("a dropped role", "S-07", release_->Sign(SnapshotProposal(dropped, before)));
  ExpectRefusal("a bin without a receipt", "S-07",
                release_->Sign(SnapshotProposal(unproved, before)));
  ExpectRefusal("other bytes for the same version", "S-07",
                release_->Sign(SnapshotProposal(rehashed, before)));
  ExpectRefusal("an offline role without its file", "S-07",
                release_->Sign(SnapshotProposal(offline, before)));
  ExpectRefusal("a project role that nobody delegates to", "S-07",
                release_->Sign(SnapshotProposal(invented, before)));

  pb::Document forged = SnapshotProposal(unproved, before);
  SystemRandom random;
  const auto stranger = *evidence::StatementKey::Generate(random);
  const std::string statement = evidence::Encode(
      evidence::ReceiptStatement{.repository = std::string(kRepository),
                                 .role = bin,
                                 .version = *tuf::Version::Create(2),
                                 .sha256 = Sha256("a bin that nobody signed"),
                                 .length = std::string_view("a bin that nobody signed").size()});
  auto* receipt = forged.add_receipts();
  receipt->set_statement(statement);
  receipt->set_key_id(stranger.key_id());
  receipt->set_signature(stranger.Sign(statement));
  ExpectRefusal("a stranger's receipt", "S-07", release_->Sign(forged));

  const std::string previous = tuf::EncodeCanonical(timestamp_);
  ExpectRefusal(
      "a timestamp of a snapshot that it did not sign", "S-07",
      release_->Sign(Propose("timestamp", TimestampOf(2, 1, "another snapshot"), previous)));
  ExpectRefusal("a timestamp of a version to come", "S-07",
                release_->Sign(Propose("timestamp", TimestampOf(2, 2, snapshot_file_), previous)));
  const auto stamped =
      release_->Sign(Propose("timestamp", TimestampOf(2, 1, snapshot_file_), previous));
  EXPECT_TRUE(stamped.has_signed_()) << stamped.refusal().message();
}

}  // namespace
}  // namespace rind
