#include "common/keystore/pem_key.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "common/base/text.h"
#include "common/keystore/freer.h"

namespace rind::keystore {
namespace {

constexpr std::size_t kMaxPemBytes = 16384;
constexpr std::size_t kSeedBytes = 32;
// OpenSSL's own numbers for scrypt: 16 MiB, which every reader's default limit lets pass.
constexpr std::uint64_t kScryptN = 16384;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;

using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;

struct Asked {
  const SecretBytes* passphrase;
  bool asked = false;
};

// OpenSSL's callback for the passphrase of an encrypted block.
int GivePassphrase(char* buffer, int size, int /*writing*/, void* context) {
  auto& asked = *static_cast<Asked*>(context);
  asked.asked = true;
  if (asked.passphrase == nullptr) return -1;
  const auto bytes = asked.passphrase->Read(SecretAccess::Grant());  // to open the file
  if (bytes.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, bytes.data(), bytes.size());
  return static_cast<int>(bytes.size());
}

}  // namespace

StatusOr<SecretBytes> ReadPem(std::string_view pem, const SecretBytes* passphrase) {
  constexpr std::string_view kWanted = "wanted a PEM block PRIVATE KEY or ENCRYPTED PRIVATE KEY";
  if (pem.size() > kMaxPemBytes) return InvalidArgument("PEM: longer than 16384 bytes");
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return ResourceExhausted("PEM: no memory");
  Asked asked = {passphrase};
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &GivePassphrase, &asked));
  ERR_clear_error();
  if (key == nullptr && asked.asked) {
    return FailedPrecondition(passphrase == nullptr ? "the key is encrypted: wanted its passphrase"
                                                    : "wrong passphrase, or a damaged file");
  }
  if (key == nullptr) return InvalidArgument(kWanted);
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    const char* const name = EVP_PKEY_get0_type_name(key.get());
    return InvalidArgument(Cat("a key of the kind ", name == nullptr ? "unknown" : name,
                               ": wanted Ed25519; other keys belong into a PKCS#11 token"));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes seed, SecretBytes::Create(kSeedBytes));
  std::size_t size = kSeedBytes;
  const auto bytes = seed.Write(SecretAccess::Grant());  // the key comes in
  if (EVP_PKEY_get_raw_private_key(key.get(), bytes.data(), &size) != 1 || size != kSeedBytes) {
    ERR_clear_error();
    return InvalidArgument("an Ed25519 key without its seed");
  }
  return seed;
}

StatusOr<std::string> WritePem(const SecretBytes& seed, const SecretBytes& passphrase,
                               Random& random) {
  const auto bytes = seed.Read(SecretAccess::Grant());  // the key goes out, encrypted
  const Key key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
  if (key == nullptr) {
    ERR_clear_error();
    return InvalidArgument(Cat("a seed of ", bytes.size(), " bytes: wanted ", kSeedBytes));
  }
  std::array<unsigned char, 16> salt{};
  std::array<unsigned char, 16> iv{};
  random.Fill(salt.data(), salt.size());
  random.Fill(iv.data(), iv.size());
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>> plain(
      EVP_PKEY2PKCS8(key.get()));
  std::unique_ptr<X509_ALGOR, Freer<X509_ALGOR_free>> algorithm(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt.data(), static_cast<int>(salt.size()),
                            iv.data(), kScryptN, kScryptR, kScryptP));
  const auto secret = passphrase.Read(SecretAccess::Grant());  // to encrypt the key with it
  const std::unique_ptr<X509_SIG, Freer<X509_SIG_free>> sealed(
      plain == nullptr || algorithm == nullptr
          ? nullptr
          : PKCS8_set0_pbe(reinterpret_cast<const char*>(secret.data()),
                           static_cast<int>(secret.size()), plain.get(), algorithm.get()));
  // On success the algorithm is part of `sealed`.
  if (sealed != nullptr) static_cast<void>(algorithm.release());
  const Bio out(BIO_new(BIO_s_mem()));
  if (sealed == nullptr || out == nullptr || PEM_write_bio_PKCS8(out.get(), sealed.get()) != 1) {
    ERR_clear_error();
    return ResourceExhausted("PEM: the key could not be encrypted");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace rind::keystore
