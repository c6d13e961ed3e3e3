// A developer's unlocked key: signs its own project's role and its own claim, and nothing else.
//
// Promise: the only maker of signing permits in this tool. What it signs are values, which it
// encodes itself; there is no way to hand it bytes.
// Threading: as the signer that it holds.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/crypto/public_key.h"
#include "common/evidence/statements.h"
#include "common/keystore/private_signer.h"
#include "common/tuf/model/documents.h"

namespace rind::project_signer {

class ProjectKey {
 public:
  explicit ProjectKey(std::unique_ptr<keystore::PrivateSigner> signer)
      : signer_(std::move(signer)) {}

  const PublicKey& public_key() const { return signer_->public_key(); }

  // Over the canonical form of a project role.
  StatusOr<tuf::Signature> SignRole(const tuf::Targets& role) const;
  // Proof of possession: over a claim that names this key; InvalidArgument when it does not.
  StatusOr<std::string> SignClaim(const evidence::ClaimStatement& claim) const;

 private:
  std::unique_ptr<keystore::PrivateSigner> signer_;
};

}  // namespace rind::project_signer
