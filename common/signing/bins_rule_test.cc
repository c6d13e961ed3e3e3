#include <algorithm>

#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

// One file and one page of six, in whatever bins they hash into.
class BinsRule : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    session_ = *Open(SignerKind::kContent);
  }
  Proposal FileBin(std::int64_t version, std::string_view content = "wheel",
                   const Proposal* previous = nullptr) {
    return Bin(bin_, version, {{kFile, Entry(Target(kFile, content))}}, previous);
  }
  Proposal PageBin(std::int64_t version, std::string_view content, std::int64_t serial,
                   const Proposal* previous = nullptr) {
    return Bin(BinOf(kPage), version, {{kPage, Entry(Target(kPage, content), serial)}}, previous);
  }
  Proposal Signed(Proposal proposal) {
    const Outcome outcome = AskOne(*session_, proposal);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return proposal;
  }

  static constexpr char kFile[] = "files/six/six-1.0.whl";
  static constexpr char kPage[] = "simple/six/index.html";
  const std::string bin_ = BinOf(kFile);
  std::unique_ptr<SigningSession> session_;
};

TEST_F(BinsRule, S06SignsANewFileWithEvidence) {
  Proposal proposal = FileBin(1);
  proposal.vouched = {Vouch(syncer_, {Target(kFile, "wheel"), Target("files/six/other", "x")})};
  const Outcome outcome = AskOne(*session_, proposal);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const PublicKey key = session_->policy().own_keys.at("bins");
  EXPECT_TRUE(key.Verify(proposal.proposed, outcome->signature).ok());
  EXPECT_EQ(outcome->sha256, Sha256(tuf::EncodeEnvelope(
                                 proposal.proposed, {{tuf::KeyId::Of(key), outcome->signature}})));
}

TEST_F(BinsRule, S06RefusesANewFileThatNobodyVouchesFor) {
  const auto right = Vouch(syncer_, {Target(kFile, "wheel")});
  struct Case {
    std::string_view name;
    std::vector<SuppliedEvidence> vouched;
    std::string_view rule;
    std::string_view says;
  };
  auto forged = right;
  forged.evidence.signature[0] = static_cast<char>(forged.evidence.signature[0] ^ 1);
  auto elsewhere = right;
  elsewhere.evidence.statement =
      evidence::Encode(evidence::EvidenceStatement{"rind-other", "six", 0, now(), 1, Sha256("")});
  elsewhere.evidence.signature = syncer_.statements().Sign(elsewhere.evidence.statement);
  auto moved = right;
  moved.targets[0].index = 1;
  clock_.Advance(absl::Seconds(61));
  const auto future = Vouch(syncer_, {Target(kFile, "wheel")});
  clock_.Advance(absl::Seconds(-61));
  for (const Case& c : std::vector<Case>{
           {"none", {}, "S-06", "found evidence by 0 syncers, wanted 1"},
           {"of other content", {Vouch(syncer_, {Target(kFile, "other")})}, "S-06", "by 0 syncers"},
           {"by a stranger", {Vouch(stranger_, {Target(kFile, "wheel")})}, "S-06", "none of the 2"},
           {"forged", {forged}, "S-06", ""},
           {"for another repository", {elsewhere}, "S-09", "rind-other"},
           {"under another project",
            {Vouch(syncer_, {Target(kFile, "wheel")}, 0, "seven")},
            "S-06",
            "another project's"},
           {"at another place in the tree", {moved}, "S-06", "leaf"},
           {"from the future", {future}, "S-06", "and it is"}}) {
    SCOPED_TRACE(c.name);
    Proposal proposal = FileBin(1);
    proposal.vouched = c.vouched;
    ExpectRefused(AskOne(*session_, proposal).status(), c.rule, c.says);
  }
}

TEST_F(BinsRule, S06TwoOfTwoSyncersMeansTwoDistinctKeys) {
  session_.reset();
  auto parts = Parts(SignerKind::kContent);
  parts.policy.evidence_threshold = 2;
  session_ = *OpenWith(SignerKind::kContent, std::move(parts));
  Proposal proposal = FileBin(1);
  const auto first = Vouch(syncer_, {Target(kFile, "wheel")});
  proposal.vouched = {first};
  ExpectRefused(AskOne(*session_, proposal).status(), "S-06", "by 1 syncers, wanted 2");
  proposal.vouched = {first, first};
  ExpectRefused(AskOne(*session_, proposal).status(), "S-06", "by 1 syncers, wanted 2");
  proposal.vouched = {first, Vouch(second_syncer_, {Target(kFile, "wheel")})};
  EXPECT_TRUE(AskOne(*session_, proposal).ok());
}

TEST_F(BinsRule, S05AFileKeepsItsFirstHash) {
  Proposal first = FileBin(1);
  first.vouched = {Vouch(syncer_, {Target(kFile, "wheel")})};
  Signed(first);
  Proposal changed = FileBin(2, "other", &first);
  changed.vouched = {Vouch(syncer_, {Target(kFile, "other")})};
  ExpectRefused(AskOne(*session_, changed).status(), "S-05", "keeps its hash");
  Signed(FileBin(2, "wheel", &first));  // unchanged: no evidence needed
}

TEST_F(BinsRule, S05ADepartedFileReturnsOnlyWithItsHashAndNewEvidence) {
  Proposal first = FileBin(1);
  const auto old = Vouch(syncer_, {Target(kFile, "wheel")});
  first.vouched = {old};
  Signed(first);
  clock_.Advance(absl::Hours(1));
  Proposal empty = Signed(Bin(bin_, 2, {}, &first));
  Proposal other = FileBin(3, "other", &empty);
  other.vouched = {Vouch(syncer_, {Target(kFile, "other")})};
  ExpectRefused(AskOne(*session_, other).status(), "S-05", "would return with");
  Proposal same = FileBin(3, "wheel", &empty);
  same.vouched = {old};
  ExpectRefused(AskOne(*session_, same).status(), "S-06", "by 0 syncers");
  same.vouched = {Vouch(syncer_, {Target(kFile, "wheel")})};
  Signed(same);
}

TEST_F(BinsRule, S05TombstonesOutliveTheProcess) {
  Proposal first = FileBin(1);
  first.vouched = {Vouch(syncer_, {Target(kFile, "wheel")})};
  Signed(first);
  Proposal empty = Signed(Bin(bin_, 2, {}, &first));
  session_.reset();
  session_ = *Open(SignerKind::kContent);
  Proposal other = FileBin(3, "other", &empty);
  other.vouched = {Vouch(syncer_, {Target(kFile, "other")})};
  ExpectRefused(AskOne(*session_, other).status(), "S-05", "would return with");
}

TEST_F(BinsRule, S05APageNeverGoesBackToALowerSerial) {
  Proposal first = PageBin(1, "page", 7);
  const auto vouch = [&](std::string_view content, std::int64_t serial) {
    return std::vector{Vouch(syncer_, {Target(kPage, content)}, serial)};
  };
  first.vouched = vouch("page", 7);
  Signed(first);
  Proposal back = PageBin(2, "old", 6, &first);
  back.vouched = vouch("old", 6);
  ExpectRefused(AskOne(*session_, back).status(), "S-05", "has serial 6: wanted at least 7");
  Proposal lies = PageBin(2, "new", 9, &first);
  lies.vouched = vouch("new", 8);
  ExpectRefused(AskOne(*session_, lies).status(), "S-06", "serial 9");
  Proposal silent = PageBin(2, "new", 8, &first);
  ExpectRefused(AskOne(*session_, silent).status(), "S-06", "by 0 syncers");
  Proposal next = PageBin(2, "new", 8, &first);
  next.vouched = vouch("new", 8);
  Signed(next);
  Proposal gone = Signed(Bin(BinOf(kPage), 3, {}, &next));
  Proposal returns = PageBin(4, "page", 7, &gone);
  returns.vouched = vouch("page", 7);
  ExpectRefused(AskOne(*session_, returns).status(), "S-05", "wanted at least 8");
}

TEST_F(BinsRule, S06RefusesWhatHasNoPlaceInABin) {
  const auto entry = Entry(Target(kFile, "wheel"));
  const auto page = Entry(Target(kPage, "page"), 1);
  auto custom = entry;
  custom.custom = "{\"x\":1}";
  auto serial = entry;
  serial.serial = 3;
  auto bare = page;
  bare.serial.reset();
  struct Case {
    std::string_view name;
    std::string path;
    tuf::TargetFile entry;
    std::string bin;
  };
  const std::string wrong_bin = bin_ == "bin-0" ? "bin-1" : "bin-0";
  for (const Case& c : std::vector<Case>{
           {"another bin's path", kFile, entry, wrong_bin},
           {"a custom member", kFile, custom, bin_},
           {"a serial on a file", kFile, serial, bin_},
           {"a page without a serial", kPage, bare, BinOf(kPage)},
           {"a path outside of simple and files", "other/six/a", entry, BinOf("other/six/a")},
           {"a deeper path", "files/six/a/b", entry, BinOf("files/six/a/b")},
           {"a page of another name", "simple/six/x.html", page, BinOf("simple/six/x.html")},
           {"a path that climbs", "files/six/..", entry, BinOf("files/six/..")}}) {
    SCOPED_TRACE(c.name);
    Proposal proposal = Bin(c.bin, 1, {{c.path, c.entry}});
    const auto path = tuf::TargetPath::Parse(c.path);
    if (path.ok()) {
      proposal.vouched = {Vouch(syncer_, {{*path, c.entry.length, *c.entry.hashes.sha256()}},
                                c.entry.serial.value_or(0))};
    }
    ExpectRefused(AskOne(*session_, proposal).status(), "S-06");
  }
}

TEST_F(BinsRule, S06TheListOfAllProjectsIsTheManagersOwn) {
  const std::string list = "simple/index.html";
  tuf::TargetFile entry = Entry(Target(list, "<a>"), 0);
  entry.serial.reset();
  EXPECT_TRUE(AskOne(*session_, Bin(BinOf(list), 1, {{list, entry}})).ok());
}

TEST_F(BinsRule, S08ABinDelegatesToNobody) {
  tuf::Targets document = tuf::BuildClaims(HeaderOf(1), {});
  ExpectRefused(AskOne(*session_, Document("bin-0", tuf::EncodeCanonical(document))).status(),
                "S-08");
}

TEST_F(BinsRule, S06WithoutAConfiguredCountAnyThatTheNameAllowsWillDo) {
  session_.reset();
  auto parts = Parts(SignerKind::kContent);
  parts.policy.bin_bits = 0;
  session_ = *OpenWith(SignerKind::kContent, std::move(parts));
  Proposal good = FileBin(1);
  good.vouched = {Vouch(syncer_, {Target(kFile, "wheel")})};
  EXPECT_TRUE(AskOne(*session_, good).ok());
  Proposal stray =
      Bin(bin_ == "bin-f" ? "bin-e" : "bin-f", 1, {{kFile, Entry(Target(kFile, "wheel"))}});
  stray.vouched = good.vouched;
  ExpectRefused(AskOne(*session_, stray).status(), "S-06", "does not hash");
}

}  // namespace
}  // namespace rind::signing
