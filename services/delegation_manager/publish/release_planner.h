// Gathers what a release publishes and builds the documents that its signers are asked for.
//
// Promise: Plan() reads one consistent state: a project is in a release with all of its change or
// not at all. Documents are built from the state and the last published ones; nothing is written
// but the list of all projects, when it is due. Errors: those of the store and the files; DataLoss
// when a published file is gone. Threading: thread-safe; the publisher calls it one at a time.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

class ReleasePlanner {
 public:
  // Both must outlive the planner.
  ReleasePlanner(std::string public_folder, StateStore& state, const FileReader& files)
      : public_folder_(std::move(public_folder)), state_(state), files_(files) {}

  // Nothing when there is nothing to publish. `force`: a release even then.
  StatusOr<std::optional<Release>> Plan(bool force, absl::Time now) const;
  // The snapshot over what is published and `release.files`, with what proves it.
  StatusOr<AskedDocument> BuildSnapshot(const Release& release, absl::Time now) const;
  // The timestamp of the snapshot in `release.files`, or of the published one.
  StatusOr<AskedDocument> BuildTimestamp(const Release& release, absl::Time now) const;

 private:
  std::string public_folder_;
  StateStore& state_;
  const FileReader& files_;
};

}  // namespace rind::delegation_manager
