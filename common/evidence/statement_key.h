// Keys for rind's own statements: a syncer's evidence, the content-signer's receipts, the claims
// officer's authorisations. None of them is a TUF key and none can sign a TUF document: every
// statement is signed with the prefix "rind-statement-v1\n" before its canonical JSON.
//
// Promise: the private half lives in guarded memory and, on disk, in a file that only its owner can
// read, encrypted when a passphrase is given (common/sealing).
// Threading: immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"
#include "common/crypto/public_key.h"
#include "common/sealing/sealed_file.h"

namespace rind::evidence {

// sha256 of the raw public key, hexadecimal: how statements name their key.
std::string StatementKeyId(const PublicKey& key);

class StatementKey {
 public:
  static StatusOr<StatementKey> Generate(Random& random);
  // Reads what Save() wrote. PermissionDenied for a file that others can read; FailedPrecondition
  // for a wrong or missing passphrase.
  static StatusOr<StatementKey> Load(const FileReader& files, const std::string& path,
                                     const SecretBytes* passphrase);
  // Writes a new file (mode 0600); AlreadyExists when there is one.
  Status Save(FileSystem& files, const std::string& path, const SecretBytes* passphrase,
              Random& random, const sealing::Cost& cost = sealing::Cost::Default()) const;

  const PublicKey& public_key() const { return public_key_; }
  const std::string& key_id() const { return key_id_; }
  // The 64 bytes of Ed25519 over the prefix and `statement`.
  std::string Sign(std::string_view statement) const;

 private:
  static StatusOr<StatementKey> FromSeed(const SecretBytes& seed);
  StatementKey(SecretBytes secret, PublicKey key, std::string id)
      : secret_(std::move(secret)), public_key_(std::move(key)), key_id_(std::move(id)) {}
  SecretBytes secret_;  // libsodium's 64 bytes: seed and public key
  PublicKey public_key_;
  std::string key_id_;
};

// A public key in a file of its own: 64 hexadecimal digits and a newline ("evidence.pub").
Status SavePublicKey(FileSystem& files, const std::string& path, const PublicKey& key);
StatusOr<PublicKey> LoadPublicKey(const FileReader& files, const std::string& path);

// The bytes that a signature of `statement` is over: for keys that live elsewhere, such as a
// project's key that proves its possession (docs/formats/statements.md).
std::string StatementMessage(std::string_view statement);

// OK when `signature` is `key`'s over `statement`.
Status VerifyStatement(const PublicKey& key, std::string_view statement,
                       std::string_view signature);

}  // namespace rind::evidence
