// Where private keys live: encrypted files now, hardware beside it later.
//
// Promise: a key is made inside and stays inside; callers get public keys and PrivateSigners.
// Names are those of roles: 1 to 100 of [a-z0-9.-], beginning with a letter or digit.
// Threading: implementations are thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/crypto/public_key.h"
#include "common/keystore/private_signer.h"

namespace rind::keystore {

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  // Makes a new Ed25519 key; AlreadyExists when there is one of that name.
  virtual StatusOr<PublicKey> Create(const std::string& name) = 0;
  // Public halves by name; needs no passphrase.
  virtual StatusOr<std::map<std::string, PublicKey>> PublicKeys() const = 0;
  // Unlocks a key. NotFound; FailedPrecondition for a wrong passphrase; PermissionDenied when
  // others could read it.
  virtual StatusOr<std::unique_ptr<PrivateSigner>> Open(const std::string& name) const = 0;
  // Deletes a key for ever; NotFound when there is none.
  virtual Status Destroy(const std::string& name) = 0;
};

// OK for a valid key name.
Status CheckKeyName(const std::string& name);

}  // namespace rind::keystore
