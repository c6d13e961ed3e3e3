#include "common/base/secret_bytes.h"

#include <algorithm>

#include <sodium.h>

#include "common/base/text.h"

namespace rind {

void SecretBytes::Free::operator()(unsigned char* bytes) const { sodium_free(bytes); }

StatusOr<SecretBytes> SecretBytes::Create(std::size_t size) {
  if (sodium_init() < 0) return Internal("libsodium does not start");
  auto* bytes = static_cast<unsigned char*>(sodium_malloc(std::max<std::size_t>(size, 1)));
  if (bytes == nullptr) {
    return ResourceExhausted(Cat("no guarded memory for ", size, " bytes: see `ulimit -l`"));
  }
  sodium_memzero(bytes, size);
  return SecretBytes(bytes, size);
}

StatusOr<SecretBytes> SecretBytes::TakeFrom(std::string& source) {
  auto secret = Create(source.size());
  if (secret.ok()) {
    std::copy(source.begin(), source.end(), secret->bytes_.get());
  }
  sodium_memzero(source.data(), source.size());
  source.clear();
  return secret;
}

std::span<const unsigned char> SecretBytes::Read(SecretAccess /*access*/) const {
  return {bytes_.get(), size_};
}

std::span<unsigned char> SecretBytes::Write(SecretAccess /*access*/) {
  return {bytes_.get(), size_};
}

bool SecretBytes::Equals(const SecretBytes& other) const {
  return size_ == other.size_ && sodium_memcmp(bytes_.get(), other.bytes_.get(), size_) == 0;
}

}  // namespace rind
