// Private Ed25519 keys in the form that other tools keep them in: PEM, PKCS#8 (RFC 5958, RFC 8410),
// encrypted or not. securesystemslib and openssl read and write it.
//
// Promise: what is written is always encrypted (PBES2: scrypt, AES-256-CBC); seeds pass only
// through guarded memory and OpenSSL's own key. Keys of other kinds are refused by name. Threading:
// pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::keystore {

// The seed (32 bytes) of the one key in `pem`. `passphrase` may be null when the file is not
// encrypted. InvalidArgument: not a PEM private key, or of another kind. FailedPrecondition: the
// passphrase is wrong, or missing.
StatusOr<SecretBytes> ReadPem(std::string_view pem, const SecretBytes* passphrase);

// An ENCRYPTED PRIVATE KEY block.
StatusOr<std::string> WritePem(const SecretBytes& seed, const SecretBytes& passphrase,
                               Random& random);

}  // namespace rind::keystore
