#include "services/delegation_manager/publish/next_action.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "services/delegation_manager/publish/bin_document.h"
#include "services/delegation_manager/publish/lifetimes.h"

namespace rind::delegation_manager {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'795'366'800);
using Kind = NextAction::Kind;

PublisherView Created() {
  PublisherView view;
  view.created = true;
  view.timestamp_signed = kNow - absl::Minutes(10);
  view.timestamp_version = 7;
  return view;
}

TEST(NextAction, FollowsTheTable) {
  struct Case {
    std::string_view name;
    PublisherView view;
    Kind kind;
    absl::Time when;
  };
  PublisherView none;
  PublisherView manual = Created();
  manual.automatic = false;
  manual.dirty = true;
  PublisherView dirty = Created();
  dirty.dirty = true;
  dirty.first_change = dirty.last_change = kNow;
  PublisherView stream = dirty;  // changes without an end
  stream.first_change = kNow - absl::Seconds(19);
  PublisherView late = dirty;  // the timestamp is due before the changes have settled
  late.timestamp_signed = kNow - absl::Hours(1);
  PublisherView unfinished = late;
  unfinished.unfinished = true;
  PublisherView failed = unfinished;
  failed.failures = 3;
  failed.last_failure = kNow;
  PublisherView left_over = Created();  // of before the start
  left_over.dirty = true;
  const Case cases[] = {
      {"no repository", none, Kind::kNothing, absl::InfiniteFuture()},
      {"by hand only", manual, Kind::kNothing, absl::InfiniteFuture()},
      {"idle", Created(), Kind::kTimestamp, kNow + absl::Minutes(50)},
      {"dirty", dirty, Kind::kRelease, kNow + absl::Seconds(2)},
      {"a stream of changes", stream, Kind::kRelease, kNow + absl::Seconds(1)},
      {"timestamp first", late, Kind::kTimestamp, kNow},
      {"unfinished", unfinished, Kind::kRelease, absl::InfinitePast()},
      {"after failures", failed, Kind::kRelease, kNow + absl::Seconds(4)},
      {"dirty before the start", left_over, Kind::kRelease, absl::InfinitePast()},
  };
  for (const Case& one : cases) {
    const NextAction next = DecideNextAction(one.view);
    EXPECT_EQ(next.kind, one.kind) << one.name;
    EXPECT_EQ(next.when, one.when) << one.name;
  }
  EXPECT_EQ(DecideNextAction(Created()).text, "timestamp v8");
}

TEST(NextAction, WaitsLongerAfterEachFailureUpToFiveMinutes) {
  EXPECT_EQ(BackoffAfter(0), absl::ZeroDuration());
  EXPECT_EQ(BackoffAfter(1), absl::Seconds(1));
  EXPECT_EQ(BackoffAfter(4), absl::Seconds(8));
  EXPECT_EQ(BackoffAfter(9), absl::Seconds(256));
  EXPECT_EQ(BackoffAfter(10), absl::Minutes(5));
  EXPECT_EQ(BackoffAfter(1'000'000), absl::Minutes(5));
}

TEST(BinExpiry, SpreadsBinsOverASixthOfTheirLifetime) {
  for (const Profile profile : {Profile::kDefault, Profile::kPep458, Profile::kRelaxed}) {
    const absl::Duration lifetime = LifetimeOf(BinRole(0, 256), profile);
    std::set<absl::Time> all;
    for (std::uint32_t bin = 0; bin < 256; ++bin) {
      const absl::Time expires = BinExpiry(bin, profile, kNow);
      EXPECT_LE(expires, kNow + lifetime) << bin;
      EXPECT_GE(expires, kNow + lifetime - lifetime / 6) << bin;
      EXPECT_EQ(expires, BinExpiry(bin, profile, kNow)) << bin;
      all.insert(expires);
    }
    EXPECT_GT(all.size(), 200u);
    EXPECT_LE(*all.begin(), kNow + lifetime - lifetime / 8) << "spread over all of it";
    EXPECT_GE(*all.rbegin(), kNow + lifetime - lifetime / 24);
    EXPECT_GT(lifetime - lifetime / 6, RenewWhenLeft(BinRole(0, 256), profile))
        << "no bin is due as soon as it is signed";
  }
}

TEST(BinRole, NamesBinsAsSuccinctRolesDo) {
  EXPECT_EQ(BinRole(15, 16).text(), "bin-f");
  EXPECT_EQ(BinRole(15, 256).text(), "bin-0f");
  EXPECT_EQ(BinRole(15, 16384).text(), "bin-000f");
  EXPECT_EQ(BinOfRole(BinRole(511, 512)), 511u);
  for (const std::string_view other : {"bin-", "bin-g", "bin-00000", "snapshot", "project.bin-0"}) {
    const auto role = tuf::RoleName::Parse(other);
    if (!role.ok()) continue;
    EXPECT_EQ(BinOfRole(*role), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace rind::delegation_manager
