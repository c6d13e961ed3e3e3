#include "services/mirror_syncer/syncer.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/pypi/index_page.h"
#include "services/mirror_syncer/syncer_test_world.h"

namespace rind::mirror_syncer {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SyncerTest : public SyncerWorld {};

TEST_F(SyncerTest, MirrorsEverythingWithEvidenceAndPages) {
  const Summary summary = MustSync();
  EXPECT_EQ(summary.projects, 4U);
  EXPECT_EQ(summary.changed_projects, 4U);
  EXPECT_EQ(summary.failed_projects, 0U);
  EXPECT_EQ(summary.held_back, 0U) << observer_.held_back[0].reason;
  EXPECT_EQ(summary.serial, 1000);
  EXPECT_THAT(summary.missing_dependencies, IsEmpty());
  EXPECT_THAT(manager_->Paths("rind-hello"),
              ElementsAre("files/rind-hello/rind_hello-1.0-py3-none-any.whl",
                          "files/rind-hello/rind_hello-1.0-py3-none-any.whl.metadata",
                          "files/rind-hello/rind_hello-1.0.tar.gz", "simple/rind-hello/index.html",
                          "simple/rind-hello/index.json"));
  for (const auto& [name, ingest] : manager_->ingests) {
    EXPECT_TRUE(std::is_sorted(ingest.targets.begin(), ingest.targets.end()));
    for (const auto& target : ingest.targets) {
      if (target.path.text().starts_with("simple/")) {
        const bool html = target.path.text().ends_with("html");
        EXPECT_EQ(target.sha256, Sha256(html ? ingest.index_html : ingest.index_json));
      } else {
        EXPECT_TRUE(blobs_->Verify(target.sha256).ok()) << target.path.text();
        EXPECT_EQ(**blobs_->SizeOf(target.sha256), target.length);
      }
    }
  }
}

TEST_F(SyncerTest, NewestReleasesYankedAndFactsAreCarriedThrough) {
  MustSync({"rind-cheese"});
  const auto page = pypi::ParseIndexJson(manager_->ingests["rind-cheese"].index_json,
                                         *pypi::ProjectName::Parse("rind-cheese"));
  ASSERT_TRUE(page.ok()) << page.status();
  std::set<std::string> versions;
  for (const pypi::ListedFile& file : page->files) {
    versions.insert(file.distribution.version_text());
    EXPECT_EQ(file.facts.upload_time.substr(0, 8), "2024-01-");
    EXPECT_EQ(file.facts.yanked, file.distribution.version_text() == "1.1");
    EXPECT_EQ(file.facts.yanked_reason, file.facts.yanked ? "spoilt: the milk was sour" : "");
    if (file.distribution.kind() != pypi::DistributionKind::kWheel) continue;
    EXPECT_EQ(file.facts.requires_python, ">=3.7");
    ASSERT_TRUE(file.core_metadata_sha256);
    EXPECT_EQ(*blobs_->MetadataOf(*file.sha256), file.core_metadata_sha256);
  }
  // The newest three final ones, and the yanked one between them; no release candidate.
  EXPECT_EQ(versions, (std::set<std::string>{"0.9", "1.0", "1.1", "1.2"}));
}

TEST_F(SyncerTest, ASecondSyncAsksForPagesOnlyAndSendsNothing) {
  MustSync();
  Requests();
  const Summary again = MustSync();
  EXPECT_EQ(again.unchanged_projects, 4U);
  EXPECT_EQ(again.new_files, 0U);
  EXPECT_EQ(manager_->count, 4);
  for (const std::string& line : Requests()) {
    EXPECT_TRUE(line == "GET /simple/ 200" || line.ends_with("/ 304")) << line;
  }
}

TEST_F(SyncerTest, TakesOverANewReleaseAndOnlyIt) {
  MustSync();
  const auto made = testing::RunProgram(
      {RIND_PYTHON, "-c",
       "import sys; sys.path.insert(0, 'tests/upstream'); import make_sample as m; "
       "r = m.Release('rind-hello', '1.1', 'X = 1\\n', requires=['rind-rennet']); "
       "open(sys.argv[1] + '/projects/rind-hello/' + r.wheel_name(), 'wb').write(r.wheel_bytes())",
       sample_},
      absl::Seconds(60));
  ASSERT_TRUE(made.ok()) << made.status();
  SetSerial(1001);
  Requests();
  const Summary summary = MustSync();
  EXPECT_EQ(summary.changed_projects, 1U);
  EXPECT_EQ(summary.new_files, 1U);
  EXPECT_EQ(summary.serial, 1001);
  EXPECT_THAT(summary.missing_dependencies, ElementsAre("rind-rennet"));
  EXPECT_EQ(RequestsFor("/files/").size(), 2U);  // the wheel and its metadata
  EXPECT_THAT(manager_->Paths("rind-hello"),
              Contains("files/rind-hello/rind_hello-1.1-py3-none-any.whl.metadata"));
}

TEST_F(SyncerTest, ListsWhatIsRequiredAndNotMirrored) {
  projects_ = {*pypi::ProjectName::Parse("rind-cave")};
  Restart();
  // Not rind-thermometer: it is an extra's.
  EXPECT_THAT(MustSync().missing_dependencies, ElementsAre("rind-cheese", "rind-mould"));
}

TEST_F(SyncerTest, AnIndexOfOnlyHtmlWillDo) {
  Fault(R"({"html_only": true, "no_serial": true})");
  MustSync();
  EXPECT_THAT(manager_->Paths("rind-hello"),
              Contains("files/rind-hello/rind_hello-1.0-py3-none-any.whl.metadata"));
  // Without serials the time stands in, and it never goes back.
  const std::int64_t first = manager_->ingests["rind-hello"].serial;
  EXPECT_EQ(first, absl::ToUnixSeconds(clock_.Now()));
  clock_.Advance(-absl::Hours(1));
  ASSERT_TRUE(files_.Remove(sample_ + "/projects/rind-hello/rind_hello-1.0.tar.gz").ok());
  MustSync();
  EXPECT_EQ(manager_->ingests["rind-hello"].serial, first + 1);
}

TEST_F(SyncerTest, MetadataWithoutAHashGetsOurOwn) {
  Fault(R"({"metadata_without_hash": true, "no_hashes": true})");
  MustSync();
  EXPECT_THAT(manager_->Paths("rind-hello"),
              Contains("files/rind-hello/rind_hello-1.0-py3-none-any.whl.metadata"));
  EXPECT_THAT(manager_->ingests["rind-hello"].index_json,
              HasSubstr(R"("core-metadata":{"sha256")"));
}

TEST_F(SyncerTest, MetadataThatIsNotThereIsLeftOutAndReported) {
  Fault(R"({"missing": ["rind_hello-1.0-py3-none-any.whl.metadata"]})");
  EXPECT_EQ(MustSync({"rind-hello"}).changed_projects, 1U);
  EXPECT_THAT(manager_->Paths("rind-hello"),
              Not(Contains("files/rind-hello/rind_hello-1.0-py3-none-any.whl.metadata")));
  EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("published without"));
}

TEST_F(SyncerTest, Y02AWrongByteFailsTheWholeProjectAndNoOther) {
  for (const std::string file :
       {"rind_hello-1.0.tar.gz", "rind_hello-1.0-py3-none-any.whl.metadata"}) {
    Fault(Cat(R"({"wrong_bytes": [")", file, "\"]}"));
    const Summary summary = MustSync();
    EXPECT_EQ(summary.failed_projects, 1U);
    EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("wanted sha256"));
    EXPECT_FALSE(manager_->ingests.contains("rind-hello"));
    EXPECT_TRUE(manager_->ingests.contains("rind-cheese"));
    EXPECT_THAT(*files_.List(folder_ + "/blobs/incoming"), IsEmpty());
    ASSERT_TRUE(RemoveTree(files_, folder_ + "/blobs").ok());
    Restart();
  }
  Fault("{}");
  EXPECT_EQ(MustSync().failed_projects, 0U);
  EXPECT_TRUE(manager_->ingests.contains("rind-hello"));
}

TEST_F(SyncerTest, Y02NothingStaysOfATruncatedFileWhereverItEnds) {
  const auto info = files_.Stat(sample_ + "/projects/rind-hello/rind_hello-1.0.tar.gz");
  ASSERT_TRUE(info.ok());
  for (std::uint64_t percent = 0; percent < 100; percent += 5) {
    Fault(Cat(R"({"truncate": {"rind_hello-1.0.tar.gz": )", info->size * percent / 100, "}}"));
    EXPECT_EQ(MustSync({"rind-hello"}).failed_projects, 1U) << percent;
    EXPECT_FALSE(manager_->ingests.contains("rind-hello"));
    EXPECT_THAT(*files_.List(folder_ + "/blobs/incoming"), IsEmpty());
  }
}

TEST_F(SyncerTest, Y03AStaleEmptyOrBrokenPageHoldsThatProjectOnly) {
  MustSync();
  const int sent = manager_->count;
  struct Case {
    std::string_view faults, reason;
    bool failed;
  };
  for (const Case& c :
       {Case{R"({"serial": {"rind-hello": 999}})", "a stale page: its serial is 999", false},
        Case{R"({"empty_page": ["rind-hello"]})", "upstream lists no files", false},
        Case{R"({"broken_page": ["rind-hello"]})", "not JSON", true}}) {
    SetSerial(1002);
    Fault(c.faults);
    const Summary summary = MustSync();
    EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr(std::string(c.reason))) << c.faults;
    EXPECT_EQ(summary.failed_projects, c.failed ? 1U : 0U) << c.faults;
    EXPECT_EQ(summary.unchanged_projects, 3U) << c.faults;
    EXPECT_EQ(manager_->count, sent);
  }
  ASSERT_TRUE(RemoveTree(files_, sample_ + "/projects/rind-hello").ok());
  Fault("{}");
  MustSync({"rind-hello"});
  EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("upstream no longer has it"));
}

TEST_F(SyncerTest, Y03AHostileNameIsHeldBackAndTheRestIsTaken) {
  Fault(R"({"extra_files": {"rind-hello": [
      {"filename": "../../etc/passwd", "url": "/files/x", "hashes": {}},
      {"filename": "rind_hello-9.0.zip\n", "url": "/files/x", "hashes": {}},
      {"filename": "other-9.0.zip", "url": "/files/x", "hashes": {}}]}})");
  const Summary summary = MustSync({"rind-hello"});
  EXPECT_EQ(summary.held_back, 3U);
  EXPECT_EQ(summary.changed_projects, 1U);
  EXPECT_EQ(manager_->Paths("rind-hello").size(), 5U);
}

TEST_F(SyncerTest, Y03AFileThatChangedItsContentHoldsTheProject) {
  MustSync();
  const std::string file = sample_ + "/projects/rind-hello/rind_hello-1.0.tar.gz";
  ASSERT_TRUE(files_.Replace(file, "other bytes", 0644).ok());
  SetSerial(1003);
  MustSync();
  EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("changed its content"));
}

TEST_F(SyncerTest, Y01FollowsARedirectOnlyToWhereItMayAsk) {
  Fault(R"({"extra_files": {"rind-hello": [
              {"filename": "rind_hello-0.8.zip", "url": "/moved/rind_hello-0.8.zip", "hashes": {}}]},
            "redirect": {"/moved/rind_hello-0.8.zip": "../files/rind-hello/rind_hello-1.0.tar.gz"}})");
  EXPECT_EQ(MustSync({"rind-hello"}).changed_projects, 1U) << observer_.Reasons("rind-hello");
  for (const std::string_view target :
       {"http://127.0.0.1:9/x", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
        "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/", "//user@127.0.0.1/x",
        "/simple/rind-mould/"}) {
    Fault(Cat(R"({"redirect": {"/simple/rind-mould/": ")", target, "\"}}"));
    EXPECT_EQ(MustSync({"rind-mould"}).failed_projects, 1U) << target;
  }
  EXPECT_THAT(observer_.Reasons("rind-mould"), HasSubstr("more than 3 redirects"));
}

TEST_F(SyncerTest, Y01APrivateAddressIsRefusedUnlessAllowed) {
  allow_private_ = false;
  projects_ = {*pypi::ProjectName::Parse("rind-hello")};
  Restart();
  Requests();
  EXPECT_EQ(MustSync().failed_projects, 1U);
  EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("private address"));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(SyncerTest, Y06TriesAgainWhileUpstreamIsBusy) {
  Fault(R"({"unavailable": {"count": 3, "retry_after": 1}})");
  EXPECT_EQ(MustSync({"rind-hello"}).changed_projects, 1U);
  Fault("{}");
  MustSync({"rind-mould"});
  Fault(R"({"unavailable": {"count": 100, "retry_after": 1, "status": 429}})");
  EXPECT_EQ(MustSync({"rind-cave"}).failed_projects, 1U);
}

TEST_F(SyncerTest, CredentialsOpenTheIndex) {
  Fault(R"({"credentials": "me:secret"})");
  EXPECT_EQ(MustSync({"rind-hello"}).failed_projects, 1U);
  std::string text = "me:secret";
  credentials_ = std::make_shared<SecretBytes>(*SecretBytes::TakeFrom(text));
  Restart();
  EXPECT_EQ(MustSync({"rind-hello"}).changed_projects, 1U);
}

TEST_F(SyncerTest, AClaimedProjectIsLeftAlone) {
  manager_->claimed.insert("rind-hello");
  Requests();
  MustSync();
  EXPECT_THAT(observer_.Reasons("rind-hello"), HasSubstr("claimed"));
  EXPECT_FALSE(manager_->ingests.contains("rind-hello"));
  EXPECT_THAT(RequestsFor("rind-hello"), IsEmpty());
}

TEST_F(SyncerTest, ABlobThatWentMissingIsFetchedAgain) {
  MustSync();
  const auto& targets = manager_->ingests["rind-hello"].targets;
  ASSERT_TRUE(files_.Remove(blobs_->PathOf(targets[0].sha256)).ok());
  const Summary summary = MustSync();
  EXPECT_EQ(summary.new_files, 1U);
  EXPECT_TRUE(blobs_->Verify(targets[0].sha256).ok());
}

TEST_F(SyncerTest, WhatWasDownloadedBeforeACrashIsNotDownloadedAgain) {
  // The last file of a project never comes whole, as if the syncer had died in it.
  Fault(R"({"truncate": {"rind_cheese-1.2.tar.gz": 7}})");
  EXPECT_EQ(MustSync().failed_projects, 1U);
  ASSERT_TRUE(files_.Create(folder_ + "/blobs/incoming/left", "half", 0600).ok());
  Fault("{}");
  Restart();
  EXPECT_THAT(*files_.List(folder_ + "/blobs/incoming"), IsEmpty());
  Requests();
  const Summary summary = MustSync();
  EXPECT_EQ(summary.changed_projects, 1U);
  EXPECT_EQ(summary.new_files, 1U);
  EXPECT_THAT(RequestsFor("/files/"),
              ElementsAre("GET /files/rind-cheese/rind_cheese-1.2.tar.gz 200"));
}

TEST_F(SyncerTest, AManagerThatLostItsStateIsSentEverythingAgain) {
  MustSync();
  manager_->ingests.clear();
  Requests();
  EXPECT_EQ(MustSync().changed_projects, 4U);
  EXPECT_THAT(RequestsFor("/files/"), IsEmpty());
}

TEST_F(SyncerTest, SaysWhyItCannotSync) {
  EXPECT_EQ(MustSync({"no-such-project"}).failed_projects, 1U);
  EXPECT_THAT(observer_.Reasons("no-such-project"), HasSubstr("404"));
  projects_ = {*pypi::ProjectName::Parse("rind-hello")};
  Restart();
  RecordingObserver observer;
  EXPECT_TRUE(absl::IsInvalidArgument(syncer_->Run({"rind-cheese"}, observer).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(syncer_->Run({"../x"}, observer).status()));
  manager_->created = false;
  EXPECT_TRUE(absl::IsFailedPrecondition(syncer_->Run({}, observer).status()));
  EXPECT_THAT(syncer_->status().last_run.error, HasSubstr("rind create"));
}

// Stops the sync at its first report, after having tried to begin another one.
class LeavingObserver final : public SyncObserver {
 public:
  explicit LeavingObserver(Syncer& syncer) : syncer_(syncer) {}
  bool OnProgress(const Progress&) override {
    second = syncer_.Run({}, *this).status();
    return false;
  }
  void OnHeldBack(const HeldBack&) override {}
  Status second;

 private:
  Syncer& syncer_;
};

TEST_F(SyncerTest, OneSyncAtATimeAndACallerThatLeavesEndsIt) {
  LeavingObserver observer(*syncer_);
  EXPECT_TRUE(absl::IsCancelled(syncer_->Run({}, observer).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(observer.second));
  EXPECT_FALSE(syncer_->status().running);
  EXPECT_EQ(MustSync().failed_projects, 0U);
  EXPECT_EQ(manager_->ingests.size(), 4U);
}

TEST_F(SyncerTest, RemembersTheLastRunOverARestart) {
  MustSync();
  Restart();
  ASSERT_TRUE(syncer_->Restore().ok());
  const SyncerStatus status = syncer_->status();
  EXPECT_EQ(status.last_run.serial, 1000);
  EXPECT_EQ(status.last_run.finished, absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(status.last.projects, 4U);
}

}  // namespace
}  // namespace rind::mirror_syncer
