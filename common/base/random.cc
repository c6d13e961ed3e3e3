#include "common/base/random.h"

#include <sodium.h>

namespace rind {

std::string Random::Bytes(std::size_t size) {
  std::string out(size, '\0');
  Fill(out.data(), out.size());
  return out;
}

void SystemRandom::Fill(void* out, std::size_t size) { randombytes_buf(out, size); }

}  // namespace rind
