// One project from upstream to the manager, all or nothing.
//
// Promise: nothing is sent unless every file of it is in the blob store with the hash and size that
// the page gives (SECURITY.md Y-02). What is the same as before is neither downloaded nor sent. A
// claimed project is left alone. Threading: Run() may be called from several threads, for different
// projects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/blob/blob_store.h"
#include "common/evidence/statement_key.h"
#include "common/pypi/index_page.h"
#include "services/mirror_syncer/manager_client.h"
#include "services/mirror_syncer/sync_state.h"
#include "services/mirror_syncer/upstream.h"
#include "services/mirror_syncer/worker_pool.h"

namespace rind::mirror_syncer {

// Something that was not taken over, and why.
struct HeldBack {
  std::string project;
  std::string file;  // "": the whole project
  std::string reason;
};

enum class ProjectResult { kChanged, kUnchanged, kHeld };

struct ProjectOutcome {
  ProjectResult result = ProjectResult::kUnchanged;
  std::vector<HeldBack> held_back;
  std::uint64_t new_files = 0;
  std::uint64_t new_bytes = 0;
  std::int64_t serial = 0;
};

class ProjectSync {
 public:
  // All that is referred to must outlive it.
  struct Parts {
    Upstream& upstream;
    const blob::BlobStore& blobs;
    SyncState& state;
    ManagerClient& manager;
    const evidence::StatementKey& key;
    const Clock& clock;
    WorkerPool& downloads;
    std::string repository;
    int newest_releases = 0;
  };
  explicit ProjectSync(const Parts& parts) : parts_(parts) {}

  StatusOr<ProjectOutcome> Run(const pypi::ProjectName& project,
                               const std::optional<ProjectRecord>& at_manager) const;

 private:
  struct Fetched;
  StatusOr<bool> IsComplete(const KnownFiles& files) const;
  Status FetchFile(const pypi::ListedFile& listed, const http::Url& base, const KnownFiles& known,
                   Fetched& out) const;
  Status FetchMetadata(const pypi::ListedFile& listed, const http::Url& address,
                       Fetched& out) const;
  StatusOr<blob::Stored> Fetch(const http::Url& address, const blob::Wanted& wanted,
                               std::uint64_t max_bytes) const;
  StatusOr<std::vector<Fetched>> FetchAll(const std::vector<pypi::ListedFile>& files,
                                          const http::Url& base, const KnownFiles& known) const;
  Status Send(const pypi::ProjectName& project, const FetchedPage& fetched,
              const std::vector<Fetched>& files, const std::optional<ProjectRecord>& at_manager,
              const std::optional<ProjectState>& before, ProjectOutcome& outcome) const;

  Parts parts_;
};

}  // namespace rind::mirror_syncer
