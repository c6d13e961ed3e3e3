// A public key that is valid for its scheme.
//
// Promise: only keys that pass the checks of SECURITY.md C-09 exist: right length, a point on the
// right curve and not of low order, RSA of 2048 to 16384 bits. The verifier is chosen by the key's
// scheme, never by anything a signature says.
// Threading: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind {

// TUF 1.0.34 "key formats": the schemes that a client of this field must know.
enum class KeyScheme { kEd25519, kEcdsaSha2Nistp256, kRsaPssSha256 };

// "ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256".
std::string_view SchemeName(KeyScheme scheme);

class PublicKey {
 public:
  // `material` as TUF's keyval.public: 64 hexadecimal digits for Ed25519, PEM
  // (SubjectPublicKeyInfo) for the others. InvalidArgument says what is wrong with it.
  static StatusOr<PublicKey> Create(KeyScheme scheme, std::string_view material);
  // From the 32 raw bytes of an Ed25519 key.
  static StatusOr<PublicKey> FromEd25519(std::string_view raw);

  KeyScheme scheme() const;
  // As given to Create().
  const std::string& material() const;
  // The key itself, independent of its text form: two PEM spellings of one key are one identity.
  const std::string& identity() const;

  // OK when `signature` (raw bytes; DER for ECDSA) is this key's over `message`. FailedPrecondition
  // otherwise; it never throws or aborts, whatever the bytes.
  Status Verify(std::string_view message, std::string_view signature) const;

  bool operator==(const PublicKey& other) const {
    return scheme() == other.scheme() && identity() == other.identity();
  }

 private:
  struct Rep;
  explicit PublicKey(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
  std::shared_ptr<const Rep> rep_;
};

}  // namespace rind
