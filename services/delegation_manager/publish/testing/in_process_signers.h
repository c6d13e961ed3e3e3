// The three signers within one process: the real sessions, ledgers and keys, without transport.
//
// Promise: what they refuse, the real signers refuse. Keys and ledgers live in a temporary folder
// of the machine that goes with the object. Threading: as the sessions: thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/evidence/statement_key.h"
#include "common/signing/signing_session.h"
#include "services/delegation_manager/signers/signer.h"

namespace rind::delegation_manager::testing {

inline constexpr std::string_view kRepository = "rind-test";

class SessionSigner final : public DocumentSigner {
 public:
  SessionSigner(std::unique_ptr<signing::SigningSession> session, const Clock& clock)
      : session_(std::move(session)), clock_(clock) {}
  StatusOr<std::vector<SignOutcome>> Sign(std::span<const DocumentToSign> documents) override;
  StatusOr<SignerState> GetState(const std::vector<std::string>& roles) override;

  bool down = false;  // can't be reached
  int signed_calls = 0;

 private:
  std::unique_ptr<signing::SigningSession> session_;
  const Clock& clock_;
};

class SessionOfflineSigner final : public OfflineSigner {
 public:
  SessionOfflineSigner(std::unique_ptr<signing::SigningSession> session, const Clock& clock)
      : session_(std::move(session)), clock_(clock) {}
  StatusOr<ProposalStatus> Propose(const Proposal& proposal) override;
  StatusOr<ProposalStatus> GetProposal(const std::string& id) override;
  StatusOr<OfflineState> GetState() override;
  // Signs at once (as the demo does) or waits for Approve().
  bool approve_at_once = true;
  Status Approve();

 private:
  std::unique_ptr<signing::SigningSession> session_;
  const Clock& clock_;
  Proposal proposal_;
  ProposalStatus status_;
};

struct Signers {
  // Fresh keys and ledgers below `folder`; the content-signer takes this syncer's evidence.
  static std::unique_ptr<Signers> Make(FileSystem& files, const Clock& clock,
                                       const std::string& folder);
  std::unique_ptr<SessionSigner> content, release;
  std::unique_ptr<SessionOfflineSigner> offline;
  std::unique_ptr<evidence::StatementKey> syncer, officer;
};

}  // namespace rind::delegation_manager::testing
