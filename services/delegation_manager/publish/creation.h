// Makes the repository: the offline roles by one ceremony, then the first release.
//
// Promise: journalled; a creation that was cut off goes on when it is asked for again, with the
// documents that were proposed first. Refuses when there is a repository, or when a signer
// remembers one (its keys and ledger are deleted on its own host only). Errors: FailedPrecondition,
// Unavailable, Cancelled (`stop` came), as Publisher. Threading: thread-safe; one creation at a
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct CreationRequest {
  std::uint32_t bins = 256;  // a power of two, 16 to 32768
  Profile profile = Profile::kDefault;
};

// A step for people, and how far it is; false when the caller gave up.
using ProgressSink =
    std::function<bool(std::string_view step, std::uint64_t done, std::uint64_t total)>;

class Creation {
 public:
  virtual ~Creation() = default;
  virtual Status Create(const CreationRequest& request, const ProgressSink& progress) = 0;
};

struct CreationParts {
  std::string repository;
  StateStore& state;
  Publisher& publisher;
  DocumentSigner& content_signer;
  DocumentSigner& release_signer;
  OfflineSigner& offline_signer;
  const Clock& clock;
  // Waits before a proposal is asked for again; false: the service stops.
  std::function<bool(absl::Duration)> wait;
};

std::unique_ptr<Creation> MakeCreation(CreationParts parts);

}  // namespace rind::delegation_manager
