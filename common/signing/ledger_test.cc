#include "common/signing/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/signing/ledger_codec.h"

namespace rind::signing {
namespace {

const LedgerIdentity kIdentity = {"rind-test", "content", {{"bins", "ab"}}};

Intent SomeIntent(std::int64_t version) {
  return {.role = *tuf::RoleName::Parse("bin-3"),
          .version = version,
          .digest = Sha256(Cat("document ", version)),
          .expires = absl::FromUnixSeconds(2'000'000'000),
          .time = absl::FromUnixSeconds(1'795'366'800 + version),
          .departed = {{Sha256(Cat("path ", version)), Sha256("file"), 4,
                        absl::FromUnixSeconds(1'795'366'800)}},
          .root = version == 2 ? std::optional(PinnedRoot{1, "root bytes"}) : std::nullopt,
          .offline = {{"claimed", version}}};
}
Done SomeDone(std::int64_t version) {
  return {*tuf::RoleName::Parse("bin-3"), version, "key", "signature", Sha256("file"), 812};
}

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-ledger-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    ASSERT_TRUE(Ledger::Init(files_, folder_, kIdentity).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  StatusOr<Ledger> Open() { return Ledger::Open(files_, folder_, kIdentity); }
  std::string Bytes() { return *files_.Read(LedgerPath(folder_), 1 << 20); }
  void Write(std::string_view bytes) {
    ASSERT_TRUE(files_.Replace(LedgerPath(folder_), bytes, 0600).ok());
  }
  void SignVersions(std::int64_t first, std::int64_t last) {
    Ledger ledger = *Open();
    for (std::int64_t version = first; version <= last; ++version) {
      ledger.Stage(SomeIntent(version));
      ASSERT_TRUE(ledger.Sync().ok());
      ledger.Remember(SomeDone(version));
    }
    ASSERT_TRUE(ledger.Sync().ok());
  }

  LocalFileSystem files_;
  std::string folder_;
};

TEST_F(LedgerTest, S04RemembersAcrossProcesses) {
  SignVersions(1, 3);
  const Ledger ledger = *Open();
  const Remembered& last = *ledger.memory().Find(*tuf::RoleName::Parse("bin-3"));
  EXPECT_EQ(last.version, 3);
  EXPECT_EQ(last.digest, SomeIntent(3).digest);
  EXPECT_EQ(last.signature, "signature");
  EXPECT_EQ(last.file_length, 812u);
  EXPECT_EQ(ledger.memory().FindTombstone(Sha256("path 2"))->serial, 4);
  EXPECT_EQ(ledger.memory().root()->bytes, "root bytes");
  EXPECT_EQ(ledger.memory().OfflineVersion("claimed"), 3);
  EXPECT_EQ(ledger.memory().clock_floor(), SomeIntent(3).time);
  EXPECT_EQ(ledger.memory().signatures(), 3u);
}

TEST_F(LedgerTest, D09AMissingLedgerStopsTheStartAndSaysTheWayOut) {
  ASSERT_TRUE(files_.Remove(LedgerPath(folder_)).ok());
  const Status status = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(status.message().find("init"), std::string::npos);
  EXPECT_FALSE(files_.Stat(LedgerPath(folder_)).ok()) << "it must not make one";
  EXPECT_TRUE(Ledger::Init(files_, folder_, kIdentity).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Ledger::Init(files_, folder_, kIdentity)));
}

TEST_F(LedgerTest, S09IsOfOneRepositorySignerAndSetOfKeys) {
  for (const LedgerIdentity& other : {LedgerIdentity{"rind-other", "content", kIdentity.keys},
                                      LedgerIdentity{"rind-test", "release", kIdentity.keys},
                                      LedgerIdentity{"rind-test", "content", {{"bins", "cd"}}}}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(Ledger::Open(files_, folder_, other).status()));
  }
}

TEST_F(LedgerTest, S04EveryCutOfTheLastFramesKeepsAllThatWasSynced) {
  SignVersions(1, 2);
  const std::string whole = Bytes();
  std::vector<std::size_t> ends;  // where each frame ends
  std::size_t at = kLedgerMagic.size();
  while (at < whole.size()) {
    at += DecodeFrame(std::string_view(whole).substr(at)).size;
    ends.push_back(at);
  }
  ASSERT_EQ(ends.back(), whole.size());
  for (std::size_t cut = ends.front(); cut < whole.size(); ++cut) {
    Write(std::string_view(whole).substr(0, cut));
    auto ledger = Open();
    ASSERT_TRUE(ledger.ok()) << cut << ": " << ledger.status();
    const std::size_t kept =
        static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin());
    ASSERT_EQ(Bytes().size(), ends[kept - 1]) << "cut at " << cut;
    const Remembered* last = ledger->memory().Find(*tuf::RoleName::Parse("bin-3"));
    // The first frame is the identity; each later one brings the next intent, the last a signature.
    const auto wanted = static_cast<std::int64_t>(std::min<std::size_t>(kept - 1, 2));
    ASSERT_EQ(last == nullptr ? 0 : last->version, wanted) << "cut at " << cut;
  }
}

TEST_F(LedgerTest, S04DamageBeforeTheLastFrameStopsTheStart) {
  SignVersions(1, 3);
  const std::string whole = Bytes();
  std::size_t last = kLedgerMagic.size();
  for (std::size_t at = last; at < whole.size();) {
    last = at;
    at += DecodeFrame(std::string_view(whole).substr(at)).size;
  }
  for (std::size_t i = 0; i < last; i += 5) {  // 5: every member of the header and of a record
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    Write(damaged);
    ASSERT_TRUE(absl::IsDataLoss(Open().status())) << "byte " << i;
  }
}

TEST_F(LedgerTest, S04ZerosThatNeverArrivedAreCut) {
  SignVersions(1, 2);
  const std::string whole = Bytes();
  Write(Cat(whole, std::string(4096, '\0')));
  const auto ledger = Open();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_EQ(ledger->cut_bytes(), 4096u);
  EXPECT_EQ(Bytes(), whole);
}

TEST_F(LedgerTest, S04OneProcessHoldsIt) {
  const auto first = Open();
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
}

}  // namespace
}  // namespace rind::signing
