// Publishes: one release at a time, each a list of journalled steps.
//
// Promise: ARCHITECTURE.md section 5. What was asked of a signer is journalled first;
// timestamp.json moves only after everything that it leads to was written, synced, read back and
// verified. A crash at any instruction leaves the old or the new release, whole; Recover() finishes
// what was begun. What a signer refuses is left out and asked for again by the next release; the
// rest goes out. A release that its signers don't sign never keeps the timestamp from being fresh.
// Errors: FailedPrecondition (no repository, the release-signer's refusal: the message has its
// rule), Unavailable (a signer can't be reached; a later attempt goes on with the same bytes),
// DataLoss (what was read back is not what was written; timestamp.json did not move). Threading:
// thread-safe; calls wait for one another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/refused_role.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct PublisherOptions {
  std::string repository;  // its id
  std::string public_folder;
  bool plain_mirror = false;
};

struct ReleaseResult {
  bool published = false;  // false: there was nothing to do, or all of it was refused
  std::int64_t snapshot_version = 0;
  std::int64_t timestamp_version = 0;
  std::uint32_t changed_roles = 0;
  absl::Duration took;
  // What a signer refused: it kept its last version. Also when that left nothing to publish.
  std::vector<RefusedRole> refused;
};

class Publisher {
 public:
  virtual ~Publisher() = default;
  // Publishes what waits: dirty bins, staged roles and pages, recently-claimed, what nears expiry.
  // `force`: a new snapshot even if nothing changed.
  virtual StatusOr<ReleaseResult> Release(bool force) = 0;
  // Signs the timestamp anew; the snapshot stays. Also while a release waits for its signers.
  virtual StatusOr<ReleaseResult> RefreshTimestamp() = 0;
  // Goes on with what a crash or an error left in the journal; then re-signs what has expired. OK
  // too when all that is left is what a signer refuses: LastError() has it.
  virtual Status Recover() = 0;
  // Runs `body` while no release runs.
  virtual Status Between(const std::function<Status()>& body) = 0;
  // Why the last release, or the last timestamp, did not go out, or not whole; whoever asked for
  // it. Empty when they did. Does not wait for a release that runs.
  virtual std::string LastError() const = 0;
};

// What is passed in must outlive the publisher.
std::unique_ptr<Publisher> MakePublisher(PublisherOptions options, StateStore& state,
                                         FileSystem& files, DocumentSigner& content_signer,
                                         DocumentSigner& release_signer, const Clock& clock);

}  // namespace rind::delegation_manager
