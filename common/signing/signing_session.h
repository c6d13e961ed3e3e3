// The only way to a signature: a document is judged, remembered on disk, signed, verified,
// reported.
//
// Promise: no signature leaves before its intent is synced; a document that was signed is answered
// with the same signature; each signature is verified before it leaves (a flipped bit in signing
// could give the key away); every outcome is in the audit log, synced, before the answer. After a
// failed write nothing more is signed until the process starts again.
// Threading: thread-safe; calls run one after another.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/evidence/statement_key.h"
#include "common/keystore/key_store.h"
#include "common/signing/audit_log.h"
#include "common/signing/ledger.h"
#include "common/signing/policy.h"
#include "common/signing/proposal.h"

namespace rind::signing {

struct SignedResult {
  std::string key_id;
  std::string signature;
  Sha256Digest sha256;  // of the whole file
  std::uint64_t length = 0;
  std::optional<SignedStatement> receipt;
};
// A refusal (refusal.h) or the signature.
using Outcome = StatusOr<SignedResult>;

struct Call {
  std::string repository;
  absl::Time manager_time;
  std::span<const Proposal> documents;
};

struct SessionState {
  std::map<std::string, Remembered> roles;  // those asked for
  std::uint64_t signatures = 0;
  std::uint64_t ledger_entries = 0;
  std::map<std::string, std::uint64_t> refusals;  // by rule, since the start
  std::optional<Sha256Digest> pinned_root;
};

class SigningSession {
 public:
  struct Parts {
    Policy policy;  // own_keys are taken from `signers`
    std::map<std::string, std::unique_ptr<keystore::PrivateSigner>> signers;  // by key role
    std::optional<evidence::StatementKey> receipts;  // the content-signer's
  };
  // Opens ledger and audit log in `folder`. `files` and `clock` must outlive the session.
  static StatusOr<std::unique_ptr<SigningSession>> Open(FileSystem& files, const Clock& clock,
                                                        const std::string& folder, Parts parts);
  // What Ledger::Init() is given for such a signer.
  static LedgerIdentity IdentityOf(const Parts& parts);

  // One outcome for each document, in order; an error is a failure of the signer itself.
  StatusOr<std::vector<Outcome>> Sign(const Call& call);
  // All or none: judges all before the first is remembered. The refusal of the first that fails is
  // the status.
  StatusOr<std::vector<SignedResult>> SignTogether(const Call& call);
  // Judges without remembering or signing; the refusal as above (it is in the audit log).
  Status Check(const Call& call);

  SessionState State(const std::vector<std::string>& roles) const;
  const Policy& policy() const { return policy_; }
  bool LedgerIsEmpty() const;
  // Whether each of `documents` is what was signed last for its role: no new decision.
  bool AllRepeats(std::span<const Proposal> documents) const;

 private:
  struct Staged {
    std::size_t index;
    const Proposal* proposal;
    Intent intent;
  };
  SigningSession(const Clock& clock, Parts parts, Ledger ledger, AuditLog audit);

  Status JudgeAll(const Call& call, absl::Time now, std::vector<Staged>& staged,
                  std::vector<Outcome>& outcomes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Status Flush(std::vector<Staged>& staged, std::vector<Outcome>& outcomes, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Status SyncSignatures() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StatusOr<SignedResult> SignOne(const Proposal& proposal, std::int64_t version, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StatusOr<SignedResult> Repeat(const Proposal& proposal, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StatusOr<SignedResult> Result(const Proposal& proposal, const Done& done) const;
  void Refused(const Proposal& proposal, const Status& refusal, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Clock& clock_;
  const Policy policy_;
  const std::map<std::string, std::unique_ptr<keystore::PrivateSigner>> signers_;
  const std::optional<evidence::StatementKey> receipts_;
  mutable absl::Mutex mu_;
  Ledger ledger_ ABSL_GUARDED_BY(mu_);
  AuditLog audit_ ABSL_GUARDED_BY(mu_);
  // Whether a signature of this call must be on disk before it leaves.
  bool sync_signatures_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::string, std::uint64_t> refusals_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rind::signing
