// Claims and promotions through the real publisher and the real signers: at every step a client
// finds a project's file, in exactly one way.

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/blob/blob_store.h"
#include "common/tuf/json/decode.h"
#include "services/delegation_manager/claims/claims.h"
#include "services/delegation_manager/claims/claims_test_world.h"
#include "services/delegation_manager/claims/promotion.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/publish/testing/publisher_world.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kMonth = absl::Hours(24 * 30);
constexpr std::string_view kFile = "files/six/six-1.0.tar.gz";

class ClaimsReleaseTest : public testing::PublisherWorld {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Create().ok());
    ASSERT_TRUE(state_
                    ->Transact([&](Tables& tables) {
                      return tables.settings.Put(kSettingClaimsOfficer,
                                                 signers_->officer->public_key().material());
                    })
                    .ok());
    developers_.contents = {{"six-1.0.tar.gz", "source"}};
    ASSERT_TRUE((mirrored_ ? IngestSix(5) : Ingest("attrs", 5, {})).ok());
    ASSERT_TRUE(publisher_->Release(false).ok());
    blobs_.emplace(*blob::BlobStore::Open(local_, random_, JoinPath(folder_, "blobs")));
    uploads_ = *Uploads::Open(local_, random_, JoinPath(folder_, "uploads"), *blobs_, clock_.Now());
    claims_ =
        std::make_unique<Claims>(Claims::Parts{.repository = std::string(testing::kRepository),
                                               .public_folder = std::string(testing::kPublic),
                                               .state = *state_,
                                               .publisher = *publisher_,
                                               .uploads = *uploads_,
                                               .blobs = *blobs_,
                                               .files = files_,
                                               .clock = clock_});
    promotions_ =
        std::make_unique<Promotions>(Promotions::Parts{.state = *state_,
                                                       .publisher = *publisher_,
                                                       .offline_signer = *signers_->offline,
                                                       .clock = clock_});
  }

  Status IngestSix(std::int64_t serial) {
    Ingestion ingestion = MakeIngestion("six", serial, developers_.contents);
    ingestion.index_html = developers_.Pages().html;
    ingestion.index_json = developers_.Pages().json;
    for (evidence::VouchedTarget& target : ingestion.targets) {
      const std::string& path = target.path.text();
      if (!path.starts_with("simple/")) continue;
      const std::string& page =
          path.ends_with("html") ? ingestion.index_html : ingestion.index_json;
      target = {target.path, page.size(), Sha256(page)};
    }
    Vouch(ingestion);
    return IngestProject(*state_,
                         {files_, std::string(testing::kBlobs), std::string(testing::kRepository)},
                         ingestion, clock_.Now())
        .status();
  }

  Status Request() {
    return claims_
        ->Request("six", SignClaim(developers_, developers_.Statement(clock_.Now() + kMonth)),
                  developers_.Sign(developers_.Role(1, clock_.Now() + kMonth)), developers_.Pages())
        .status();
  }
  StatusOr<std::int64_t> Authorise() {
    SignedClaim claim = SignClaim(developers_, developers_.Statement(clock_.Now() + kMonth));
    claim.signatures.push_back(
        {signers_->officer->key_id(), signers_->officer->Sign(claim.statement)});
    return claims_->Authorise(claim);
  }
  StatusOr<std::int64_t> Push(std::int64_t version) {
    return claims_->Push("six", developers_.Sign(developers_.Role(version, clock_.Now() + kMonth)),
                         developers_.Pages());
  }

  // The newest published targets of every role that lists the file, by name; the way that a client
  // takes to it is the only one.
  std::string WayToTheFile() {
    const auto read = ClientReads(std::string(kFile));
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read.value_or(""), Sha256("source").Hex());
    std::string listed;
    EXPECT_TRUE(state_
                    ->Transact([&](Tables& tables) -> Status {
                      RIND_ASSIGN_OR_RETURN(const auto roles, tables.roles.All());
                      for (const RoleRecord& role : roles) {
                        RIND_RETURN_IF_ERROR(NoteIfListed(role, listed));
                      }
                      return OkStatus();
                    })
                    .ok());
    return listed;
  }
  Status NoteIfListed(const RoleRecord& role, std::string& listed) {
    const auto top = role.name.top_level();
    if (top && *top != tuf::TopLevelRole::kTargets) return OkStatus();
    RIND_ASSIGN_OR_RETURN(
        const std::string file,
        files_.Read(Cat(testing::kPublic, "/metadata/", MetadataName(role.name, role.version)),
                    1'000'000));
    RIND_ASSIGN_OR_RETURN(const auto targets, tuf::DecodeTargets(file));
    if (targets.document.targets.contains(std::string(kFile))) {
      listed += role.name.text().starts_with("bin-") ? "bin " : Cat(role.name.text(), " ");
    }
    const auto& delegations = targets.document.delegations;
    if (delegations && delegations->KeysFor(tuf::ProjectRole("six")) != nullptr) {
      listed += Cat("by ", role.name.text(), " ");
    }
    return OkStatus();
  }

  // The list of all projects, as a verifying client gets it.
  std::string ProjectList() {
    const auto sha256 = ClientReads("simple/index.json");
    EXPECT_TRUE(sha256.ok()) << sha256.status();
    return files_
        .Read(Cat(testing::kPublic, "/targets/simple/", sha256.value_or(""), ".index.json"),
              1'000'000)
        .value_or("");
  }

  bool mirrored_ = true;  // six, before anybody claims it
  SystemRandom random_;
  Developers developers_;
  std::optional<blob::BlobStore> blobs_;
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<Promotions> promotions_;
};

TEST_F(ClaimsReleaseTest, S08AFileHasExactlyOneWayAtEveryStepOfAClaim) {
  EXPECT_EQ(WayToTheFile(), "bin ");
  ASSERT_TRUE(Request().ok());
  ASSERT_TRUE(publisher_->Release(true).ok());
  EXPECT_EQ(WayToTheFile(), "bin ");
  const auto claimed = Authorise();
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(*claimed, 4) << "one release";
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
  const auto promotion = promotions_->Promote({"six"});
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
  const auto done = promotions_->Get(promotion->id);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->detail, "");
  EXPECT_EQ(WayToTheFile(), "by claimed project.six ");
  EXPECT_EQ(Refusals(), 0u);
}

// A refused claim left the project in no role at all, and the snapshot that said so was refused for
// ever: nothing was published any more, and the timestamp expired.
TEST_F(ClaimsReleaseTest, S08ARefusedClaimMovesNothingAndHoldsUpNobody) {
  ASSERT_TRUE(Request().ok());
  content_.refuse = [](const DocumentToSign& document) {
    return document.role == tuf::RecentlyClaimedRole();
  };
  const Status refused = Authorise().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(publisher_->LastError(), HasSubstr("T-01: recently-claimed"));
  EXPECT_EQ(WayToTheFile(), "bin ");
  ASSERT_TRUE(Ingest("attrs", 9, {{"attrs-1.0.zip", "attrs"}}).ok());
  const auto others = publisher_->Release(false);
  ASSERT_TRUE(others.ok()) << others.status();
  EXPECT_TRUE(others->published);
  EXPECT_TRUE(ClientReads("simple/attrs/index.html").ok() ||
              ClientReads("files/attrs/attrs-1.0.zip").ok());
  EXPECT_EQ(WayToTheFile(), "bin ");
  clock_.Advance(absl::Hours(20));
  EXPECT_TRUE(publisher_->RefreshTimestamp().ok());
  content_.refuse = nullptr;
  const auto released = publisher_->Release(false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(Describe(released->refused), "");
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
  EXPECT_TRUE(ClientReads("files/attrs/attrs-1.0.zip").ok());
  EXPECT_EQ(Refusals(), 0u);
}

TEST_F(ClaimsReleaseTest, S08APromotionWaitsForRecentlyClaimed) {
  ASSERT_TRUE(Request().ok());
  ASSERT_TRUE(Authorise().ok());
  const auto promotion = promotions_->Promote({"six"});
  ASSERT_TRUE(promotion.ok()) << promotion.status();
  content_.refuse = [](const DocumentToSign& document) {
    return document.role == tuf::RecentlyClaimedRole();
  };
  EXPECT_FALSE(promotions_->Get(promotion->id).ok());
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
  content_.refuse = nullptr;
  ASSERT_TRUE(promotions_->Get(promotion->id).ok());
  EXPECT_EQ(WayToTheFile(), "by claimed project.six ");
}

TEST_F(ClaimsReleaseTest, APushThatTheSnapshotRefusesHoldsUpNobody) {
  ASSERT_TRUE(Request().ok());
  ASSERT_TRUE(Authorise().ok());
  release_.refuse = [](const DocumentToSign& document) {
    for (const RoleFile& file : document.files) {
      if (file.role == tuf::ProjectRole("six")) return true;
    }
    return false;
  };
  ASSERT_TRUE(Ingest("attrs", 9, {{"attrs-1.0.zip", "attrs"}}).ok());
  const Status refused = Push(2).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(MessageOf(refused)), HasSubstr("six: is recorded and not published"));
  EXPECT_TRUE(ClientReads("files/attrs/attrs-1.0.zip").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(publisher_->Release(false).status()));
  EXPECT_TRUE(publisher_->RefreshTimestamp().ok());
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
  release_.refuse = nullptr;
  ASSERT_TRUE(publisher_->Release(false).ok());
  EXPECT_EQ(claims_->Get("six")->record.view.last_version, 2);
  EXPECT_EQ(WayToTheFile(), "project.six by recently-claimed ");
}

class NewNameTest : public ClaimsReleaseTest {
 protected:
  NewNameTest() { mirrored_ = false; }
};

// A name that upstream never had came onto the list only when some other project was new.
TEST_F(NewNameTest, AClaimedNameThatWasNeverMirroredIsOnTheListWithinTheHour) {
  developers_.contents.clear();
  ASSERT_TRUE(Request().ok());
  const auto claimed = Authorise();
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_TRUE(ClientReads("simple/six/index.html").ok());
  EXPECT_THAT(ProjectList(), HasSubstr("attrs"));
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(publisher_->Release(false).ok());
  EXPECT_THAT(ProjectList(), HasSubstr("attrs"));
  EXPECT_THAT(ProjectList(), HasSubstr("six"));
  // A push is no new name.
  ASSERT_TRUE(Push(2).ok());
  clock_.Advance(absl::Hours(1));
  const auto idle = publisher_->Release(false);
  ASSERT_TRUE(idle.ok()) << idle.status();
  EXPECT_FALSE(idle->published);
  EXPECT_EQ(Refusals(), 0u);
}

}  // namespace
}  // namespace rind::delegation_manager
