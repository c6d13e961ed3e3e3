// Promotions: from recently-claimed to claimed, by the holder of the offline keys.
//
// Promise: one promotion waits at a time and survives a restart, byte for byte as it was proposed.
// Once it is signed, one release publishes the new claimed and the smaller recently-claimed.
// Errors: FailedPrecondition (nothing to promote, another promotion waits), NotFound (no such
// project or proposal), Unavailable (the offline signer is not up: it may be asked again).
// Threading: thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

// A promotion as it is kept.
struct PendingPromotion {
  std::string id;
  std::string state = "waiting";  // waiting, refused, published
  std::string detail;
  std::int64_t version = 0;  // of claimed
  std::vector<std::string> projects;
  std::string canonical;  // of the proposed claimed

  bool operator==(const PendingPromotion&) const = default;
};
std::string EncodePromotion(const PendingPromotion& promotion);
StatusOr<PendingPromotion> DecodePromotion(std::string_view text);

class Promotions {
 public:
  struct Parts {
    StateStore& state;
    Publisher& publisher;
    OfflineSigner& offline_signer;
    const Clock& clock;
  };
  explicit Promotions(Parts parts) : parts_(parts) {}

  // `projects` empty: all that are recently claimed.
  StatusOr<PendingPromotion> Promote(const std::vector<std::string>& projects);
  // Where it stands; publishes it when it has its signatures.
  StatusOr<PendingPromotion> Get(std::string_view id);

 private:
  StatusOr<PendingPromotion> Plan(Tables& tables, std::vector<std::string> projects);
  StatusOr<Proposal> ProposalOf(const PendingPromotion& promotion);
  Status Keep(const PendingPromotion& promotion);
  StatusOr<std::optional<PendingPromotion>> Kept();
  Status Record(PendingPromotion& promotion, std::vector<tuf::Signature> signatures);

  Parts parts_;
  absl::Mutex mu_;
};

}  // namespace rind::delegation_manager
