// What the manager's tables know beyond what is published: content that waits for a release, and
// files that left.
//
// Promise: read only when something unlisted was found, then once.
// Threading: one thread.
#pragma once

#include <optional>
#include <set>

#include "services/delegation_manager/check/repository_check.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

class RecordedLeftovers final : public KnownLeftovers {
 public:
  // `state` must outlive it.
  explicit RecordedLeftovers(StateStore& state) : state_(state) {}

  StatusOr<bool> KnowsPage(std::string_view path, const Sha256Digest& content) override;
  StatusOr<bool> KnowsBlob(const Sha256Digest& content) override;

 private:
  StatusOr<std::set<Sha256Digest>> ReadBlobs();

  StateStore& state_;
  std::optional<std::set<Sha256Digest>> blobs_;
};

}  // namespace rind::delegation_manager
