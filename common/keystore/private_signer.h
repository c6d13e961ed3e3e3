// A private key that can sign, and nothing else.
//
// Promise: the key never leaves. Sign() asks for a SigningPermit, which only the classes named here
// can make: the session that judged a document first, and the developer's own tool. So no code can
// sign bytes just because it holds a PrivateSigner (SECURITY.md: the signing oracle).
// Threading: implementations are thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/crypto/public_key.h"

namespace rind::signing {
class SigningSession;
}
namespace rind::project_signer {
class ProjectKey;
}
namespace rind::keystore {

class SigningPermit {
 private:
  friend class rind::signing::SigningSession;     // the signers: judges, remembers, then signs
  friend class rind::project_signer::ProjectKey;  // a developer's tool: its own project's role
  friend class SigningPermitForTest;              // tests of key stores
  SigningPermit() = default;
};

class PrivateSigner {
 public:
  virtual ~PrivateSigner() = default;
  virtual const PublicKey& public_key() const = 0;
  // Whether the same message gives the same signature. Where it does not, a signature must be on
  // disk before it leaves: one that a crash lost could not be made again.
  virtual bool deterministic() const { return true; }
  // The signature over `message` by the key's scheme, in TUF's form (DER for ECDSA).
  virtual StatusOr<std::string> Sign(SigningPermit permit, std::string_view message) const = 0;
};

}  // namespace rind::keystore
