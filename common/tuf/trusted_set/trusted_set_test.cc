#include "common/tuf/trusted_set/trusted_set.h"

#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/testing/repository_simulator.h"
#include "common/tuf/json/encode.h"

namespace rind::tuf {
namespace {

using testing::RepositorySimulator;
using testing::SimulatedKey;

const RoleName kRootRole = TopLevelRole::kRoot;
const RoleName kTargetsRole = TopLevelRole::kTargets;
const RoleName kSnapshotRole = TopLevelRole::kSnapshot;
const RoleName kTimestampRole = TopLevelRole::kTimestamp;

absl::Time Now() { return *ParseUtc("2026-11-22T17:00:00Z"); }
RoleName Role(std::string_view name) { return *RoleName::Parse(name); }

// "" for OK, a rejection's name, or "error" for what is no rejection.
std::string Outcome(const Status& status) {
  if (status.ok()) return "";
  const auto rejection = RejectionOf(status);
  return rejection ? std::string(NameOf(*rejection)) : "error";
}
template <typename Value>
std::string Outcome(const StatusOr<Value>& value) {
  return Outcome(value.status());
}

class TrustedSetTest : public ::testing::Test {
 protected:
  RepositorySimulator repository_{Now()};
  std::string first_root_ = repository_.Published(kRootRole);

  TrustedSet Start(absl::Time at = Now()) const {
    auto set = TrustedSet::Create(first_root_, at);
    EXPECT_TRUE(set.ok()) << MessageOf(set.status());
    return *std::move(set);
  }
  // A set up to and with the snapshot.
  TrustedSet UpToSnapshot() {
    TrustedSet set = Start();
    EXPECT_EQ(Outcome(set.FinishRoot()), "");
    EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
    EXPECT_EQ(Outcome(set.UpdateSnapshot(repository_.Published(kSnapshotRole), false)), "");
    return set;
  }
  TrustedSet UpToTargets() {
    TrustedSet set = UpToSnapshot();
    EXPECT_EQ(
        Outcome(set.UpdateTargets(repository_.Published(kTargetsRole), kTargetsRole, kRootRole)),
        "");
    return set;
  }
};

TEST_F(TrustedSetTest, TakesAWholeRepositoryInOrder) {
  repository_.Delegate(kTargetsRole, Role("a"), {"a/*"}, false);
  repository_.AddTarget(Role("a"), "a/file", "content");
  repository_.Publish();
  TrustedSet set = UpToTargets();
  const auto found = set.UpdateTargets(repository_.Published(Role("a")), Role("a"), kTargetsRole);
  ASSERT_TRUE(found.ok()) << MessageOf(found.status());
  EXPECT_TRUE((*found)->targets.contains("a/file"));
  EXPECT_EQ(*set.FindTargets(Role("a"), kTargetsRole), *found);
}

TEST_F(TrustedSetTest, C04RootsFollowOneByOneUnderBothThresholds) {
  std::vector<std::string> roots = {first_root_};
  for (int i = 0; i < 3; ++i) {
    repository_.Rotate(TopLevelRole::kRoot);
    repository_.PublishRoot();
    roots.push_back(repository_.Published(kRootRole));
  }
  TrustedSet set = Start();
  EXPECT_EQ(Outcome(set.UpdateRoot(roots[0])), "wrong-version");
  // Root 3 is not signed by the keys of root 1.
  EXPECT_EQ(Outcome(set.UpdateRoot(roots[2])), "unsigned");
  EXPECT_EQ(set.root().header.version.value(), 1);
  for (std::size_t i = 1; i < roots.size(); ++i) EXPECT_EQ(Outcome(set.UpdateRoot(roots[i])), "");
  EXPECT_EQ(set.root().header.version.value(), 4);
}

TEST_F(TrustedSetTest, C04RefusesARootThatSkipsAVersionOrIsNotItsOwn) {
  repository_.PublishRoot();
  repository_.PublishRoot();
  TrustedSet set = Start();
  EXPECT_EQ(Outcome(set.UpdateRoot(repository_.Published(kRootRole))), "wrong-version");
  // Signed by the old keys only: the new root's own threshold is not reached.
  RepositorySimulator other{Now()};
  other.keys(kRootRole) = repository_.keys(kRootRole);
  other.root().header.version = *Version::Create(2);
  EXPECT_EQ(Outcome(set.UpdateRoot(other.Sign(kRootRole, EncodeCanonical(other.root())))),
            "unsigned");
  EXPECT_EQ(set.root().header.version.value(), 1);
}

TEST_F(TrustedSetTest, C13EveryRoleExpiresAtTheFixedStartTime) {
  repository_.Delegate(kTargetsRole, Role("a"), {"a/*"}, false);
  const absl::Time soon = Now() + absl::Hours(1);
  struct Case {
    std::string_view name;
    std::function<Header&()> header;
  };
  const Case cases[] = {
      {"root", [&]() -> Header& { return repository_.root().header; }},
      {"timestamp", [&]() -> Header& { return repository_.timestamp().header; }},
      {"snapshot", [&]() -> Header& { return repository_.snapshot().header; }},
      {"targets", [&]() -> Header& { return repository_.targets().header; }},
      {"a", [&]() -> Header& { return repository_.targets(Role("a")).header; }},
  };
  for (const Case& test : cases) {
    const Header before = test.header();
    test.header().expires = soon;
    repository_.PublishRoot();
    repository_.Publish();
    for (const absl::Duration after : {absl::Seconds(-1), absl::ZeroDuration()}) {
      SCOPED_TRACE(Cat(test.name, " at ", FormatUtc(soon + after)));
      auto set = TrustedSet::Create(repository_.Published(kRootRole), soon + after);
      ASSERT_TRUE(set.ok());
      Status status = set->FinishRoot();
      if (status.ok()) status = set->UpdateTimestamp(repository_.Published(kTimestampRole));
      if (status.ok()) status = set->UpdateSnapshot(repository_.Published(kSnapshotRole), false);
      if (status.ok()) {
        status = set->UpdateTargets(repository_.Published(kTargetsRole), kTargetsRole, kRootRole)
                     .status();
      }
      if (status.ok()) {
        status =
            set->UpdateTargets(repository_.Published(Role("a")), Role("a"), kTargetsRole).status();
      }
      // Valid while the expiry is later than now; at that very second it is not.
      EXPECT_EQ(Outcome(status), after < absl::ZeroDuration() ? "" : "expired");
      EXPECT_TRUE(status.ok() || MessageOf(status).find(test.name) != std::string_view::npos)
          << MessageOf(status);
    }
    test.header().expires = before.expires;
  }
}

TEST_F(TrustedSetTest, C06RefusesATimestampThatGoesBack) {
  const std::string old = repository_.Published(kTimestampRole);
  repository_.Publish();
  TrustedSet set = Start();
  ASSERT_EQ(Outcome(set.FinishRoot()), "");
  ASSERT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
  EXPECT_EQ(Outcome(set.UpdateTimestamp(old)), "rollback");
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
  EXPECT_EQ(set.timestamp()->header.version.value(), 2);
  // A newer timestamp that announces an older snapshot.
  repository_.timestamp().snapshot.version = Version::First();
  repository_.PublishTimestamp();
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "rollback");
  EXPECT_EQ(set.timestamp()->header.version.value(), 2);
}

TEST_F(TrustedSetTest, C06AnExpiredTimestampFromTheCacheIsStillAFloor) {
  const std::string old = repository_.Published(kTimestampRole);
  repository_.timestamp().header.expires = Now() - absl::Hours(1);
  repository_.Publish();
  TrustedSet set = Start();
  ASSERT_EQ(Outcome(set.FinishRoot()), "");
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "expired");
  EXPECT_EQ(Outcome(set.UpdateTimestamp(old)), "rollback");
  // The same again is no news; nothing may be built on it.
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "expired");
  EXPECT_EQ(Outcome(set.UpdateSnapshot(repository_.Published(kSnapshotRole), false)), "expired");
  repository_.timestamp().header.expires = Now() + absl::Hours(1);
  repository_.PublishTimestamp();
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
}

TEST_F(TrustedSetTest, C06RefusesASnapshotThatDropsOrLowersAnyRole) {
  repository_.Delegate(kTargetsRole, Role("a"), {"a/*"}, false);
  repository_.Publish();
  repository_.Publish();
  const std::string cached = repository_.Published(kSnapshotRole);
  const Snapshot good = repository_.snapshot();
  struct Case {
    std::string_view name;
    std::function<void(Snapshot&)> spoil;
    std::string_view outcome;
  };
  const Case cases[] = {
      {"as it was", [](Snapshot&) {}, ""},
      {"drops a delegated role", [](Snapshot& s) { s.roles.erase(Role("a")); }, "missing"},
      {"lowers a delegated role",
       [](Snapshot& s) { s.roles.at(Role("a")).version = Version::First(); }, "rollback"},
      {"lowers targets", [](Snapshot& s) { s.roles.at(kTargetsRole).version = Version::First(); },
       "rollback"},
      {"adds a role", [](Snapshot& s) { s.roles[Role("b")] = {}; }, ""},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    repository_.snapshot() = good;
    test.spoil(repository_.snapshot());
    repository_.PublishSnapshot();
    repository_.PublishTimestamp();
    TrustedSet set = Start();
    ASSERT_EQ(Outcome(set.FinishRoot()), "");
    ASSERT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
    // The copy on disk is of the version before: a floor, and nothing to build on.
    EXPECT_EQ(Outcome(set.UpdateSnapshot(cached, true)), "wrong-version");
    EXPECT_EQ(set.snapshot(), nullptr);
    EXPECT_EQ(Outcome(set.MetaOf(kTargetsRole)), "error");
    EXPECT_EQ(Outcome(set.UpdateSnapshot(repository_.Published(kSnapshotRole), false)),
              test.outcome);
    EXPECT_EQ(set.snapshot() != nullptr, test.outcome.empty());
  }
}

TEST_F(TrustedSetTest, RefusesASnapshotThatIsNotTheAnnouncedOne) {
  TrustedSet set = Start();
  ASSERT_EQ(Outcome(set.FinishRoot()), "");
  ASSERT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
  const std::string good = repository_.Published(kSnapshotRole);
  EXPECT_EQ(Outcome(set.UpdateSnapshot(good + " ", false)), "wrong-hash");
  std::string other = good;
  other[other.find("\"sig\":\"") + 8] ^= 1;
  // The hash comes before the signature, so this is not "unsigned".
  EXPECT_EQ(Outcome(set.UpdateSnapshot(other, false)), "wrong-hash");
  // Without hashes in the timestamp the version still has to be the announced one.
  repository_.timestamp().snapshot = FileMeta{*Version::Create(7), {}, {}};
  repository_.PublishTimestamp();
  ASSERT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "");
  EXPECT_EQ(Outcome(set.UpdateSnapshot(good, false)), "wrong-version");
  // What was refused from the mirror is no floor either.
  EXPECT_EQ(set.snapshot(), nullptr);
}

TEST_F(TrustedSetTest, C06RefusesTargetsOfAnotherVersionOrHash) {
  const std::string old = repository_.Published(kTargetsRole);
  for (const bool hashes : {true, false}) {
    repository_.SetHashesInSnapshot(hashes);
    repository_.Publish();
    TrustedSet set = UpToSnapshot();
    EXPECT_EQ(Outcome(set.UpdateTargets(old, kTargetsRole, kRootRole)),
              hashes ? "wrong-hash" : "wrong-version");
    EXPECT_EQ(*set.FindTargets(kTargetsRole, kRootRole), nullptr);
  }
}

TEST_F(TrustedSetTest, RefusesARoleThatItsDelegatorDoesNotName) {
  repository_.Delegate(kTargetsRole, Role("a"), {"a/*"}, false);
  repository_.Delegate(Role("a"), Role("b"), {"a/b/*"}, false);
  repository_.Publish();
  TrustedSet set = UpToTargets();
  EXPECT_EQ(Outcome(set.UpdateTargets(repository_.Published(Role("b")), Role("b"), kTargetsRole)),
            "missing");
  // Its delegator is not loaded yet.
  EXPECT_EQ(Outcome(set.UpdateTargets(repository_.Published(Role("b")), Role("b"), Role("a"))),
            "error");
  EXPECT_EQ(Outcome(set.UpdateTargets(repository_.Published(Role("b")), Role("c"), kTargetsRole)),
            "missing");
}

TEST_F(TrustedSetTest, C08ALoadedRoleIsVerifiedAgainUnderEachDelegator) {
  // PEP 480: `claimed` and `recently-claimed` both name the project, each with keys of its own.
  const RoleName claimed = Role("claimed");
  const RoleName recent = Role("recently-claimed");
  const RoleName project = Role("project.p");
  repository_.Delegate(kTargetsRole, claimed, {"simple/*/*"}, false);
  repository_.Delegate(kTargetsRole, recent, {"simple/*/*"}, false);
  repository_.Delegate(recent, project, {"simple/p/*"}, true);
  repository_.DelegateAgain(claimed, project, {"simple/p/*"}, true, {SimulatedKey::Generate()});
  repository_.Publish();
  TrustedSet set = UpToTargets();
  ASSERT_EQ(Outcome(set.UpdateTargets(repository_.Published(claimed), claimed, kTargetsRole)), "");
  ASSERT_EQ(Outcome(set.UpdateTargets(repository_.Published(recent), recent, kTargetsRole)), "");
  const std::string bytes = repository_.Published(project);
  EXPECT_EQ(Outcome(set.UpdateTargets(bytes, project, claimed)), "unsigned");
  EXPECT_EQ(Outcome(set.UpdateTargets(bytes, project, recent)), "");
  EXPECT_NE(*set.FindTargets(project, recent), nullptr);
  EXPECT_EQ(Outcome(set.FindTargets(project, claimed)), "unsigned");
}

TEST_F(TrustedSetTest, C08TwoDocumentsOfOneRoleAndVersionAreRefused) {
  // Without hashes in the snapshot an online attacker may show each delegator its own document.
  repository_.SetHashesInSnapshot(false);
  repository_.Delegate(kTargetsRole, Role("a"), {"*"}, false);
  repository_.Delegate(kTargetsRole, Role("b"), {"*"}, false);
  repository_.Delegate(Role("a"), Role("p"), {"*"}, false);
  repository_.DelegateAgain(Role("b"), Role("p"), {"*"}, false, repository_.keys(Role("p")));
  repository_.Publish();
  TrustedSet set = UpToTargets();
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(
        Outcome(set.UpdateTargets(repository_.Published(Role(name)), Role(name), kTargetsRole)),
        "");
  }
  const auto first = set.UpdateTargets(repository_.Published(Role("p")), Role("p"), Role("a"));
  ASSERT_EQ(Outcome(first), "");
  EXPECT_TRUE((*first)->targets.empty());
  repository_.AddTarget(Role("p"), "evil", "x");
  EXPECT_EQ(Outcome(set.UpdateTargets(repository_.SignTargets(Role("p")), Role("p"), Role("b"))),
            "wrong-hash");
  EXPECT_TRUE((*first)->targets.empty());
}

TEST_F(TrustedSetTest, NewOnlineKeysAreSeenAndNothingElse) {
  repository_.Rotate(TopLevelRole::kTargets);
  repository_.PublishRoot();
  TrustedSet set = Start();
  ASSERT_EQ(Outcome(set.UpdateRoot(repository_.Published(kRootRole))), "");
  EXPECT_FALSE(set.OnlineKeysRotated());
  repository_.Rotate(TopLevelRole::kSnapshot);
  repository_.PublishRoot();
  ASSERT_EQ(Outcome(set.UpdateRoot(repository_.Published(kRootRole))), "");
  EXPECT_TRUE(set.OnlineKeysRotated());
}

TEST_F(TrustedSetTest, StepsOutOfOrderAreErrorsAndChangeNothing) {
  TrustedSet set = Start();
  EXPECT_EQ(Outcome(set.UpdateTimestamp(repository_.Published(kTimestampRole))), "error");
  EXPECT_EQ(Outcome(set.UpdateSnapshot(repository_.Published(kSnapshotRole), false)), "error");
  EXPECT_EQ(
      Outcome(set.UpdateTargets(repository_.Published(kTargetsRole), kTargetsRole, kRootRole)),
      "error");
  ASSERT_EQ(Outcome(set.FinishRoot()), "");
  EXPECT_EQ(Outcome(set.UpdateRoot(first_root_)), "error");
  EXPECT_EQ(set.timestamp(), nullptr);
}

TEST_F(TrustedSetTest, P08AnyFlippedByteOfAnyDocumentIsRefused) {
  // Every 13th byte of each document, each of two ways: none may be accepted as what it was not.
  struct Case {
    const RoleName& role;
    std::function<Status(std::string_view)> update;
  };
  repository_.timestamp().snapshot.hashes.reset();
  repository_.timestamp().snapshot.length.reset();
  repository_.SetHashesInSnapshot(false);
  repository_.PublishTimestamp();
  const Case cases[] = {
      {kRootRole, [](std::string_view b) { return TrustedSet::Create(b, Now()).status(); }},
      {kTimestampRole,
       [this](std::string_view b) {
         TrustedSet set = Start();
         EXPECT_TRUE(set.FinishRoot().ok());
         return set.UpdateTimestamp(b);
       }},
      {kSnapshotRole,
       [this](std::string_view b) {
         TrustedSet set = Start();
         EXPECT_TRUE(set.FinishRoot().ok());
         EXPECT_TRUE(set.UpdateTimestamp(repository_.Published(kTimestampRole)).ok());
         return set.UpdateSnapshot(b, false);
       }},
  };
  for (const Case& test : cases) {
    const std::string good = repository_.Published(test.role);
    ASSERT_EQ(Outcome(test.update(good)), "") << test.role.text();
    for (std::size_t at = 0; at < good.size(); at += 13) {
      for (const unsigned bit : {1U, 0x20U}) {
        std::string bad = good;
        bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ bit);
        EXPECT_NE(Outcome(test.update(bad)), "") << test.role.text() << " byte " << at;
      }
    }
  }
}

}  // namespace
}  // namespace rind::tuf
