// What an operator asks a mirror_syncer, as values.
//
// Promise: every call has a deadline; an error names the service and its address. Threading: one
// thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/cli/client_settings.h"

namespace rind::cli {

struct SyncProgress {
  std::string project;
  std::uint64_t projects_done = 0, projects_total = 0, files_done = 0, bytes_done = 0;
};

struct HeldBack {
  std::string project, file, reason;
};

struct SyncSummary {
  std::uint64_t projects = 0, changed_projects = 0, unchanged_projects = 0, files = 0;
  std::uint64_t new_files = 0, new_bytes = 0, held_back = 0, failed_projects = 0, bytes = 0;
  std::vector<std::string> missing_dependencies;
  std::int64_t serial = 0;
  std::uint64_t milliseconds = 0;
};

struct SyncerStatus {
  std::string upstream;
  bool running = false;
  std::int64_t last_started = 0, last_finished = 0, last_serial = 0, next_sync = 0;
  std::string last_error;
  SyncSummary last;
  std::string evidence_key_id;
};

class SyncerClient {
 public:
  static StatusOr<std::unique_ptr<SyncerClient>> Connect(const ClientSettings& settings);
  virtual ~SyncerClient() = default;

  virtual StatusOr<SyncSummary> Sync(const std::vector<std::string>& projects,
                                     const std::function<void(const SyncProgress&)>& progress,
                                     const std::function<void(const HeldBack&)>& held_back) = 0;
  virtual StatusOr<SyncerStatus> GetStatus() = 0;
};

}  // namespace rind::cli
