// Bytes that must not leak: keys, seeds, passphrases.
//
// Promise: held in libsodium's guarded memory (locked, not dumped, guard pages on both sides),
// zeroed when dropped, never copied or printed. Reading them takes a SecretAccess, so a search for
// that word finds every place that does.
// Threading: as a plain value: one thread at a time while it is written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "common/base/status.h"

namespace rind {

// The permission to read secret bytes; say why in a comment where one is made.
class SecretAccess {
 public:
  static SecretAccess Grant() { return {}; }

 private:
  SecretAccess() = default;
};

class SecretBytes {
 public:
  // `size` zeroed bytes. ResourceExhausted when memory can't be allocated or locked.
  static StatusOr<SecretBytes> Create(std::size_t size);
  // Takes the bytes of `source` and wipes it.
  static StatusOr<SecretBytes> TakeFrom(std::string& source);

  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept = default;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() = default;

  std::size_t size() const { return size_; }
  std::span<const unsigned char> Read(SecretAccess access) const;
  std::span<unsigned char> Write(SecretAccess access);

  // Constant-time comparison.
  bool Equals(const SecretBytes& other) const;

 private:
  struct Free {
    void operator()(unsigned char* bytes) const;
  };
  SecretBytes(unsigned char* bytes, std::size_t size) : bytes_(bytes), size_(size) {}

  std::unique_ptr<unsigned char, Free> bytes_;
  std::size_t size_;
};

}  // namespace rind
