// The sample index as a process of its own, and a manager in memory, for tests of the syncer.
//
// Promise: the fake manager keeps the contract of ManagerClient: it checks each evidence, keeps
// serials from going back and refuses claimed projects. Threading: FakeManager is thread-safe; the
// rest belongs to the test.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/blob/blob_store.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/testing/child_process.h"
#include "common/testing/fake_clock.h"
#include "services/mirror_syncer/syncer.h"

namespace rind::mirror_syncer {

inline constexpr char kRepository[] = "rind-test";

class FakeManager final : public ManagerClient {
 public:
  explicit FakeManager(PublicKey key) : key_(std::move(key)) {}

  StatusOr<RepositoryInfo> GetRepository() override { return RepositoryInfo{created, kRepository}; }

  StatusOr<ProjectRecords> ListProjects() override {
    const absl::MutexLock lock(&mutex);
    ProjectRecords records;
    for (const auto& [name, ingest] : ingests) {
      records[name] = {ingest.serial, claimed.contains(name), evidence::MerkleRoot(ingest.targets)};
    }
    for (const std::string& name : claimed) records[name].claimed = true;
    return records;
  }

  StatusOr<bool> Ingest(const ProjectIngest& ingest) override {
    const absl::MutexLock lock(&mutex);
    RIND_RETURN_IF_ERROR(evidence::VerifyStatement(key_, ingest.statement, ingest.signature));
    RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeEvidence(ingest.statement));
    if (statement.repository != kRepository || statement.project != ingest.project ||
        statement.serial != ingest.serial || statement.count != ingest.targets.size() ||
        statement.targets_root != evidence::MerkleRoot(ingest.targets)) {
      return InvalidArgument("evidence is for something else");
    }
    if (claimed.contains(ingest.project)) return FailedPrecondition("claimed");
    const auto before = ingests.find(ingest.project);
    if (before != ingests.end() && before->second.serial > ingest.serial) {
      return FailedPrecondition("serial goes back");
    }
    ingests[ingest.project] = ingest;
    ++count;
    return true;
  }

  // The paths of a project's targets, in the order in which they came.
  std::vector<std::string> Paths(const std::string& project) {
    const absl::MutexLock lock(&mutex);
    std::vector<std::string> paths;
    for (const auto& target : ingests[project].targets) paths.push_back(target.path.text());
    return paths;
  }

  absl::Mutex mutex;
  bool created = true;
  std::map<std::string, ProjectIngest> ingests;
  std::set<std::string> claimed;
  int count = 0;

 private:
  PublicKey key_;
};

class RecordingObserver final : public SyncObserver {
 public:
  bool OnProgress(const Progress& progress) override {
    done.push_back(progress.project);
    return true;
  }
  void OnHeldBack(const HeldBack& held) override { held_back.push_back(held); }
  // The reasons for what was held back of `project`, joined.
  std::string Reasons(const std::string& project) const {
    std::string text;
    for (const HeldBack& held : held_back) {
      if (held.project == project) text += Cat(held.file, ": ", held.reason, "\n");
    }
    return text;
  }
  std::vector<std::string> done;
  std::vector<HeldBack> held_back;
};

// Never really waits.
class ImpatientWaiter final : public Waiter {
 public:
  bool Wait(absl::Duration) override { return true; }
};

class SyncerWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::NewFolder("syncer");
    sample_ = folder_ + "/sample";
    const auto made = testing::RunProgram(
        {RIND_PYTHON, "tests/upstream/make_sample.py", "--no-system-wheels", sample_},
        absl::Seconds(60));
    ASSERT_TRUE(made.ok()) << made.status();
    auto server = testing::ChildProcess::Start({RIND_PYTHON, "tests/upstream/sample_pypi.py",
                                                "--folder", sample_, "--log", folder_ + "/log"});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    const auto ready = server_->WaitForLine("READY", absl::Seconds(30));
    ASSERT_TRUE(ready.ok()) << ready.status();
    index_ = ready->substr(ready->find("http://"));
    index_ = std::string(Trim(index_));
    auto key = evidence::StatementKey::Generate(random_);
    ASSERT_TRUE(key.ok()) << key.status();
    key_.emplace(*std::move(key));
    manager_.emplace(key_->public_key());
    Restart();
  }

  // A syncer that begins anew with what is on disk, as after a crash.
  void Restart() {
    syncer_.reset();
    upstream_.reset();
    state_.reset();
    auto blobs = blob::BlobStore::Open(files_, random_, folder_ + "/blobs");
    ASSERT_TRUE(blobs.ok()) << blobs.status();
    blobs_.emplace(*std::move(blobs));
    ASSERT_TRUE(blobs_->CleanIncoming().ok());
    auto state = SyncState::Open(folder_ + "/state.db");
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto upstream = Upstream::Create({.index = index_,
                                      .ca_file = "",
                                      .proxy = "",
                                      .credentials = credentials_,
                                      .allow_private_addresses = allow_private_},
                                     waiter_, random_);
    ASSERT_TRUE(upstream.ok()) << upstream.status();
    upstream_ = *std::move(upstream);
    syncer_ = std::make_unique<Syncer>(Syncer::Settings{.projects = projects_, .parallel = 4},
                                       ProjectSync::Parts{.upstream = *upstream_,
                                                          .blobs = *blobs_,
                                                          .state = *state_,
                                                          .manager = *manager_,
                                                          .key = *key_,
                                                          .clock = clock_,
                                                          .downloads = pool_,
                                                          .repository = kRepository,
                                                          .newest_releases = newest_});
  }

  Summary MustSync(const std::vector<std::string>& projects = {}) {
    observer_ = RecordingObserver();
    StatusOr<Summary> summary = syncer_->Run(projects, observer_);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return summary.ok() ? *std::move(summary) : Summary();
  }

  void Fault(std::string_view json) {
    ASSERT_TRUE(files_.Replace(sample_ + "/faults.json", json, 0644).ok());
  }
  void SetSerial(int serial) {
    ASSERT_TRUE(files_.Replace(sample_ + "/serial", Cat(serial, "\n"), 0644).ok());
  }
  // Requests since the last call, one "GET /path status" each.
  std::vector<std::string> Requests() {
    const auto log = files_.Read(folder_ + "/log", 10'000'000);
    const std::string text = log.ok() ? *log : "";
    std::vector<std::string> lines = Split(text.substr(std::min(seen_, text.size())), '\n');
    seen_ = text.size();
    lines.pop_back();
    return lines;
  }
  std::vector<std::string> RequestsFor(std::string_view part) {
    std::vector<std::string> found;
    for (const std::string& line : Requests()) {
      if (line.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
  }

  LocalFileSystem files_;
  SystemRandom random_;
  testing::FakeClock clock_;
  ImpatientWaiter waiter_;
  WorkerPool pool_{4};
  std::string folder_, sample_, index_;
  std::size_t seen_ = 0;
  std::vector<pypi::ProjectName> projects_;
  int newest_ = 3;
  bool allow_private_ = true;
  std::shared_ptr<const SecretBytes> credentials_;
  std::unique_ptr<testing::ChildProcess> server_;
  std::optional<evidence::StatementKey> key_;
  std::optional<FakeManager> manager_;
  std::optional<blob::BlobStore> blobs_;
  std::unique_ptr<SyncState> state_;
  std::unique_ptr<Upstream> upstream_;
  std::unique_ptr<Syncer> syncer_;
  RecordingObserver observer_;
};

}  // namespace rind::mirror_syncer
