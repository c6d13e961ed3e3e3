#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

// A repository with root, targets, claimed, unclaimed (offline) and one bin (a receipt).
class SnapshotRule : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    session_ = *Open(SignerKind::kRelease);
    offline_ = *Open(SignerKind::kOffline);
    files_of_ = MakeOffline();
    snapshot_.roles = {{Role("bin-0"), Meta(1, kBin)}};
    for (const SuppliedFile& file : files_of_) {
      if (file.role != Role("root")) snapshot_.roles.emplace(file.role, Meta(1, file.bytes));
    }
  }
  std::vector<SuppliedFile> MakeOffline() {
    const auto own = [&](SignerKind kind, const char* role) {
      return tuf::RoleSigners{{OwnKey(kind, role)}};
    };
    const tuf::Header header = HeaderOf(1, absl::Hours(24 * 300));
    const auto content = [&](const char* role) { return own(SignerKind::kContent, role); };
    const auto offline = [&](const char* role) { return own(SignerKind::kOffline, role); };
    const std::vector<Proposal> proposals = {
        Document("root",
                 tuf::EncodeCanonical(tuf::BuildRoot({header, offline("root"), offline("targets"),
                                                      own(SignerKind::kRelease, "snapshot"),
                                                      own(SignerKind::kRelease, "timestamp")}))),
        Document("targets", tuf::EncodeCanonical(tuf::BuildTopTargets(header, offline("claimed"),
                                                                      content("recently-claimed"),
                                                                      offline("unclaimed")))),
        Document("claimed", tuf::EncodeCanonical(tuf::BuildClaims(header, {}))),
        Document("unclaimed",
                 tuf::EncodeCanonical(tuf::BuildUnclaimed(header, content("bins"), 4)))};
    const auto results = offline_->SignTogether({kRepository, now(), proposals});
    EXPECT_TRUE(results.ok()) << results.status();
    std::vector<SuppliedFile> files;
    for (std::size_t i = 0; results.ok() && i < proposals.size(); ++i) {
      files.push_back({proposals[i].role,
                       tuf::EncodeEnvelope(
                           proposals[i].proposed,
                           {{*tuf::KeyId::Parse((*results)[i].key_id), (*results)[i].signature}})});
    }
    return files;
  }
  Proposal Make(std::int64_t version, const tuf::Snapshot& content,
                const Proposal* previous = nullptr) {
    tuf::Snapshot snapshot = content;
    snapshot.header = HeaderOf(version);
    Proposal proposal = Document("snapshot", tuf::EncodeCanonical(snapshot), previous);
    if (previous == nullptr) {
      proposal.files = files_of_;
      proposal.receipts = {Receipt("bin-0", 1, kBin)};
    }
    return proposal;
  }
  Proposal First() {
    Proposal first = Make(1, snapshot_);
    first_ = AskOne(*session_, first);
    EXPECT_TRUE(first_.ok()) << first_.status();
    return first;
  }
  Proposal Timestamp(std::int64_t version, const tuf::FileMeta& meta,
                     const Proposal* previous = nullptr) {
    return Document("timestamp", tuf::EncodeCanonical(tuf::Timestamp{HeaderOf(version), meta}),
                    previous);
  }

  static constexpr char kBin[] = "the file of bin-0 v1";
  std::unique_ptr<SigningSession> session_, offline_;
  std::vector<SuppliedFile> files_of_;
  tuf::Snapshot snapshot_;
  Outcome first_ = Internal("not signed");
};

TEST_F(SnapshotRule, S07SignsWhatReceiptsAndFilesProve) {
  First();
  EXPECT_TRUE(session_->State({}).pinned_root.has_value());
}

TEST_F(SnapshotRule, S07RefusesAChangeThatNothingProves) {
  const auto refuse = [&](std::string_view name, const Proposal& proposal, std::string_view rule,
                          std::string_view says) {
    SCOPED_TRACE(name);
    ExpectRefused(AskOne(*session_, proposal).status(), rule, says);
  };
  Proposal proposal = Make(1, snapshot_);
  proposal.receipts.clear();
  refuse("no receipt", proposal, "S-07", "no receipt");
  proposal.receipts = {Receipt("bin-0", 1, kBin, &stranger_)};
  refuse("a stranger's receipt", proposal, "S-07", "none of the 1");
  proposal.receipts = {Receipt("bin-0", 1, "another file")};
  refuse("a receipt for another file", proposal, "S-07", "receipt says");
  proposal.receipts = {Receipt("bin-0", 2, kBin)};
  refuse("a receipt for another version", proposal, "S-07", "receipt says");
  proposal = Make(1, snapshot_);
  proposal.files.pop_back();
  refuse("no file", proposal, "S-07", "its file was not sent along");
  proposal = Make(1, snapshot_);
  proposal.files.erase(proposal.files.begin());
  refuse("no root", proposal, "S-07", "pinned no root");
  proposal = Make(1, snapshot_);
  std::string& bytes = proposal.files[1].bytes;
  bytes.replace(bytes.find("\"sig\":\"") + 7, 4, "0000");
  refuse("a forged signature", proposal, "S-07", "");
  tuf::Snapshot bare = snapshot_;
  bare.roles.at(Role("claimed")).hashes.reset();
  refuse("an offline role without its hash", Make(1, bare), "S-07", "length and sha256");
}

TEST_F(SnapshotRule, S07NeverDropsOrLowersARole) {
  tuf::Snapshot second = snapshot_;
  second.roles.insert_or_assign(Role("bin-0"), Meta(2, "v2"));
  Proposal first = Make(1, second);
  first.receipts = {Receipt("bin-0", 2, "v2")};
  ASSERT_TRUE(AskOne(*session_, first).ok());
  tuf::Snapshot dropped = second;
  dropped.roles.erase(Role("bin-0"));
  ExpectRefused(AskOne(*session_, Make(2, dropped, &first)).status(), "S-07", "drops bin-0");
  Proposal lower = Make(2, snapshot_, &first);
  lower.receipts = {Receipt("bin-0", 1, kBin)};
  ExpectRefused(AskOne(*session_, lower).status(), "S-07", "wanted at least v2");
  EXPECT_TRUE(AskOne(*session_, Make(2, second, &first)).ok()) << "unchanged, signed anew";
}

TEST_F(SnapshotRule, S09WantsARootThatNamesItsOwnKeys) {
  session_.reset();
  ASSERT_TRUE(RemoveTree(files_, Folder(SignerKind::kRelease)).ok());
  session_ = *Open(SignerKind::kRelease);  // new keys
  ExpectRefused(AskOne(*session_, Make(1, snapshot_)).status(), "S-09", "does not name");
}

TEST_F(SnapshotRule, S07TheTimestampNamesTheSnapshotSignedLast) {
  ExpectRefused(AskOne(*session_, Timestamp(1, Meta(1, "x"))).status(), "S-07", "no snapshot");
  const Proposal first = First();
  tuf::FileMeta right = {*tuf::Version::Create(1), first_->length,
                         tuf::Hashes::OfSha256(first_->sha256)};
  tuf::FileMeta wrong = right;
  wrong.version = *tuf::Version::Create(2);
  ExpectRefused(AskOne(*session_, Timestamp(1, wrong)).status(), "S-07", "last signed");
  wrong = right;
  *wrong.length += 1;
  ExpectRefused(AskOne(*session_, Timestamp(1, wrong)).status(), "S-07", "last signed");
  wrong = right;
  wrong.hashes = tuf::Hashes::OfSha256(Sha256("x"));
  ExpectRefused(AskOne(*session_, Timestamp(1, wrong)).status(), "S-07", "last signed");
  wrong = right;
  wrong.hashes.reset();
  ExpectRefused(AskOne(*session_, Timestamp(1, wrong)).status(), "S-07", "length and sha256");
  session_.reset();
  session_ = *Open(SignerKind::kRelease);  // it remembers across a restart
  EXPECT_TRUE(AskOne(*session_, Timestamp(1, right)).ok());
}

TEST_F(SnapshotRule, S08OfflineRootNamesDistinctKeys) {
  const auto key = [&](const char* role) {
    return tuf::RoleSigners{{OwnKey(SignerKind::kOffline, role)}};
  };
  const tuf::RoleSigners online = {{stranger_.public_key()}};
  const auto check = [&](const tuf::RootPlan& plan) {
    auto fresh = Parts(SignerKind::kOffline);
    const auto& policy = fresh.policy;
    return Judge(Document("root", tuf::EncodeCanonical(tuf::BuildRoot(plan))), Memory(), policy,
                 now())
        .status();
  };
  const tuf::Header header = HeaderOf(1);
  ExpectRefused(check({header, key("root"), key("targets"), online, online}), "S-09", "one key");
  ExpectRefused(check({header, key("root"), key("root"), online, {{developer_.public_key()}}}),
                "S-09", "one key");
  ExpectRefused(
      check(
          {header, {{officer_.public_key()}}, key("targets"), online, {{developer_.public_key()}}}),
      "S-09", "own key for root");
}

}  // namespace
}  // namespace rind::signing
