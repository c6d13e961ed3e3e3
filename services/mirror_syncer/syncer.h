// A whole sync: all projects that the configuration names, in parallel, with a report.
//
// Promise: one sync at a time. A project that fails or is held stops no other. What was finished is
// kept when a sync is cancelled or killed.
// Threading: thread-safe; an observer's calls come one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/mirror_syncer/project_sync.h"

namespace rind::mirror_syncer {

struct Progress {
  std::string project;  // the one that was just finished
  std::uint64_t projects_done = 0;
  std::uint64_t projects_total = 0;
  std::uint64_t files_done = 0;
  std::uint64_t bytes_done = 0;
};

struct Summary {
  std::uint64_t projects = 0;
  std::uint64_t changed_projects = 0;
  std::uint64_t unchanged_projects = 0;
  std::uint64_t files = 0;
  std::uint64_t new_files = 0;
  std::uint64_t new_bytes = 0;
  std::uint64_t held_back = 0;
  std::uint64_t failed_projects = 0;
  std::vector<std::string> missing_dependencies;
  std::int64_t serial = 0;
  std::uint64_t milliseconds = 0;
  std::uint64_t bytes = 0;
};

class SyncObserver {
 public:
  virtual ~SyncObserver() = default;
  // False ends the sync: nobody listens any more.
  virtual bool OnProgress(const Progress& progress) = 0;
  virtual void OnHeldBack(const HeldBack& held_back) = 0;
};

struct SyncerStatus {
  bool running = false;
  RunRecord last_run;
  Summary last;
  std::int64_t next_sync = 0;
};

class Syncer {
 public:
  struct Settings {
    std::vector<pypi::ProjectName> projects;  // empty: everything that the index lists
    int parallel = 8;
  };
  // `parts` as ProjectSync has them, and must outlive it.
  Syncer(Settings settings, const ProjectSync::Parts& parts);

  // Reads what is kept of the last run.
  Status Restore();
  // Syncs `projects`, or all of the settings when it is empty. FailedPrecondition while another
  // runs, or while there is no repository; InvalidArgument for a project that is not in the
  // settings.
  StatusOr<Summary> Run(const std::vector<std::string>& projects, SyncObserver& observer);
  // Ends a running sync soon; it returns Cancelled.
  void Cancel() { cancelled_.store(true); }

  SyncerStatus status() const;
  void SetNextSync(absl::Time next);

 private:
  struct Tally;
  StatusOr<Summary> RunLocked(const std::vector<std::string>& projects, SyncObserver& observer);
  StatusOr<std::vector<pypi::ProjectName>> Choose(const std::vector<std::string>& projects,
                                                  Tally& tally);
  void Work(const ProjectRecords& records, Tally& tally);
  void SyncOne(const pypi::ProjectName& project, const ProjectRecords& records, Tally& tally);
  StatusOr<Summary> Conclude(const ProjectRecords& records, Tally& tally);

  const Settings settings_;
  const ProjectSync::Parts parts_;
  const ProjectSync project_sync_;
  std::atomic<bool> cancelled_ = false;
  mutable absl::Mutex mutex_;
  SyncerStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rind::mirror_syncer
