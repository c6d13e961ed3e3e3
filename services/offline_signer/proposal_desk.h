// The proposals that lie before the holder of the offline keys.
//
// Promise: nothing is signed that a holder did not approve by its digest, with two exceptions that
// are no new decision: a proposal whose documents were all signed before is answered again, and,
// where the config says so, version 1 of all four roles while the ledger is empty ("demo").
// Proposals live as long as the process; the same one laid again has the same id.
// Threading: thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/signing/signing_session.h"

namespace rind::offline_signer {

enum class ProposalState { kWaiting, kApproved, kRefused };

struct LaidProposal {
  std::string id;
  Sha256Digest digest;
  std::string reason;
  std::vector<signing::Proposal> documents;
  ProposalState state = ProposalState::kWaiting;
  std::vector<signing::SignedResult> signatures;  // one for each document, once approved
  std::string rule;                               // of a refusal
  std::string message;
};

class ProposalDesk {
 public:
  // `session` and `clock` must outlive the desk.
  ProposalDesk(signing::SigningSession& session, const Clock& clock, bool demo_bootstrap);

  // Judges and lays it down; the result says where it stands. InvalidArgument for what can't be
  // read.
  StatusOr<LaidProposal> Propose(const std::string& repository, absl::Time manager_time,
                                 const std::string& reason,
                                 std::vector<signing::Proposal> documents);
  // For the requester. Tells the desk that signatures of a bootstrap were taken.
  StatusOr<LaidProposal> Fetch(const std::string& id);

  // For the holder, on this host only.
  std::string Pending() const;
  StatusOr<std::string> Review(const std::string& id, Sha256Digest* digest) const;
  // Signs exactly the documents under `digest`, which the holder was shown.
  StatusOr<std::string> Approve(const std::string& id, const Sha256Digest& digest);

  // Whether version 1 would be approved without a person.
  bool DemoBootstrap() const;
  // True when a demo bootstrap is done and was fetched: the signer has nothing more to do.
  bool Finished() const;

 private:
  Status Sign(LaidProposal& laid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsBootstrap(const LaidProposal& laid) const;

  signing::SigningSession& session_;
  const Clock& clock_;
  const bool demo_;
  mutable absl::Mutex mu_;
  std::map<std::string, LaidProposal> laid_ ABSL_GUARDED_BY(mu_);
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace rind::offline_signer
