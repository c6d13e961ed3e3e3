// Takes over what a syncer saw of one project: all or nothing.
//
// Promise: what is recorded is covered by evidence about this repository, project, serial and list
// of targets; every new file's content is in volume `blobs`; pages are the bytes that their targets
// name. The signature of the evidence is the signers' to judge: they pin the syncer's key, the
// manager does not. A repeat changes nothing, except that fresher evidence replaces older while the
// project waits for its release.
// Errors: InvalidArgument (malformed), FailedPrecondition (claimed, serial goes back, changed hash,
// missing blob, no repository).
// Threading: thread-safe when the store and the file system are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/ingest/target_change.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

inline constexpr std::size_t kMaxTargetsPerProject = 200'000;
inline constexpr std::size_t kMaxIngestedPageBytes = 64ULL * 1024 * 1024;

struct Ingestion {
  std::string project;
  std::int64_t serial = 0;
  std::vector<evidence::VouchedTarget> targets;  // sorted by path
  std::string index_html, index_json;
  SignedEvidence evidence;
};

struct IngestFrom {
  const FileReader& files;
  std::string blobs_folder;
  std::string repository;
};

StatusOr<TargetChange> IngestProject(StateStore& state, const IngestFrom& from,
                                     const Ingestion& ingestion, absl::Time now);

}  // namespace rind::delegation_manager
