#include "services/delegation_manager/claims/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/tuf/json/decode.h"
#include "services/delegation_manager/claims/claims_test_world.h"
#include "services/delegation_manager/claims/promotion.h"
#include "services/delegation_manager/ingest/target_change.h"

namespace rind::delegation_manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kMonth = absl::Hours(24 * 30);

// Publishes what is staged, as far as the tables show it.
class FakePublisher final : public Publisher {
 public:
  FakePublisher(StateStore& state, FileSystem& files) : state_(state), files_(files) {}

  StatusOr<ReleaseResult> Release(bool) override {
    RIND_RETURN_IF_ERROR(answer);
    ReleaseResult result;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto roles, tables.staging.Roles());
      RIND_ASSIGN_OR_RETURN(const auto pages, tables.staging.Pages());
      for (const StagedRole& role : roles) {
        published.push_back(Cat(role.role.text(), " v", role.version.value()));
        RIND_RETURN_IF_ERROR(tables.roles.Put(
            {role.role, role.version, absl::InfiniteFuture(), Sha256(role.file), role.file.size()},
            role.file));
      }
      for (const StagedPage& page : pages) {
        const std::string path = Cat("/public/targets/", page.path.WithHash(page.sha256));
        RIND_RETURN_IF_ERROR(files_.MakeDirectories(ParentPath(path), 0755));
        RIND_RETURN_IF_ERROR(files_.Create(path, page.content, 0644));
      }
      return tables.staging.Drop(UINT32_MAX);
    }));
    result.published = true;
    result.snapshot_version = ++snapshot_;
    return result;
  }
  StatusOr<ReleaseResult> RefreshTimestamp() override { return ReleaseResult{}; }
  Status Recover() override { return OkStatus(); }
  Status Between(const std::function<Status()>& body) override { return body(); }
  std::string LastError() const override { return {}; }

  Status answer;
  std::vector<std::string> published;

 private:
  StateStore& state_;
  FileSystem& files_;
  std::int64_t snapshot_ = 1;
};

class FakeOfflineSigner final : public OfflineSigner {
 public:
  StatusOr<ProposalStatus> Propose(const Proposal& proposal) override {
    RIND_RETURN_IF_ERROR(answer);
    proposals.push_back(proposal);
    status.id = Sha256(proposal.documents[0].canonical).Hex().substr(0, 16);
    return status;
  }
  StatusOr<ProposalStatus> GetProposal(const std::string&) override {
    RIND_RETURN_IF_ERROR(answer);
    return status;
  }
  StatusOr<OfflineState> GetState() override { return OfflineState{}; }

  Status answer;
  std::vector<Proposal> proposals;
  ProposalStatus status;
};

class ClaimsTest : public ::testing::Test {
 protected:
  ClaimsTest() {
    auto uploads = Uploads::Open(local_, random_, JoinPath(root_, "uploads"), blobs_, now_);
    EXPECT_TRUE(uploads.ok()) << uploads.status();
    uploads_ = *std::move(uploads);
    claims_ = std::make_unique<Claims>(Claims::Parts{.repository = "rind-test",
                                                     .public_folder = "/public",
                                                     .state = *state_,
                                                     .publisher = publisher_,
                                                     .uploads = *uploads_,
                                                     .blobs = blobs_,
                                                     .files = files_,
                                                     .clock = clock_});
    promotions_ = std::make_unique<Promotions>(Promotions::Parts{
        .state = *state_, .publisher = publisher_, .offline_signer = offline_, .clock = clock_});
    developers_.contents = {{"six-1.0.tar.gz", "source"}};
    Do([&](Tables& tables) -> Status {
      RIND_RETURN_IF_ERROR(tables.bins.Create(16));
      RIND_RETURN_IF_ERROR(tables.settings.Put(kSettingProfile, "default"));
      RIND_RETURN_IF_ERROR(
          tables.settings.Put(kSettingClaimsOfficer, officer_.public_key().material()));
      Project six;
      six.name = "six";
      six.serial = 5;
      RIND_RETURN_IF_ERROR(tables.projects.Put(six));
      const tuf::RoleSigners offline{.keys = {offline_key_.public_key()}};
      RIND_RETURN_IF_ERROR(PutRole(
          tables, tuf::TopLevelRole::kTargets,
          tuf::BuildTopTargets({tuf::Version::First(), now_ + kMonth}, offline, offline, offline)));
      RIND_RETURN_IF_ERROR(PutRole(tables, tuf::ClaimedRole(),
                                   tuf::BuildClaims({tuf::Version::First(), now_ + kMonth}, {})));
      std::vector<evidence::VouchedTarget> targets;
      for (const auto& [path, file] : developers_.Role(1, now_).targets) {
        targets.push_back({*tuf::TargetPath::Parse(path), file.length, *file.hashes.sha256()});
      }
      for (const auto& [name, content] : {std::pair("index.html", developers_.Pages().html),
                                          std::pair("index.json", developers_.Pages().json)}) {
        RIND_RETURN_IF_ERROR(tables.staging.PutPage(
            {*tuf::TargetPath::Parse(Cat("simple/six/", name)), Sha256(content), content, 1}));
      }
      return ReplaceTargets(tables, "six", targets, Home::kBins, 5, false, 1).status();
    });
  }
  ~ClaimsTest() override { EXPECT_TRUE(RemoveTree(local_, root_).ok()); }

  void Do(const std::function<Status(Tables&)>& body) {
    const Status status = state_->Transact(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  Status PutRole(Tables& tables, const tuf::RoleName& name, const tuf::Targets& document) {
    const std::string canonical = tuf::EncodeCanonical(document);
    const std::string file =
        tuf::EncodeEnvelope(canonical, {{offline_key_.id(), offline_key_.Sign(canonical)}});
    return tables.roles.Put(
        {name, document.header.version, document.header.expires, Sha256(file), file.size()}, file);
  }

  StatusOr<Claim> Request(const Developers& who) {
    return claims_->Request("six", SignClaim(who, who.Statement(now_ + kMonth)),
                            who.Sign(who.Role(1, now_ + kMonth)), who.Pages());
  }
  SignedClaim Authorised(const testing::SimulatedKey& officer) {
    SignedClaim claim = SignClaim(developers_, developers_.Statement(now_ + kMonth));
    claim.signatures.push_back(SignStatement(officer, claim.statement));
    return claim;
  }
  void ClaimSix() {
    ASSERT_TRUE(Request(developers_).ok());
    const auto snapshot = claims_->Authorise(Authorised(officer_));
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  }
  std::size_t InBins() {
    std::size_t count = 0;
    Do([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto targets, tables.targets.OfProject("six"));
      for (const Target& target : targets) count += target.bin ? 1 : 0;
      return OkStatus();
    });
    return count;
  }
  ProjectState StateOfSix() { return claims_->Get("six")->record.state(); }
  void Upload(std::string_view content) {
    auto writer = uploads_->Begin(Sha256(content), content.size());
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(content).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
  }
  StatusOr<std::int64_t> PushIt(std::int64_t version) {
    return claims_->Push("six", developers_.Sign(developers_.Role(version, now_ + kMonth)),
                         developers_.Pages());
  }

  testing::FakeClock clock_;
  const absl::Time now_ = clock_.Now();
  testing::FakeFileSystem files_;
  LocalFileSystem local_;
  SystemRandom random_;
  const std::string root_ =
      Cat(::testing::TempDir(), "rind-claims-", absl::ToUnixMicros(SystemClock().Now()));
  blob::BlobStore blobs_ = *blob::BlobStore::Open(local_, random_, JoinPath(root_, "blobs"));
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<StateStore> state_ = *OpenStateStore(":memory:");
  FakePublisher publisher_{*state_, files_};
  FakeOfflineSigner offline_;
  testing::SimulatedKey officer_ = testing::SimulatedKey::Generate();
  testing::SimulatedKey offline_key_ = testing::SimulatedKey::Generate();
  Developers developers_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<Promotions> promotions_;
};

TEST_F(ClaimsTest, ARequestChangesNothingUntilTheOfficerAnswers) {
  ASSERT_TRUE(Request(developers_).ok());
  EXPECT_EQ(StateOfSix(), ProjectState::kRequested);
  EXPECT_EQ(InBins(), 3u);
  EXPECT_THAT(publisher_.published, IsEmpty());
  EXPECT_EQ(claims_->List(true)->size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(claims_->MayUpload("six")));
  EXPECT_TRUE(Request(developers_).ok()) << "its own keys may renew it";
}

TEST_F(ClaimsTest, NobodyPushesAWaitingRequestAside) {
  ASSERT_TRUE(Request(developers_).ok());
  Developers others;
  others.contents = developers_.contents;
  EXPECT_TRUE(absl::IsFailedPrecondition(Request(others).status()));
}

TEST_F(ClaimsTest, S08AnAuthorisationMovesTheProjectInOneRelease) {
  ClaimSix();
  EXPECT_EQ(StateOfSix(), ProjectState::kRecentlyClaimed);
  EXPECT_EQ(InBins(), 0u);
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1"));
  Do([](Tables& tables) -> Status {
    EXPECT_NE(*tables.settings.Find(kSettingRecentlyClaimedDirty), std::nullopt);
    EXPECT_EQ((*tables.claims.Find("six"))->claim.signatures.size(), 3u);
    return OkStatus();
  });
  EXPECT_TRUE(claims_->Authorise(Authorised(officer_)).ok()) << "a repeat changes nothing";
  EXPECT_TRUE(absl::IsFailedPrecondition(Request(developers_).status())) << "claimed already";
}

TEST_F(ClaimsTest, S08NobodyButTheOfficerAuthorises) {
  EXPECT_TRUE(absl::IsNotFound(claims_->Authorise(Authorised(officer_)).status()));
  ASSERT_TRUE(Request(developers_).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      claims_->Authorise(Authorised(testing::SimulatedKey::Generate())).status()));
  EXPECT_EQ(StateOfSix(), ProjectState::kRequested);
  EXPECT_EQ(InBins(), 3u);
  EXPECT_THAT(publisher_.published, IsEmpty());
}

TEST_F(ClaimsTest, S08WithoutAnOfficerNothingIsClaimed) {
  ASSERT_TRUE(Request(developers_).ok());
  Do([](Tables& tables) { return tables.settings.Put(kSettingClaimsOfficer, ""); });
  EXPECT_TRUE(absl::IsFailedPrecondition(claims_->Authorise(Authorised(officer_)).status()));
  EXPECT_EQ(InBins(), 3u);
}

TEST_F(ClaimsTest, WhatIsRecordedIsPublishedLaterWhenTheSignersSleep) {
  ASSERT_TRUE(Request(developers_).ok());
  publisher_.answer = Unavailable("asleep");
  EXPECT_TRUE(absl::IsUnavailable(claims_->Authorise(Authorised(officer_)).status()));
  EXPECT_EQ(StateOfSix(), ProjectState::kRecentlyClaimed);
  publisher_.answer = OkStatus();
  EXPECT_TRUE(claims_->Authorise(Authorised(officer_)).ok());
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1"));
}

TEST_F(ClaimsTest, PublishesTheNextVersionWithUploadedFiles) {
  ClaimSix();
  developers_.contents["six-2.0-py3-none-any.whl"] = "wheel";
  developers_.contents["six-2.0-py3-none-any.whl.metadata"] = "Metadata-Version: 2.1\n";
  EXPECT_THAT(std::string(MessageOf(PushIt(2).status())), HasSubstr("uploaded"));
  EXPECT_TRUE(claims_->MayUpload("six").ok());
  Upload("wheel");
  Upload("Metadata-Version: 2.1\n");
  const auto snapshot = PushIt(2);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1", "project.six v2"));
  EXPECT_EQ(*blobs_.MetadataOf(Sha256("wheel")), Sha256("Metadata-Version: 2.1\n"));
  EXPECT_EQ(claims_->Get("six")->record.view.last_version, 2);
  EXPECT_EQ(InBins(), 0u);
}

TEST_F(ClaimsTest, G06ARefusedPushChangesNothingAndARepeatIsOk) {
  EXPECT_TRUE(absl::IsFailedPrecondition(PushIt(1).status())) << "not claimed";
  ClaimSix();
  EXPECT_TRUE(absl::IsFailedPrecondition(PushIt(3).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(claims_->Push("Six", "", {}).status()));
  Developers others;
  others.contents = developers_.contents;
  EXPECT_FALSE(
      claims_->Push("six", others.Sign(others.Role(2, now_ + kMonth)), others.Pages()).ok());
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1"));
  ASSERT_TRUE(PushIt(2).ok());
  EXPECT_TRUE(PushIt(2).ok()) << "the very same again";
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1", "project.six v2"));
}

TEST_F(ClaimsTest, PromotesWhatTheOfflineKeysSigned) {
  EXPECT_TRUE(absl::IsFailedPrecondition(promotions_->Promote({}).status()));
  ClaimSix();
  const auto promotion = promotions_->Promote({"six"});
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  EXPECT_EQ(promotion->version, 2);
  ASSERT_EQ(offline_.proposals.size(), 1u);
  const ProposedDocument& proposed = offline_.proposals[0].documents[0];
  EXPECT_EQ(proposed.authorisations.size(), 1u);
  EXPECT_EQ(promotions_->Get(promotion->id)->state, "waiting");

  offline_.status.state = ProposalState::kApproved;
  offline_.status.signatures[tuf::ClaimedRole()] = {
      {offline_key_.id(), offline_key_.Sign("something else")}};
  EXPECT_FALSE(promotions_->Get(promotion->id).ok()) << "what does not verify is not recorded";
  EXPECT_EQ(StateOfSix(), ProjectState::kRecentlyClaimed);

  offline_.status.signatures[tuf::ClaimedRole()] = {
      {offline_key_.id(), offline_key_.Sign(proposed.canonical)}};
  const auto done = promotions_->Get(promotion->id);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state, "published");
  EXPECT_EQ(StateOfSix(), ProjectState::kClaimed);
  EXPECT_THAT(publisher_.published, ElementsAre("project.six v1", "claimed v2"));
  offline_.answer = Unavailable("the ceremony is over");
  EXPECT_EQ(promotions_->Get(promotion->id)->state, "published");
  EXPECT_TRUE(absl::IsNotFound(promotions_->Get("0123").status()));
}

TEST_F(ClaimsTest, AWaitingPromotionSurvivesARestartAsItWasProposed) {
  ClaimSix();
  offline_.answer = Unavailable("no ceremony");
  EXPECT_TRUE(absl::IsUnavailable(promotions_->Promote({}).status()));
  offline_.answer = OkStatus();
  const auto first = promotions_->Promote({});
  ASSERT_TRUE(first.ok()) << first.status();
  clock_.Advance(absl::Hours(3));
  Promotions after(
      {.state = *state_, .publisher = publisher_, .offline_signer = offline_, .clock = clock_});
  const auto again = after.Promote({"six"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->canonical, first->canonical);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(offline_.proposals[0].documents[0].canonical,
            offline_.proposals[1].documents[0].canonical);
}

TEST_F(ClaimsTest, ARefusedPromotionMakesRoomForAnother) {
  ClaimSix();
  const auto first = promotions_->Promote({"six"});
  ASSERT_TRUE(first.ok());
  offline_.status.state = ProposalState::kRefused;
  offline_.status.refusal = {.rule = "S-08", .message = "not today"};
  const auto refused = promotions_->Get(first->id);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->state, "refused");
  EXPECT_THAT(refused->detail, HasSubstr("not today"));
  EXPECT_EQ(StateOfSix(), ProjectState::kRecentlyClaimed);
  clock_.Advance(absl::Hours(1));
  const auto second = promotions_->Promote({"six"});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->id, first->id);
}

}  // namespace
}  // namespace rind::delegation_manager
