// Keys in a PKCS#11 token: made there, used there, never out of it.
//
// Promise: keys are made sensitive and not extractable, and a key that is extractable is refused;
// Ed25519 and ECDSA P-256. A key is found by its label, `prefix` and the name; two of one label are
// refused. Signatures are in TUF's form (DER for ECDSA). Only Ed25519 signs the same bytes the same
// way twice: PrivateSigner::deterministic().
// Source: OASIS PKCS #11 Base Specification 3.0, sections 6.3 and 6.4 (elliptic curves).
// Threading: thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/crypto/public_key.h"
#include "common/keystore/key_store.h"
#include "common/keystore/pkcs11_token.h"

namespace rind::keystore {

class Pkcs11KeyStore final : public KeyStore {
 public:
  // `prefix` keeps the keys of several repositories on one token apart ("rind-1a2b.release.");
  // Create() makes keys of `scheme`. InvalidArgument for a scheme that is no elliptic curve's.
  static StatusOr<std::unique_ptr<Pkcs11KeyStore>> Create(std::shared_ptr<Pkcs11Token> token,
                                                          std::string prefix, KeyScheme scheme);

  StatusOr<PublicKey> Create(const std::string& name) override;
  StatusOr<std::map<std::string, PublicKey>> PublicKeys() const override;
  StatusOr<std::unique_ptr<PrivateSigner>> Open(const std::string& name) const override;
  Status Destroy(const std::string& name) override;

 private:
  Pkcs11KeyStore(std::shared_ptr<Pkcs11Token> token, std::string prefix, KeyScheme scheme)
      : token_(std::move(token)), prefix_(std::move(prefix)), scheme_(scheme) {}

  const std::shared_ptr<Pkcs11Token> token_;
  const std::string prefix_;
  const KeyScheme scheme_;
};

}  // namespace rind::keystore
