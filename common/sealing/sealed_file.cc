#include "common/sealing/sealed_file.h"

#include <algorithm>
#include <array>
#include <span>

#include <sodium.h>

#include "common/base/text.h"

namespace rind::sealing {
namespace {

constexpr std::string_view kMagic = "rind-sealed-v1\n";
constexpr std::size_t kSaltBytes = crypto_pwhash_argon2id_SALTBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kHeaderBytes = 15 + 4 + 4 + kSaltBytes + kNonceBytes;
static_assert(kMagic.size() == 15);

void AppendU32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t ReadU32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

const unsigned char* Raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

StatusOr<SecretBytes> DeriveKey(const SecretBytes& passphrase, std::string_view salt,
                                const Cost& cost) {
  RIND_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Create(kKeyBytes));
  // The one place that reads a passphrase: to derive the sealing key.
  const auto in = passphrase.Read(SecretAccess::Grant());
  const auto out = key.Write(SecretAccess::Grant());
  if (crypto_pwhash_argon2id(out.data(), out.size(), reinterpret_cast<const char*>(in.data()),
                             in.size(), Raw(salt), cost.passes, std::size_t{cost.kibibytes} * 1024,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return ResourceExhausted(
        Cat("sealed file: no memory to derive its key: wanted ", cost.kibibytes / 1024, " MiB"));
  }
  return key;
}

Status CheckCost(const Cost& cost) {
  if (cost.passes < Cost::Least().passes || cost.passes > kMost.passes ||
      cost.kibibytes < Cost::Least().kibibytes || cost.kibibytes > kMost.kibibytes) {
    return InvalidArgument(Cat("sealed file: cost of ", cost.passes, " passes over ",
                               cost.kibibytes, " KiB: wanted at most ", kMost.passes, " over ",
                               kMost.kibibytes));
  }
  return OkStatus();
}

}  // namespace

bool IsSealed(std::string_view bytes) { return bytes.starts_with(kMagic); }

StatusOr<std::string> Seal(const SecretBytes& secret, const SecretBytes& passphrase,
                           std::string_view purpose, const Cost& cost, Random& random) {
  RIND_RETURN_IF_ERROR(CheckCost(cost));
  if (passphrase.size() == 0) return InvalidArgument("sealed file: the passphrase is empty");
  if (secret.size() > kMaxSecretBytes) {
    return InvalidArgument(Cat("sealed file: a secret of ", secret.size(),
                               " bytes: wanted at most ", kMaxSecretBytes));
  }
  std::string sealed(kMagic);
  AppendU32(sealed, cost.passes);
  AppendU32(sealed, cost.kibibytes);
  sealed += random.Bytes(kSaltBytes + kNonceBytes);
  const std::string bound = Cat(sealed, purpose);  // header and purpose are authenticated
  const std::string_view header = std::string_view(bound).substr(0, kHeaderBytes);
  const std::string_view salt = header.substr(kMagic.size() + 8, kSaltBytes);
  const std::string_view nonce = header.substr(kHeaderBytes - kNonceBytes);
  RIND_ASSIGN_OR_RETURN(const SecretBytes key, DeriveKey(passphrase, salt, cost));
  const auto plain = secret.Read(SecretAccess::Grant());  // to seal it
  const std::size_t start = sealed.size();
  sealed.resize(start + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      reinterpret_cast<unsigned char*>(sealed.data()) + start, nullptr, plain.data(), plain.size(),
      Raw(bound), bound.size(), nullptr, Raw(nonce), key.Read(SecretAccess::Grant()).data());
  return sealed;
}

StatusOr<SecretBytes> Open(std::string_view sealed, const SecretBytes& passphrase,
                           std::string_view purpose) {
  if (!IsSealed(sealed)) return InvalidArgument("sealed file: does not begin as one");
  if (sealed.size() < kHeaderBytes + kTagBytes ||
      sealed.size() > kHeaderBytes + kTagBytes + kMaxSecretBytes) {
    return InvalidArgument(Cat("sealed file: ", sealed.size(), " bytes: wanted ",
                               kHeaderBytes + kTagBytes, " to ",
                               kHeaderBytes + kTagBytes + kMaxSecretBytes));
  }
  const Cost cost = {ReadU32(sealed.substr(kMagic.size())),
                     ReadU32(sealed.substr(kMagic.size() + 4))};
  RIND_RETURN_IF_ERROR(CheckCost(cost));
  const std::string_view header = sealed.substr(0, kHeaderBytes);
  const std::string bound = Cat(header, purpose);
  const std::string_view body = sealed.substr(kHeaderBytes);
  RIND_ASSIGN_OR_RETURN(const SecretBytes key,
                        DeriveKey(passphrase, header.substr(kMagic.size() + 8, kSaltBytes), cost));
  RIND_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(body.size() - kTagBytes));
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          secret.Write(SecretAccess::Grant()).data(), nullptr, nullptr, Raw(body), body.size(),
          Raw(bound), bound.size(), Raw(header.substr(kHeaderBytes - kNonceBytes)),
          key.Read(SecretAccess::Grant()).data()) != 0) {
    return FailedPrecondition(
        Cat("sealed file for '", purpose, "': the passphrase is wrong, or the file was changed"));
  }
  return secret;
}

}  // namespace rind::sealing
