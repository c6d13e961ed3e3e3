// What a syncer remembers between syncs: its cursor.
//
// Promise: a project's state is saved in one transaction and only after the manager took the
// project, so a syncer that is killed does again what was not finished and nothing else. Losing the
// file costs one full comparison with upstream, no download. Threading: thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/pypi/project_name.h"
#include "common/sqlite/database.h"
#include "services/mirror_syncer/sync_plan.h"

namespace rind::mirror_syncer {

struct ProjectState {
  std::string etag;
  std::optional<std::int64_t>
      serial;                    // the highest that upstream gave; none: upstream has no serials
  std::int64_t sent_serial = 0;  // the highest that the manager was sent
  int newest_releases = 0;       // the policy that chose the files
  Sha256Digest targets_root;
  KnownFiles files;
  std::set<pypi::ProjectName> requires_projects;
};

struct Totals {
  std::uint64_t projects = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// The last sync, kept for `status` over a restart.
struct RunRecord {
  std::int64_t started = 0;  // seconds since the epoch
  std::int64_t finished = 0;
  std::int64_t serial = 0;
  std::string error;
};

class SyncState {
 public:
  static StatusOr<std::unique_ptr<SyncState>> Open(const std::string& path);

  StatusOr<std::optional<ProjectState>> Load(const pypi::ProjectName& project);
  Status Save(const pypi::ProjectName& project, const ProjectState& state);
  StatusOr<Totals> CountAll();
  // Names that mirrored projects require, and that are neither mirrored nor in `others`.
  StatusOr<std::vector<std::string>> MissingDependencies(const std::set<std::string>& others);

  StatusOr<RunRecord> LastRun();
  Status SaveRun(const RunRecord& run);

 private:
  explicit SyncState(sqlite::Database database) : database_(std::move(database)) {}
  Status SaveFiles(const std::string& project, const ProjectState& state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  sqlite::Database database_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rind::mirror_syncer
