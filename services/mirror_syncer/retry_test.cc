#include "services/mirror_syncer/retry.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rind::mirror_syncer {
namespace {

class RecordingWaiter final : public Waiter {
 public:
  bool Wait(absl::Duration duration) override {
    waits.push_back(duration);
    return !stopping;
  }
  std::vector<absl::Duration> waits;
  bool stopping = false;
};

class RetryTest : public ::testing::Test {
 protected:
  Status Run(std::vector<Attempt> attempts) {
    std::size_t next = 0;
    Status status = WithRetries(waiter_, random_, [&] { return attempts.at(next++); });
    count_ = next;
    return status;
  }
  RecordingWaiter waiter_;
  SystemRandom random_;
  std::size_t count_ = 0;
};

TEST_F(RetryTest, TriesAgainWhatMayPassAndNothingElse) {
  EXPECT_TRUE(Run({{Unavailable("x"), {}}, {DataLoss("cut"), {}}, {OkStatus(), {}}}).ok());
  EXPECT_EQ(count_, 3U);
  EXPECT_TRUE(absl::IsNotFound(Run({{NotFound("x"), {}}})));
  EXPECT_TRUE(absl::IsFailedPrecondition(Run({{FailedPrecondition("wrong hash"), {}}})));
}

TEST_F(RetryTest, Y06GivesUpAfterFourAndWaitsLongerEachTime) {
  const Attempt down{Unavailable("down"), {}};
  EXPECT_TRUE(absl::IsUnavailable(Run({down, down, down, down, down})));
  EXPECT_EQ(count_, 4U);
  ASSERT_EQ(waiter_.waits.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_GE(waiter_.waits[i], absl::Milliseconds(500) * (1 << i));
    EXPECT_LT(waiter_.waits[i], absl::Milliseconds(1500) * (1 << i));
  }
}

TEST_F(RetryTest, Y06HonoursRetryAfter) {
  EXPECT_TRUE(Run({{Unavailable("busy"), absl::Seconds(90)}, {OkStatus(), {}}}).ok());
  EXPECT_EQ(waiter_.waits, std::vector<absl::Duration>{absl::Seconds(90)});
  // Longer than a sync may hang: left in peace until the next one.
  EXPECT_TRUE(absl::IsUnavailable(Run({{Unavailable("busy"), absl::Hours(1)}})));
}

TEST_F(RetryTest, AStopEndsTheWaiting) {
  waiter_.stopping = true;
  EXPECT_TRUE(absl::IsCancelled(Run({{Unavailable("x"), {}}})));
  StoppableWaiter real;
  EXPECT_TRUE(real.Wait(absl::ZeroDuration()));
  real.Stop();
  EXPECT_FALSE(real.Wait(absl::Hours(1)));
}

}  // namespace
}  // namespace rind::mirror_syncer
