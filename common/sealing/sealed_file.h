// Small secrets under a passphrase: Argon2id derives the key, XChaCha20-Poly1305 seals.
//
// Promise: what was changed in any byte, or sealed for another purpose, does not open. The cost is
// kept in the file, so that it can rise later; a file that asks for more than kMost is refused
// before any memory is taken. Format: docs/formats/sealed-file.md. Threading: pure functions.
// Open() and Seal() take `kibibytes` of memory for some 100 ms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::sealing {

// What one guess at the passphrase costs.
struct Cost {
  std::uint32_t passes = 3;
  std::uint32_t kibibytes = 64 * 1024;

  // RFC 9106 section 4, second choice: 3 passes over 64 MiB; about 100 ms. A container of 128 MiB
  // can still unlock its keys.
  static Cost Default() { return {}; }
  // The least that Argon2id takes: for tests, which guard nothing.
  static Cost Least() { return {1, 8}; }
  bool operator==(const Cost&) const = default;
};

// The most that Open() will spend on a file.
inline constexpr Cost kMost = {16, 1024 * 1024};
inline constexpr std::size_t kMaxSecretBytes = 64ULL * 1024;

// `purpose` says what the secret is ("key timestamp"); Open() wants the same one.
StatusOr<std::string> Seal(const SecretBytes& secret, const SecretBytes& passphrase,
                           std::string_view purpose, const Cost& cost, Random& random);

// InvalidArgument: not a sealed file. FailedPrecondition: the passphrase is wrong, or the bytes or
// the purpose are not those that were sealed (these can't be told apart).
StatusOr<SecretBytes> Open(std::string_view sealed, const SecretBytes& passphrase,
                           std::string_view purpose);

// Whether `bytes` begin as a sealed file does.
bool IsSealed(std::string_view bytes);

}  // namespace rind::sealing
