// Unpredictable bytes, as a dependency.
//
// Promise: SystemRandom is the kernel's generator through libsodium.
// Threading: implementations are thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace rind {

class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(void* out, std::size_t size) = 0;

  // `size` random bytes.
  std::string Bytes(std::size_t size);
};

class SystemRandom final : public Random {
 public:
  void Fill(void* out, std::size_t size) override;
};

}  // namespace rind
