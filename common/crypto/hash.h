// SHA-256 and SHA-512 of bytes, through OpenSSL (it uses the processor's SHA instructions).
//
// Threading: functions are pure; a Sha256Hasher belongs to one thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind {

// 32 bytes; ordered and comparable.
class Sha256Digest {
 public:
  Sha256Digest() = default;
  // From 32 raw bytes, or from 64 lower-case hexadecimal digits; InvalidArgument otherwise.
  static StatusOr<Sha256Digest> FromBytes(std::string_view bytes);
  static StatusOr<Sha256Digest> FromHex(std::string_view hex);

  std::string Hex() const;
  // For people: the first 8 digits.
  std::string Short() const;
  std::string_view Bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  auto operator<=>(const Sha256Digest&) const = default;

 private:
  friend class Sha256Hasher;
  std::array<unsigned char, 32> bytes_{};
};

Sha256Digest Sha256(std::string_view bytes);
std::string Sha512Hex(std::string_view bytes);

// Hashes a stream piece by piece.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void Update(std::string_view bytes);
  // The digest of all that was given; the hasher then starts anew.
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rind
