#include "common/crypto/public_key.h"

#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeKey>;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

constexpr std::size_t kMaxPem = 16ULL * 1024;  // a 16384-bit RSA key is under 3 KB
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 16384;
constexpr std::size_t kPssSalt = 32;  // securesystemslib signs with the digest's length

// The key of one PEM block "PUBLIC KEY", and nothing else in the text.
StatusOr<KeyHandle> ReadPem(std::string_view pem) {
  if (pem.size() > kMaxPem) return InvalidArgument("PEM: longer than 16384 bytes");
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return ResourceExhausted("PEM: no memory");
  KeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) return InvalidArgument("wanted a PEM block PUBLIC KEY");
  std::array<char, 256> rest{};
  int got = 0;
  while ((got = BIO_read(bio.get(), rest.data(), rest.size())) > 0) {
    if (!Trim({rest.data(), static_cast<std::size_t>(got)}).empty()) {
      return InvalidArgument("PEM: text after the key");
    }
  }
  return key;
}

// Two numbers of a key, each `width` bytes (its own length when 0): what the key is, whatever the
// spelling of its text.
StatusOr<std::string> Numbers(EVP_PKEY* key, const char* first, const char* second, int width) {
  std::string out;
  for (const char* const name : {first, second}) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) {
      ERR_clear_error();
      return InvalidArgument(Cat("a key without ", name));
    }
    const int size = width != 0 ? width : BN_num_bytes(number);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    const bool fits =
        BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size) == size;
    BN_free(number);
    if (!fits) return InvalidArgument(Cat("a key with an oversized ", name));
    out += Cat(size, ":");
    out += bytes;
  }
  return out;
}

Status CheckEcdsa(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return InvalidArgument("not an elliptic-curve key");
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                     &size) != 1 ||
      std::string_view(group.data(), size) != "prime256v1") {
    ERR_clear_error();
    return InvalidArgument(
        Cat("curve ", Printable({group.data(), size}, 40), ", wanted prime256v1"));
  }
  int is_explicit = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) ==
          1 &&
      is_explicit != 0) {
    return InvalidArgument("the curve is spelled out, wanted its name");
  }
  ERR_clear_error();
  return OkStatus();
}

Status CheckRsa(EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type != EVP_PKEY_RSA) return InvalidArgument("not an RSA key");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return InvalidArgument(
        Cat("RSA of ", bits, " bits, wanted ", kMinRsaBits, " to ", kMaxRsaBits));
  }
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) {
    ERR_clear_error();
    return InvalidArgument("RSA without an exponent");
  }
  // An exponent of 1 makes every message its own signature; a huge one makes verifying slow.
  const bool sound =
      BN_is_odd(exponent) && BN_num_bits(exponent) >= 2 && BN_num_bits(exponent) <= 64;
  BN_free(exponent);
  return sound ? OkStatus() : InvalidArgument("RSA exponent: wanted an odd number from 3 to 2^64");
}

Status Refused(KeyScheme scheme) {
  return FailedPrecondition(Cat("signature is not this ", SchemeName(scheme), " key's"));
}

}  // namespace

struct PublicKey::Rep {
  KeyScheme scheme = KeyScheme::kEd25519;
  std::string material;
  std::string identity;  // Ed25519: the 32 bytes; ECDSA: x, y; RSA: n, e
  KeyHandle key;         // null for Ed25519
};

std::string_view SchemeName(KeyScheme scheme) {
  switch (scheme) {
    case KeyScheme::kEd25519:
      return "ed25519";
    case KeyScheme::kEcdsaSha2Nistp256:
      return "ecdsa-sha2-nistp256";
    case KeyScheme::kRsaPssSha256:
      return "rsassa-pss-sha256";
  }
  return "";
}

StatusOr<PublicKey> PublicKey::FromEd25519(std::string_view raw) {
  if (sodium_init() < 0) return Internal("libsodium does not start");
  if (raw.size() != crypto_sign_PUBLICKEYBYTES) {
    return InvalidArgument(Cat("ed25519 key: found ", raw.size(), " bytes, wanted 32"));
  }
  // Canonical, on the curve, not of low order and in the main subgroup.
  if (crypto_core_ed25519_is_valid_point(reinterpret_cast<const unsigned char*>(raw.data())) != 1) {
    return InvalidArgument("ed25519 key: not a point of the main subgroup");
  }
  auto rep = std::make_shared<Rep>();
  rep->scheme = KeyScheme::kEd25519;
  rep->material = ToHex(raw);
  rep->identity = std::string(raw);
  return PublicKey(std::move(rep));
}

StatusOr<PublicKey> PublicKey::Create(KeyScheme scheme, std::string_view material) {
  if (scheme == KeyScheme::kEd25519) {
    const auto raw = FromHex(material);
    if (!raw.ok() || raw->size() != crypto_sign_PUBLICKEYBYTES) {
      return InvalidArgument("ed25519 key: wanted 64 lower-case hexadecimal digits");
    }
    return FromEd25519(*raw);
  }
  auto key = ReadPem(material);
  if (!key.ok()) return Annotate(key.status(), Cat(SchemeName(scheme), " key"));
  const Status sound =
      scheme == KeyScheme::kEcdsaSha2Nistp256 ? CheckEcdsa(key->get()) : CheckRsa(key->get());
  if (!sound.ok()) return Annotate(sound, Cat(SchemeName(scheme), " key"));
  auto rep = std::make_shared<Rep>();
  rep->scheme = scheme;
  rep->material = std::string(material);
  if (scheme == KeyScheme::kEcdsaSha2Nistp256) {
    RIND_ASSIGN_OR_RETURN(
        rep->identity, Numbers(key->get(), OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
  } else {
    RIND_ASSIGN_OR_RETURN(rep->identity,
                          Numbers(key->get(), OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, 0));
  }
  rep->key = *std::move(key);
  return PublicKey(std::move(rep));
}

KeyScheme PublicKey::scheme() const { return rep_->scheme; }
const std::string& PublicKey::material() const { return rep_->material; }
const std::string& PublicKey::identity() const { return rep_->identity; }

Status PublicKey::Verify(std::string_view message, std::string_view signature) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  const auto* text = reinterpret_cast<const unsigned char*>(message.data());
  if (rep_->scheme == KeyScheme::kEd25519) {
    // libsodium refuses S >= L, low-order R and non-canonical encodings by itself.
    const bool good = signature.size() == crypto_sign_BYTES &&
                      crypto_sign_verify_detached(
                          bytes, text, message.size(),
                          reinterpret_cast<const unsigned char*>(rep_->identity.data())) == 0;
    return good ? OkStatus() : Refused(rep_->scheme);
  }
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr) return ResourceExhausted("no memory to verify a signature");
  EVP_PKEY_CTX* options = nullptr;  // belongs to `context`
  bool good =
      EVP_DigestVerifyInit(context.get(), &options, EVP_sha256(), nullptr, rep_->key.get()) == 1;
  if (good && rep_->scheme == KeyScheme::kRsaPssSha256) {
    good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, kPssSalt) == 1;
  }
  good =
      good && EVP_DigestVerify(context.get(), bytes, signature.size(), text, message.size()) == 1;
  ERR_clear_error();
  return good ? OkStatus() : Refused(rep_->scheme);
}

}  // namespace rind
