#include "common/tuf_client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/synchronization/mutex.h"
#include "common/base/text.h"
#include "common/http/raw_peer_test_support.h"
#include "common/testing/fake_clock.h"
#include "common/testing/repository_simulator.h"

namespace rind::tuf_client {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;
using testing::RepositorySimulator;
using tuf::Rejection;
using tuf::RoleName;
using tuf::TopLevelRole;

RoleName Role(std::string_view name) { return *RoleName::Parse(name); }

// The simulator's files, counted.
class SimulatedMirror final : public Fetcher {
 public:
  explicit SimulatedMirror(RepositorySimulator& repository) : repository_(repository) {}
  StatusOr<std::string> Fetch(std::string_view path, std::uint64_t max_bytes) override {
    asked.emplace_back(path);
    if (!reachable) return Unavailable("no route");
    const auto found = repository_.Files().find(std::string(path));
    if (found == repository_.Files().end()) return NotFound(path);
    if (found->second.size() > max_bytes) return ResourceExhausted(path);
    return found->second;
  }
  Status FetchTo(std::string_view path, std::uint64_t max_bytes,
                 const std::function<Status(std::string_view)>& sink) override {
    RIND_ASSIGN_OR_RETURN(const std::string bytes, Fetch(path, max_bytes));
    for (std::size_t at = 0; at < bytes.size(); at += 7) {
      RIND_RETURN_IF_ERROR(sink(std::string_view(bytes).substr(at, 7)));
    }
    return OkStatus();
  }

  std::vector<std::string> asked;
  bool reachable = true;

 private:
  RepositorySimulator& repository_;
};

class TufClientTest : public ::testing::Test {
 protected:
  TufClientTest() : repository_(clock_.Now()), mirror_(repository_) {}
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-tuf-client-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    ASSERT_TRUE(Client::Initialise(files_, folder_, File("metadata/1.root.json")).ok());
    Open();
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  void Open() {
    ClientOptions options;
    options.metadata_dir = folder_;
    options.lock_patience = absl::ZeroDuration();
    auto client = Client::Open(options, files_, mirror_, clock_);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }
  std::string File(const std::string& path) { return repository_.Files().at(path); }
  std::string OnDisk(std::string_view name) {
    return files_.Read(JoinPath(folder_, name), 10'000'000).value_or("");
  }

  FakeClock clock_;
  RepositorySimulator repository_;
  SimulatedMirror mirror_;
  LocalFileSystem files_;
  std::string folder_;
  std::unique_ptr<Client> client_;
};

TEST_F(TufClientTest, KeepsWhatItTrustsByteForByteAndAsksForNoMoreThanIsNew) {
  repository_.AddTarget(TopLevelRole::kTargets, "a/b", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  EXPECT_THAT(mirror_.asked, ElementsAre("metadata/2.root.json", "metadata/timestamp.json",
                                         "metadata/2.snapshot.json", "metadata/2.targets.json"));
  EXPECT_EQ(OnDisk("timestamp.json"), File("metadata/timestamp.json"));
  EXPECT_EQ(OnDisk("snapshot.json"), File("metadata/2.snapshot.json"));
  EXPECT_EQ(OnDisk("targets.json"), File("metadata/2.targets.json"));
  const auto found = client_->Find("a/b");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*client_->Download(*found), "content");
  std::string pieces;
  EXPECT_TRUE(client_
                  ->DownloadTo(*found,
                               [&pieces](std::string_view piece) {
                                 pieces.append(piece);
                                 return OkStatus();
                               })
                  .ok());
  EXPECT_EQ(pieces, "content");

  mirror_.asked.clear();
  Open();
  ASSERT_TRUE(client_->Refresh().ok());
  EXPECT_THAT(mirror_.asked, ElementsAre("metadata/2.root.json", "metadata/timestamp.json"));
}

TEST_F(TufClientTest, C04FollowsTheRootChainAndPersistsEachStep) {
  repository_.Rotate(TopLevelRole::kRoot);
  repository_.PublishRoot();
  const std::string second = File("metadata/2.root.json");
  repository_.Rotate(TopLevelRole::kRoot);
  repository_.PublishRoot();
  repository_.Files()["metadata/3.root.json"] = File("metadata/1.root.json");
  EXPECT_TRUE(tuf::RejectionOf(client_->Refresh()).has_value());
  EXPECT_EQ(OnDisk("root.json"), second) << "what was refused is not kept, what was good is";
}

TEST_F(TufClientTest, C06RollbackOfTheTimestampIsRefusedAlsoAfterARestart) {
  const std::string old = File("metadata/timestamp.json");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  const std::string kept = OnDisk("timestamp.json");
  repository_.Files()["metadata/timestamp.json"] = old;
  Open();
  EXPECT_EQ(tuf::RejectionOf(client_->Refresh()), Rejection::kRollback);
  EXPECT_EQ(OnDisk("timestamp.json"), kept);
}

TEST_F(TufClientTest, C06ARotationOfOnlineKeysRecoversFromFastForward) {
  repository_.timestamp().header.version = *tuf::Version::Create(1'000'000);
  repository_.Files()["metadata/timestamp.json"] = repository_.SignTimestamp();
  ASSERT_TRUE(client_->Refresh().ok());
  repository_.Publish();  // version 2 again
  EXPECT_EQ(tuf::RejectionOf(client_->Refresh()), Rejection::kRollback);
  repository_.Rotate(TopLevelRole::kTimestamp);
  repository_.Rotate(TopLevelRole::kSnapshot);
  repository_.PublishRoot();
  repository_.Publish();
  EXPECT_TRUE(client_->Refresh().ok()) << client_->Refresh();
}

TEST_F(TufClientTest, C13AnEqualTimestampThatHasExpiredSinceIsRefused) {
  ASSERT_TRUE(client_->Refresh().ok());
  repository_.root().header.expires = clock_.Now() + absl::Hours(24 * 100);
  repository_.PublishRoot();
  clock_.Advance(absl::Hours(24 * 31));
  const Status status = client_->Refresh();
  EXPECT_EQ(tuf::RejectionOf(status), Rejection::kExpired) << status;
  EXPECT_THAT(MessageOf(status), HasSubstr("timestamp v1"));
}

TEST_F(TufClientTest, AFailedRefreshLeavesWhatWasTrusted) {
  repository_.AddTarget(TopLevelRole::kTargets, "a/b", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  mirror_.reachable = false;
  EXPECT_TRUE(absl::IsUnavailable(client_->Refresh()));
  EXPECT_TRUE(client_->Find("a/b").ok());
  Open();
  EXPECT_TRUE(client_->LoadFromDisk().ok());
  EXPECT_TRUE(client_->Find("a/b").ok());
  clock_.Advance(absl::Hours(24 * 31));
  EXPECT_EQ(tuf::RejectionOf(client_->LoadFromDisk()), Rejection::kExpired);
}

TEST_F(TufClientTest, C07AnAnnouncedRoleThatIsNotThereIsRefusedAndNeverSkipped) {
  repository_.Delegate(TopLevelRole::kTargets, Role("first"), {"a/*"}, false);
  repository_.Delegate(TopLevelRole::kTargets, Role("second"), {"a/*"}, false);
  repository_.AddTarget(Role("second"), "a/b", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  const std::string first = File("metadata/1.first.json");
  repository_.Files().erase("metadata/1.first.json");
  EXPECT_EQ(tuf::RejectionOf(client_->Find("a/b").status()), Rejection::kUnfetched);
  repository_.Files()["metadata/1.first.json"] = "{}";
  EXPECT_TRUE(tuf::RejectionOf(client_->Find("a/b").status()).has_value());
  repository_.Files()["metadata/1.first.json"] = first;
  const auto found = client_->Find("a/b");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->chain.back().role, Role("second"));
  EXPECT_TRUE(absl::IsNotFound(client_->Find("a/c").status()));
}

TEST_F(TufClientTest, C08ACachedRoleIsVerifiedUnderItsCurrentDelegator) {
  for (const char* parent : {"claimed", "recently-claimed"}) {
    repository_.Delegate(TopLevelRole::kTargets, Role(parent),
                         {std::string(parent) == "claimed" ? "a/*" : "b/*"}, false);
  }
  repository_.Delegate(Role("claimed"), Role("p"), {"a/*"}, true);
  repository_.DelegateAgain(Role("recently-claimed"), Role("p"), {"b/*"}, true,
                            {testing::SimulatedKey::Generate()});
  repository_.AddTarget(Role("p"), "a/x", "content");
  repository_.AddTarget(Role("p"), "b/x", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  EXPECT_TRUE(client_->Find("a/x").ok());
  EXPECT_EQ(tuf::RejectionOf(client_->Find("b/x").status()), Rejection::kUnsigned);
}

TEST_F(TufClientTest, C05NoRoleNameLeavesTheFolder) {
  const RoleName hostile = Role("../../evil");
  repository_.Delegate(TopLevelRole::kTargets, hostile, {"a/*"}, false);
  repository_.AddTarget(hostile, "a/b", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  EXPECT_TRUE(client_->Find("a/b").ok()) << client_->Find("a/b").status();
  EXPECT_NE(OnDisk(Cat(hostile.FileName(), ".json")), "");
  EXPECT_EQ(hostile.FileName().find('/'), std::string::npos);
  EXPECT_TRUE(absl::IsNotFound(files_.Stat(JoinPath(ParentPath(folder_), "evil.json")).status()));
}

TEST_F(TufClientTest, C12AWrongOrLongFileIsRefused) {
  repository_.AddTarget(TopLevelRole::kTargets, "a/b", "content");
  repository_.Publish();
  ASSERT_TRUE(client_->Refresh().ok());
  const auto found = client_->Find("a/b");
  ASSERT_TRUE(found.ok());
  const std::string path = TargetAddress(*found, true);
  std::string given;
  const auto sink = [&given](std::string_view piece) {
    given.append(piece);
    return OkStatus();
  };
  repository_.Files()[path] = "c0ntent and more";
  EXPECT_EQ(tuf::RejectionOf(client_->Download(*found).status()), Rejection::kTooLarge);
  repository_.Files()[path] = "c0ntent";
  const Status wrong = client_->DownloadTo(*found, sink);
  EXPECT_EQ(tuf::RejectionOf(wrong), Rejection::kWrongHash);
  EXPECT_THAT(MessageOf(wrong), HasSubstr("targets v2 wants sha256 "));
  EXPECT_EQ(given, "") << "all of it was the last piece";
  repository_.Files()[path] = "";
  EXPECT_EQ(tuf::RejectionOf(client_->DownloadTo(*found, sink)), Rejection::kWrongHash);
  repository_.Files().erase(path);
  EXPECT_EQ(tuf::RejectionOf(client_->DownloadTo(*found, sink)), Rejection::kUnfetched);
}

TEST_F(TufClientTest, OneProcessAtATimeInOneFolder) {
  const auto held = FileLock::Acquire(JoinPath(folder_, ".lock"), absl::ZeroDuration());
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_->Refresh()));
}

TEST_F(TufClientTest, InitialiseLaysOnePinnedRoot) {
  EXPECT_TRUE(Client::Initialise(files_, folder_, File("metadata/1.root.json")).ok());
  const RepositorySimulator other(clock_.Now());
  EXPECT_TRUE(absl::IsAlreadyExists(
      Client::Initialise(files_, folder_, other.Published(TopLevelRole::kRoot))));
  repository_.PublishRoot();
  ASSERT_TRUE(client_->Refresh().ok());
  EXPECT_TRUE(Client::Initialise(files_, folder_, File("metadata/1.root.json")).ok());
  EXPECT_EQ(OnDisk("root.json"), File("metadata/2.root.json"));
  EXPECT_FALSE(Client::Initialise(files_, folder_, "{}").ok());
}

TEST(HttpFetcher, TellsAbsentFromUnreachable) {
  absl::Mutex mu;  // the peer's thread may still be sending when the client has its answer
  std::string answer;
  std::string asked;
  const http::RawPeer peer([&](int socket, const std::string& request) {
    const absl::MutexLock lock(&mu);
    asked = request;
    http::SendAll(socket, answer);
  });
  const auto fetcher = HttpFetcher(Cat(peer.Url(), "mirror"), "");
  ASSERT_TRUE(fetcher.ok());
  const auto set_answer = [&](std::string text) {
    const absl::MutexLock lock(&mu);
    answer = std::move(text);
  };
  const auto ask = [&](std::string_view status) {
    set_answer(Cat("HTTP/1.1 ", status, " x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    return (*fetcher)->Fetch("metadata/1.root.json", 2);
  };
  EXPECT_EQ(*ask("200"), "ok");
  mu.Lock();
  const std::string first = asked;
  mu.Unlock();
  EXPECT_THAT(first, HasSubstr("GET /mirror/metadata/1.root.json HTTP/1.1\r\n"));
  for (const char* absent : {"403", "404", "410"}) {
    EXPECT_TRUE(absl::IsNotFound(ask(absent).status())) << absent;
  }
  for (const char* broken : {"301", "401", "429", "500", "503"}) {
    EXPECT_TRUE(absl::IsUnavailable(ask(broken).status())) << broken;
  }
  set_answer("HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\no");
  EXPECT_TRUE(absl::IsUnavailable((*fetcher)->Fetch("targets/a", 2).status()));
}

TEST(FolderFetcher, StaysInItsFolder) {
  LocalFileSystem files;
  const std::string folder = Cat(::testing::TempDir(), "rind-folder-", ::getpid());
  ASSERT_TRUE(files.MakeDirectories(JoinPath(folder, "in/targets"), 0700).ok());
  ASSERT_TRUE(files.Replace(JoinPath(folder, "secret"), "s", 0600).ok());
  ASSERT_TRUE(files.Replace(JoinPath(folder, "in/targets/a+b"), "x", 0600).ok());
  const auto fetcher = FolderFetcher(files, JoinPath(folder, "in"));
  EXPECT_EQ(*fetcher->Fetch("targets/a%2Bb", 1), "x");
  EXPECT_TRUE(absl::IsResourceExhausted(fetcher->Fetch("targets/a%2Bb", 0).status()));
  for (const char* path : {"../secret", "targets/%2e%2e/../secret", "targets/..%2f..%2fsecret"}) {
    EXPECT_TRUE(absl::IsNotFound(fetcher->Fetch(path, 10).status())) << path;
  }
  ASSERT_TRUE(RemoveTree(files, folder).ok());
}

}  // namespace
}  // namespace rind::tuf_client
