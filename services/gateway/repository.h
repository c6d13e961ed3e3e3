// The mirrored repository as the gateway knows it: fresh, verified, one snapshot per question.
//
// Promise: every answer of Locate() comes from one snapshot that was verified at most `refresh`
// ago, or, while the mirror can't be reached, from the one on disk as long as nothing of it has
// expired. A refused refresh refuses everything (it fails closed) until one succeeds. Errors:
// NotFound (no role lists it), FailedPrecondition with a tuf::Rejection (refused), Unavailable (the
// mirror can't be reached and nothing valid is at hand). Threading: thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/tuf_client/client.h"

namespace rind::gateway {

// A target under one snapshot, or why there is none.
using Located = StatusOr<tuf_client::FoundTarget>;

struct RoleState {
  std::int64_t version = 0;
  absl::Time expires;
};

struct RepositoryState {
  Status status;               // of the last refresh; OK also when it serves on from disk
  std::string mirror_problem;  // why the mirror could not be asked; "" when it could
  absl::Time asked;
  std::optional<RoleState> root, timestamp, snapshot;
};

class Repository {
 public:
  // `files`, `fetcher` and `clock` must outlive it.
  static StatusOr<std::unique_ptr<Repository>> Open(const std::string& metadata_dir,
                                                    std::string_view trusted_root,
                                                    absl::Duration refresh, FileSystem& files,
                                                    tuf_client::Fetcher& fetcher,
                                                    const Clock& clock);

  // All under the same snapshot. An error of the refresh is the outer one.
  StatusOr<std::vector<Located>> Locate(const std::vector<std::string>& targets);
  Status Download(const tuf_client::FoundTarget& target,
                  const std::function<Status(std::string_view)>& sink);
  // Refreshes when that is due.
  RepositoryState State();

 private:
  Repository(std::unique_ptr<tuf_client::Client> client, absl::Duration refresh,
             tuf_client::Fetcher& fetcher, const Clock& clock)
      : refresh_(refresh), fetcher_(fetcher), clock_(clock), client_(std::move(client)) {}

  Status EnsureFresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration refresh_;
  tuf_client::Fetcher& fetcher_;
  const Clock& clock_;
  absl::Mutex mutex_;
  std::unique_ptr<tuf_client::Client> client_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Time> asked_ ABSL_GUARDED_BY(mutex_);
  bool waits_longer_ ABSL_GUARDED_BY(mutex_) = false;  // the last refresh succeeded
  Status status_ ABSL_GUARDED_BY(mutex_);
  std::string mirror_problem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rind::gateway
