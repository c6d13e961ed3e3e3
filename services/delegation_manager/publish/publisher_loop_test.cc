#include "services/delegation_manager/publish/publisher_loop.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "services/delegation_manager/publish/testing/publisher_world.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;
using Kind = NextAction::Kind;

// Attempts one by one, as the loop's thread makes them, with the real signers, state and publisher.
class PublisherLoopTest : public testing::PublisherWorld {
 protected:
  ~PublisherLoopTest() override { loop_.reset(); }

  void MakeLoop(bool automatic = true, absl::Duration settle = absl::Seconds(2)) {
    loop_ = std::make_unique<PublisherLoop>(PublisherLoopOptions{automatic, settle, absl::Hours(1)},
                                            *publisher_, *state_, clock_, [this] { ++recovered_; });
  }
  void CreateWithLoop() {
    ASSERT_TRUE(Create().ok());
    MakeLoop();
  }
  void IngestSix(std::int64_t serial) {
    ASSERT_TRUE(Ingest("six", serial, {{"six-1.0.tar.gz", "content of six"}}).ok());
    loop_->Changed();
  }
  std::int64_t VersionOf(tuf::TopLevelRole role) {
    std::int64_t version = 0;
    EXPECT_TRUE(state_
                    ->Transact([&](Tables& tables) -> Status {
                      RIND_ASSIGN_OR_RETURN(const auto record, tables.roles.Find(role));
                      if (record) version = record->version.value();
                      return OkStatus();
                    })
                    .ok());
    return version;
  }
  std::int64_t Snapshot() { return VersionOf(tuf::TopLevelRole::kSnapshot); }
  std::int64_t Timestamp() { return VersionOf(tuf::TopLevelRole::kTimestamp); }
  int Asked() const { return signers_->content->signed_calls + signers_->release->signed_calls; }
  void ExpectWaits(absl::Duration time) {
    const NextAction next = loop_->Next();
    EXPECT_EQ(next.kind, Kind::kRelease);
    EXPECT_EQ(next.when - clock_.Now(), time);
  }
  void ExpectIdle() {
    const NextAction next = loop_->Next();
    EXPECT_EQ(next.kind, Kind::kTimestamp);
    EXPECT_GT(next.when, clock_.Now());
    EXPECT_EQ(publisher_->LastError(), "");
  }

  std::unique_ptr<PublisherLoop> loop_;
  int recovered_ = 0;
};

TEST_F(PublisherLoopTest, WithoutARepositoryThereIsNothingToDo) {
  MakeLoop();
  EXPECT_EQ(loop_->Next().kind, Kind::kNothing);
  loop_->Act();
  EXPECT_EQ(loop_->Next().kind, Kind::kNothing);
  EXPECT_EQ(Asked(), 0);
  EXPECT_EQ(Published(), "");
}

TEST_F(PublisherLoopTest, NothingWaitsSoNothingIsSigned) {
  CreateWithLoop();
  const int asked = Asked();
  const std::string published = Published();
  loop_->Act();
  EXPECT_EQ(Asked(), asked);
  EXPECT_EQ(Published(), published);
  ExpectIdle();
  EXPECT_EQ(loop_->Next().when - clock_.Now(), absl::Hours(1));
}

TEST_F(PublisherLoopTest, ADueTimestampIsSignedAndNothingElse) {
  CreateWithLoop();
  const int content = signers_->content->signed_calls;
  clock_.Advance(absl::Hours(1) - absl::Seconds(1));
  loop_->Act();
  EXPECT_EQ(Timestamp(), 1) << "a second early";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(loop_->Next().when, clock_.Now());
  EXPECT_EQ(loop_->Next().text, "timestamp v2");
  loop_->Act();
  EXPECT_EQ(Timestamp(), 2);
  EXPECT_EQ(Snapshot(), 1);
  EXPECT_EQ(signers_->content->signed_calls, content);
  EXPECT_TRUE(absl::IsNotFound(ClientReads("files/six/none.zip").status())) << "all verifies";
  ExpectIdle();
}

TEST_F(PublisherLoopTest, DirtyBinsGoOutOnceTheySettled) {
  CreateWithLoop();
  IngestSix(7);
  ExpectWaits(absl::Seconds(2));
  clock_.Advance(absl::Seconds(2));
  loop_->Act();
  EXPECT_EQ(Snapshot(), 2);
  EXPECT_TRUE(ClientReads("files/six/six-1.0.tar.gz").ok());
  ExpectIdle();
}

TEST_F(PublisherLoopTest, WhatNearsItsEndIsSignedAnewWithTheTimestamp) {
  CreateWithLoop();
  IngestSix(7);
  loop_->Act();
  clock_.Advance(absl::Hours(24 * 5));
  EXPECT_EQ(loop_->Next().kind, Kind::kTimestamp);
  loop_->Act();
  EXPECT_EQ(Snapshot(), 3);
  ExpectIdle();
  // Past the end of what the first release signed: only what was signed anew can be read.
  clock_.Advance(absl::Hours(24 * 2) + absl::Minutes(30));
  loop_->Act();
  const auto read = ClientReads("files/six/six-1.0.tar.gz");
  EXPECT_TRUE(read.ok()) << read.status();
}

TEST_F(PublisherLoopTest, ARefusedBinIsTriedAgainLaterAndLaterAndHoldsUpNothing) {
  CreateWithLoop();
  for (const std::string project : {"six", "attrs", "flask", "django", "numpy"}) {
    ASSERT_TRUE(Ingest(project, 9, {{"new-2.0.zip", project}}).ok());
  }
  loop_->Changed();
  std::string bin;
  content_.refuse = [&](const DocumentToSign& document) {
    if (bin.empty()) bin = document.role.text();
    return document.role.text() == bin;
  };
  loop_->Act();
  EXPECT_EQ(Snapshot(), 2) << "the others are out";
  EXPECT_THAT(publisher_->LastError(), HasSubstr(Cat("T-01: ", bin)));
  ExpectWaits(absl::Seconds(1));
  loop_->Act();
  ExpectWaits(absl::Seconds(2));
  loop_->Act();
  ExpectWaits(absl::Seconds(4));
  EXPECT_EQ(Snapshot(), 2);
  EXPECT_EQ(Timestamp(), 2);
  for (int hour = 1; hour <= 30; ++hour) {
    clock_.Advance(absl::Hours(1));
    loop_->Act();
    ASSERT_EQ(Timestamp(), 2 + hour) << "the timestamp stays fresh";
  }
  ExpectWaits(absl::Minutes(5));
  EXPECT_THAT(publisher_->LastError(), HasSubstr(bin));
  content_.refuse = nullptr;
  loop_->Act();
  for (const std::string project : {"six", "attrs", "flask", "django", "numpy"}) {
    EXPECT_TRUE(ClientReads(Cat("files/", project, "/new-2.0.zip")).ok()) << project;
  }
  ExpectIdle();
}

TEST_F(PublisherLoopTest, WhileTheContentSignerIsAwayTheTimestampStaysFresh) {
  CreateWithLoop();
  IngestSix(7);
  signers_->content->down = true;
  loop_->Act();
  EXPECT_THAT(publisher_->LastError(), HasSubstr("down"));
  EXPECT_EQ(Timestamp(), 1) << "it is not due";
  ExpectWaits(absl::Seconds(1));
  EXPECT_EQ(loop_->Next().text, "finish a release");
  for (int hour = 1; hour <= 30; ++hour) {
    clock_.Advance(absl::Hours(1));
    loop_->Act();
    ASSERT_EQ(Timestamp(), 1 + hour);
  }
  EXPECT_EQ(Snapshot(), 1);
  EXPECT_TRUE(absl::IsNotFound(ClientReads("files/six/six-1.0.tar.gz").status()));
  signers_->content->down = false;
  loop_->Act();
  EXPECT_TRUE(ClientReads("files/six/six-1.0.tar.gz").ok());
  ExpectIdle();
}

TEST_F(PublisherLoopTest, WhileTheReleaseSignerIsAwayNothingMovesAndItIsAskedLessAndLess) {
  CreateWithLoop();
  IngestSix(7);
  clock_.Advance(absl::Hours(2));
  const std::string published = Published();
  signers_->release->down = true;
  for (const int seconds : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}) {
    loop_->Act();
    ExpectWaits(absl::Seconds(seconds));
    EXPECT_NE(publisher_->LastError(), "");
  }
  EXPECT_EQ(Published(), published);
  signers_->release->down = false;
  loop_->Act();
  EXPECT_TRUE(ClientReads("files/six/six-1.0.tar.gz").ok());
  EXPECT_EQ(Snapshot(), 2) << "with what the content-signer had signed";
  EXPECT_EQ(Refusals(), 0u);
  ExpectIdle();
}

TEST_F(PublisherLoopTest, ByHandMeansByHand) {
  ASSERT_TRUE(Create().ok());
  MakeLoop(/*automatic=*/false);
  IngestSix(7);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(loop_->Next().kind, Kind::kNothing);
}

TEST_F(PublisherLoopTest, TheThreadRecoversFirstAndReleasesWhatChanged) {
  ASSERT_TRUE(Create().ok());
  MakeLoop(/*automatic=*/true, /*settle=*/absl::ZeroDuration());
  loop_->Start();
  ASSERT_TRUE(loop_->AwaitRecovered(absl::Seconds(60)));
  EXPECT_EQ(recovered_, 1);
  absl::Notification timestamp;
  release_.refuse = [&](const DocumentToSign& document) {
    if (document.role.text() == "timestamp" && !timestamp.HasBeenNotified()) timestamp.Notify();
    return false;
  };
  ASSERT_TRUE(Ingest("six", 7, {{"six-1.0.tar.gz", "content of six"}}).ok());
  loop_->Changed();
  EXPECT_TRUE(timestamp.WaitForNotificationWithTimeout(absl::Seconds(60)));
  loop_->Stop();  // ends after the attempt that runs
  EXPECT_TRUE(ClientReads("files/six/six-1.0.tar.gz").ok());
}

}  // namespace
}  // namespace rind::delegation_manager
