#include "services/delegation_manager/publish/publisher.h"

#include <cstdio>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/publish/testing/publisher_world.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;
using Effect = rind::testing::FakeFileSystem::Effect;
using testing::kPublic;

class PublisherTest : public testing::PublisherWorld {
 protected:
  void CreateWithSix() {
    ASSERT_TRUE(Create().ok());
    ASSERT_TRUE(Ingest("six", 7, {{"six-1.0.tar.gz", "content of six"}}).ok());
    const auto released = publisher_->Release(false);
    ASSERT_TRUE(released.ok()) << released.status();
  }
  void ExpectSix() {
    const auto read = ClientReads("files/six/six-1.0.tar.gz");
    EXPECT_TRUE(read.ok()) << read.status();
  }
};

TEST_F(PublisherTest, CreatesIngestsAndReleasesWhatAClientVerifies) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Ingest("six", 7, {{"six-1.0.tar.gz", "content of six"}}).ok());
  const auto released = publisher_->Release(false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(released->published);
  EXPECT_EQ(released->snapshot_version, 2);
  EXPECT_THAT(released->refused, ::testing::IsEmpty());
  const auto read = ClientReads("files/six/six-1.0.tar.gz");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Sha256("content of six").Hex());
  EXPECT_TRUE(ClientReads("simple/six/index.html").ok());
  EXPECT_TRUE(ClientReads("simple/index.json").ok());
  EXPECT_TRUE(absl::IsNotFound(ClientReads("files/six/six-2.0.tar.gz").status()));
}

// Whatever the disk says at whichever write: a client finds the old or the new release, whole, and
// the release goes on with what was signed.
TEST_F(PublisherTest, D03D04AFaultAtAnyWriteOfAReleaseIsSurvived) {
  CreateWithSix();
  struct Kind {
    std::string_view name;
    Status error;
    Effect effect;
    bool dies, power;
  };
  const Kind kinds[] = {
      {"EIO", DataLoss("EIO"), Effect::kNothing, false, false},
      {"ENOSPC", ResourceExhausted("ENOSPC"), Effect::kNothing, false, false},
      {"EIO of fsync", DataLoss("EIO"), Effect::kUnsynced, false, true},
      {"told too late", DataLoss("EIO"), Effect::kComplete, false, false},
      {"killed", OkStatus(), Effect::kUnsynced, true, false},
      {"power cut", OkStatus(), Effect::kUnsynced, true, true},
  };
  int faults = 0;
  std::int64_t serial = 100;
  for (const Kind& kind : kinds) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(Cat(kind.name, " at write ", n));
      const std::string name = Cat("six-", ++serial, ".tar.gz");
      ASSERT_TRUE(Ingest("six", serial, {{"six-1.0.tar.gz", "content of six"}, {name, name}}).ok());
      const std::string before = Published();
      if (kind.dies) {
        files_.DieAtWrite(n, kind.effect);
      } else {
        files_.FailWrite(n, kind.error, kind.effect);
      }
      const auto released = publisher_->Release(false);
      kind.power ? files_.LoseUnsynced() : files_.Restart();
      ExpectSix();
      const auto found = ClientReads(Cat("files/six/", name));
      EXPECT_TRUE(found.ok() || (absl::IsNotFound(found.status()) && Published() == before))
          << found.status();
      OpenManager();
      const Status recovered = publisher_->Recover();
      ASSERT_TRUE(recovered.ok()) << recovered;
      const auto after = ClientReads(Cat("files/six/", name));
      ASSERT_TRUE(after.ok()) << after.status();
      if (released.ok()) break;
      ++faults;
    }
  }
  std::printf("%d faults in writes of a release survived\n", faults);
  EXPECT_GT(faults, 30);
  EXPECT_EQ(Refusals(), 0u) << "nothing is signed twice for a version";
}

TEST_F(PublisherTest, D03D04AFaultAtAnyWriteOfTheCreationIsSurvived) {
  const int begin = files_.WriteCount();
  ASSERT_TRUE(Create().ok());
  const int writes = files_.WriteCount() - begin;
  ASSERT_GT(writes, 20);
  int faults = 0;
  for (int n = 1; n <= writes; ++n) {
    SCOPED_TRACE(Cat("write ", n));
    Renew();
    const auto effect = static_cast<Effect>(n % 3);
    files_.DieAtWrite(n, effect);
    EXPECT_FALSE(Create().ok());
    files_.LoseUnsynced();
    EXPECT_TRUE(Published().empty() || ClientReads("simple/index.html").ok());
    OpenManager();
    const Status recovered = publisher_->Recover();
    ASSERT_TRUE(recovered.ok()) << recovered;
    const auto read = ClientReads("simple/index.html");
    EXPECT_TRUE(read.ok() || absl::IsNotFound(read.status())) << read.status();
    EXPECT_NE(Published(), "");
    EXPECT_EQ(Refusals(), 0u);
    ++faults;
  }
  std::printf("%d faults in writes of the creation survived\n", faults);
  EXPECT_EQ(faults, writes);
}

TEST_F(PublisherTest, G06ALostAnswerIsAskedForAgainAndIsTheSame) {
  CreateWithSix();
  std::int64_t serial = 50;
  for (testing::GatedSigner* signer : {&content_, &release_}) {
    ++serial;
    ASSERT_TRUE(Ingest("six", serial,
                       {{"six-1.0.tar.gz", "content of six"}, {Cat("six-", serial, ".zip"), "z"}})
                    .ok());
    signer->answers_to_lose = 1;
    EXPECT_TRUE(absl::IsUnavailable(publisher_->Release(false).status()));
    OpenManager();
    ASSERT_TRUE(publisher_->Recover().ok());
    const auto read = ClientReads(Cat("files/six/six-", serial, ".zip"));
    EXPECT_TRUE(read.ok()) << read.status();
  }
  release_.answers_to_lose = 1;
  EXPECT_TRUE(absl::IsUnavailable(publisher_->RefreshTimestamp().status()));
  EXPECT_NE(publisher_->LastError(), "");
  ASSERT_TRUE(publisher_->RefreshTimestamp().ok());
  EXPECT_EQ(publisher_->LastError(), "");
  EXPECT_EQ(Refusals(), 0u);
}

TEST_F(PublisherTest, D06AFlippedBitIsFoundBeforeTheTimestampMoves) {
  for (const std::string_view part : {"3.snapshot.json", ".bin-", "index.html", "index.json"}) {
    SCOPED_TRACE(part);
    Renew();
    CreateWithSix();
    const std::string published = Published();
    ASSERT_TRUE(
        Ingest("six", 8, {{"six-1.0.tar.gz", "content of six"}, {"six-2.0.zip", "two"}}).ok());
    disk_.flip = part;
    const Status status = publisher_->Release(false).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(std::string(part)));
    EXPECT_EQ(Published(), published);
    EXPECT_EQ(publisher_->LastError(), MessageOf(status));
    disk_.flip.clear();
    ExpectSix();
  }
}

TEST_F(PublisherTest, D07ASecondManagerOnTheSameStateIsRefused) {
  const auto second = OpenStateStore(JoinPath(folder_, "state.db"));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
}

TEST_F(PublisherTest, ATimestampGoesOutWhileTheContentSignerIsDown) {
  CreateWithSix();
  ASSERT_TRUE(Ingest("six", 8, {{"six-1.0.tar.gz", "content of six"}, {"six-2.zip", "2"}}).ok());
  signers_->content->down = true;
  EXPECT_TRUE(absl::IsUnavailable(publisher_->Release(false).status()));
  for (int hour = 0; hour < 30; ++hour) {
    clock_.Advance(absl::Hours(1));
    const auto refreshed = publisher_->RefreshTimestamp();
    ASSERT_TRUE(refreshed.ok()) << refreshed.status();
    EXPECT_EQ(refreshed->snapshot_version, 2);
    EXPECT_EQ(refreshed->timestamp_version, 3 + hour);
  }
  EXPECT_THAT(publisher_->LastError(), HasSubstr("down"));
  ExpectSix();
  signers_->content->down = false;
  OpenManager();
  ASSERT_TRUE(publisher_->Recover().ok());
  EXPECT_EQ(publisher_->LastError(), "");
  EXPECT_TRUE(ClientReads("files/six/six-2.zip").ok());
}

TEST_F(PublisherTest, AReleaseWaitsForTheReleaseSigner) {
  CreateWithSix();
  ASSERT_TRUE(Ingest("six", 8, {{"six-1.0.tar.gz", "content of six"}, {"six-2.zip", "2"}}).ok());
  signers_->release->down = true;
  EXPECT_TRUE(absl::IsUnavailable(publisher_->Release(false).status()));
  EXPECT_TRUE(absl::IsUnavailable(publisher_->RefreshTimestamp().status()));
  ExpectSix();
  signers_->release->down = false;
  const auto released = publisher_->Release(false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(released->published);
  EXPECT_TRUE(ClientReads("files/six/six-2.zip").ok());
}

TEST_F(PublisherTest, OneRefusedBinHoldsUpNobodyElse) {
  CreateWithSix();
  for (const std::string project : {"six", "attrs", "flask", "django", "numpy"}) {
    ASSERT_TRUE(Ingest(project, 9, {{"new-2.0.zip", project}}).ok());
  }
  std::string bin;
  content_.refuse = [&](const DocumentToSign& document) {
    if (bin.empty()) bin = document.role.text();
    return document.role.text() == bin;
  };
  const auto released = publisher_->Release(false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(released->published);
  EXPECT_EQ(released->snapshot_version, 3);
  ASSERT_EQ(released->refused.size(), 1u);
  EXPECT_EQ(released->refused[0].role.text(), bin);
  EXPECT_EQ(released->refused[0].rule, "T-01");
  EXPECT_EQ(released->refused[0].text, "a test refuses it");
  EXPECT_EQ(publisher_->LastError(), Describe(released->refused));
  const auto again = publisher_->Release(false);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->published) << "there is nothing else to publish";
  EXPECT_EQ(again->snapshot_version, 3);
  EXPECT_EQ(again->refused, released->refused);
  EXPECT_THAT(publisher_->LastError(), HasSubstr(bin));
  EXPECT_TRUE(publisher_->RefreshTimestamp().ok());
  OpenManager();
  EXPECT_TRUE(publisher_->Recover().ok()) << "a refused bin keeps nobody from being ready";
  content_.refuse = nullptr;
  ASSERT_TRUE(publisher_->Release(false).ok());
  EXPECT_EQ(publisher_->LastError(), "");
  for (const std::string project : {"six", "attrs", "flask", "django", "numpy"}) {
    EXPECT_TRUE(ClientReads(Cat("files/", project, "/new-2.0.zip")).ok()) << project;
  }
}

TEST_F(PublisherTest, ARefusedSnapshotIsBuiltAnew) {
  CreateWithSix();
  ASSERT_TRUE(Ingest("six", 8, {{"six-1.0.tar.gz", "content of six"}, {"six-2.zip", "2"}}).ok());
  release_.refuse = [](const DocumentToSign& document) {
    return document.role.text() == "snapshot";
  };
  const auto refused = publisher_->Release(false);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(publisher_->LastError(), HasSubstr("T-01: snapshot v3"));
  clock_.Advance(absl::Hours(1));
  const auto refreshed = publisher_->RefreshTimestamp();
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_EQ(refreshed->snapshot_version, 2);
  release_.refuse = nullptr;
  ASSERT_TRUE(publisher_->Release(false).ok());
  EXPECT_TRUE(ClientReads("files/six/six-2.zip").ok());
  EXPECT_EQ(Refusals(), 0u);
}

TEST_F(PublisherTest, AClockThatRanBackwardsIsRefusedAndForgivenOnceItIsRight) {
  CreateWithSix();
  clock_.Advance(-absl::Hours(48));
  const Status status = publisher_->Release(true).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("refused"));
  EXPECT_FALSE(publisher_->RefreshTimestamp().ok());
  clock_.Advance(absl::Hours(49));
  const auto released = publisher_->Release(true);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(released->published);
  ExpectSix();
}

TEST_F(PublisherTest, AfterTwoWeeksOffEverythingOnlineIsSignedAnew) {
  CreateWithSix();
  ASSERT_TRUE(Ingest("six", 8, {{"six-1.0.tar.gz", "content of six"}, {"six-2.zip", "2"}}).ok());
  signers_->content->down = true;  // a release that had begun, too
  EXPECT_FALSE(publisher_->Release(false).ok());
  clock_.Advance(absl::Hours(24 * 14));
  signers_->content->down = false;
  EXPECT_FALSE(ClientReads("files/six/six-1.0.tar.gz").ok()) << "it is all expired";
  OpenManager();
  const Status recovered = publisher_->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered;
  ExpectSix();
  EXPECT_TRUE(ClientReads("files/six/six-2.zip").ok());
  const absl::Time now = clock_.Now();
  ASSERT_TRUE(state_
                  ->Transact([&](Tables& tables) -> Status {
                    RIND_ASSIGN_OR_RETURN(const auto roles, tables.roles.All());
                    EXPECT_EQ(roles.size(), 16u + 7u);
                    for (const RoleRecord& role : roles) {
                      EXPECT_GT(role.expires, now + absl::Hours(23)) << role.name.text();
                    }
                    return OkStatus();
                  })
                  .ok());
}

TEST_F(PublisherTest, WhatNearsItsEndIsSignedAnewAndNothingElse) {
  CreateWithSix();
  const auto idle = publisher_->Release(false);
  ASSERT_TRUE(idle.ok()) << idle.status();
  EXPECT_FALSE(idle->published);
  clock_.Advance(absl::Hours(24 * 5));
  const auto renewed = publisher_->Release(false);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_TRUE(renewed->published);
  EXPECT_EQ(renewed->changed_roles, 16u + 3u) << "bins, recently-claimed, snapshot, timestamp";
  ExpectSix();
  EXPECT_FALSE(publisher_->Release(false)->published);
}

}  // namespace
}  // namespace rind::delegation_manager
