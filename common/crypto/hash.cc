#include "common/crypto/hash.h"

#include <algorithm>
#include <cstdlib>

#include <openssl/evp.h>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind {
namespace {

// OpenSSL's SHA-2 fails only when memory ends; there is nothing sensible to go on with then, and
// carrying on with a wrong digest would be worse.
void Require(bool done) {
  if (!done) std::abort();
}

// Fetched once: each EVP_sha256() would look its provider up anew.
const EVP_MD* Sha256Method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Require(method != nullptr);
  return method;
}

}  // namespace

StatusOr<Sha256Digest> Sha256Digest::FromBytes(std::string_view bytes) {
  Sha256Digest digest;
  if (bytes.size() != digest.bytes_.size()) {
    return InvalidArgument(Cat("sha256: found ", bytes.size(), " bytes, wanted 32"));
  }
  std::copy(bytes.begin(), bytes.end(), digest.bytes_.begin());
  return digest;
}

StatusOr<Sha256Digest> Sha256Digest::FromHex(std::string_view hex) {
  Sha256Digest digest;
  if (TakeHex(hex, digest.bytes_)) return digest;
  return InvalidArgument(
      Cat("sha256: found \"", Printable(hex, 70), "\", wanted 64 lower-case hexadecimal digits"));
}

std::string Sha256Digest::Hex() const { return ToHex(Bytes()); }
std::string Sha256Digest::Short() const { return Hex().substr(0, 8); }

Sha256Digest Sha256(std::string_view bytes) {
  // One context per thread: making one costs more than hashing a short text.
  thread_local Sha256Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

std::string Sha512Hex(std::string_view bytes) {
  std::string digest(64, '\0');
  unsigned int size = 0;
  Require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                     &size, EVP_sha512(), nullptr) == 1 &&
          size == digest.size());
  return ToHex(digest);
}

struct Sha256Hasher::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    Require(context != nullptr);
    Begin();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void Begin() const { Require(EVP_DigestInit_ex2(context, Sha256Method(), nullptr) == 1); }
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256Hasher::Finish() {
  Sha256Digest digest;
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context, digest.bytes_.data(), &size) == 1 && size == 32);
  state_->Begin();
  return digest;
}

}  // namespace rind
