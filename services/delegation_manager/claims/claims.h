// Claims as they move: requested, recently claimed, claimed; and the transactions of projects.
//
// Promise: each step is recorded in one database transaction and published by one release, so a
// client finds the project in one place at any time. A refused request changes nothing. A repeat of
// what is recorded already is OK and changes nothing (SECURITY.md G-06).
// Errors: InvalidArgument, FailedPrecondition (a rule refused it), NotFound, Unavailable (recorded,
// and published as soon as the signers answer: the message says so).
// Threading: thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/claims/claim_request.h"
#include "services/delegation_manager/claims/project_record.h"
#include "services/delegation_manager/claims/uploads.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

// What is published, or about to be, of a project.
struct ProjectAnswer {
  ProjectRecord record;
  ProjectPages pages;
};

class Claims {
 public:
  // All must outlive it.
  struct Parts {
    std::string repository;
    std::string public_folder;
    StateStore& state;
    Publisher& publisher;
    Uploads& uploads;
    blob::BlobStore& blobs;
    const FileReader& files;
    const Clock& clock;
  };
  explicit Claims(Parts parts) : parts_(std::move(parts)) {}

  StatusOr<Claim> Request(std::string_view project, const SignedClaim& claim,
                          std::string_view role_file, const ProjectPages& pages);
  StatusOr<std::vector<Claim>> List(bool waiting_only);
  // The snapshot in which the project is recently claimed.
  StatusOr<std::int64_t> Authorise(const SignedClaim& authorised);

  StatusOr<ProjectAnswer> Get(std::string_view project);
  // OK when the project is its developers' to upload for.
  Status MayUpload(std::string_view project);
  StatusOr<std::int64_t> Push(std::string_view project, std::string_view role_file,
                              const ProjectPages& pages);

 private:
  BlobLength LengthOfUploads() const;
  // What is checked before anything is written; nothing when it is a repeat.
  StatusOr<std::optional<ProjectRole>> CheckPush(Tables& tables, std::string_view project,
                                                 std::string_view role_file,
                                                 const ProjectPages& pages, absl::Time now);
  Status CommitUploads(const ProjectRole& role, const ProjectView& view);
  StatusOr<std::int64_t> Publish(std::string_view what);

  Parts parts_;
  absl::Mutex mu_;  // one change of a project at a time
};

}  // namespace rind::delegation_manager
