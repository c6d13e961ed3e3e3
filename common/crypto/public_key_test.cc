#include "common/crypto/public_key.h"

#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Free>;

std::string PemOf(EVP_PKEY* key) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

KeyHandle NewEc(const char* curve) { return KeyHandle(EVP_EC_gen(curve)); }
KeyHandle NewRsa(unsigned bits) { return KeyHandle(EVP_RSA_gen(bits)); }

std::string Sign(EVP_PKEY* key, std::string_view message, int salt) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key), 1);
  if (salt != 0) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt), 1);
  }
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(message.data()), message.size()),
            1);
  signature.resize(size);
  return signature;
}

struct Ed25519Pair {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  Ed25519Pair() {
    EXPECT_GE(sodium_init(), 0);
    crypto_sign_keypair(open.data(), secret.data());
  }
  std::string Raw() const { return {reinterpret_cast<const char*>(open.data()), open.size()}; }
  std::string Sign(std::string_view message) const {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         secret.data());
    return signature;
  }
};

TEST(PublicKey, VerifiesItsOwnSignaturesOfEachScheme) {
  const Ed25519Pair pair;
  const auto ed25519 = PublicKey::FromEd25519(pair.Raw());
  ASSERT_TRUE(ed25519.ok());
  EXPECT_TRUE(ed25519->Verify("m", pair.Sign("m")).ok());
  EXPECT_EQ(ed25519->material(), ToHex(pair.Raw()));

  const KeyHandle ec = NewEc("P-256");
  const auto ecdsa = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, PemOf(ec.get()));
  ASSERT_TRUE(ecdsa.ok()) << MessageOf(ecdsa.status());
  EXPECT_TRUE(ecdsa->Verify("m", Sign(ec.get(), "m", 0)).ok());

  const KeyHandle rsa = NewRsa(2048);
  const auto pss = PublicKey::Create(KeyScheme::kRsaPssSha256, PemOf(rsa.get()));
  ASSERT_TRUE(pss.ok()) << MessageOf(pss.status());
  EXPECT_TRUE(pss->Verify("m", Sign(rsa.get(), "m", 32)).ok());
  // Another salt length is another scheme.
  EXPECT_FALSE(pss->Verify("m", Sign(rsa.get(), "m", 20)).ok());
  // PKCS #1 v1.5 by the same key: the scheme is the key's, not the signature's.
  EXPECT_FALSE(pss->Verify("m", Sign(rsa.get(), "m", 0)).ok());
}

TEST(PublicKey, C09RefusesSignaturesOfEveryWrongShape) {
  const Ed25519Pair pair;
  const auto key = PublicKey::FromEd25519(pair.Raw());
  const std::string good = pair.Sign("m");
  for (const std::string& wrong : {std::string(), good.substr(1), good + "x", std::string(64, '\0'),
                                   std::string(64, '\xFF')}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(key->Verify("m", wrong))) << ToHex(wrong);
  }
  for (std::size_t bit = 0; bit < good.size() * 8; bit += 7) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(key->Verify("m", flipped).ok()) << bit;
  }
  EXPECT_FALSE(key->Verify("n", good).ok());
}

TEST(PublicKey, C09RefusesEd25519NonCanonicalS) {
  const Ed25519Pair pair;
  const auto key = PublicKey::FromEd25519(pair.Raw());
  std::string signature = pair.Sign("m");
  // S + L is the same residue: a verifier that does not compare S with L accepts it.
  constexpr std::array<unsigned, 32> kOrder = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                               0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                               0,    0,    0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = static_cast<unsigned char>(signature[32 + i]) + kOrder[i] + carry;
    signature[32 + i] = static_cast<char>(sum & 0xFFU);
    carry = sum >> 8U;
  }
  EXPECT_FALSE(key->Verify("m", signature).ok());
}

TEST(PublicKey, C09RefusesEd25519KeysThatAreNoGoodPoints) {
  const std::string zero(32, '\0');
  std::string one = zero;
  one[0] = 1;  // the neutral element
  std::string order_eight;
  order_eight = *FromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const std::string beyond(32, '\xFF');  // y above the field: a second spelling
  for (const std::string& wrong : {std::string(), std::string(31, 'a'), std::string(33, 'a'), zero,
                                   one, order_eight, beyond}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromEd25519(wrong).status())) << ToHex(wrong);
    EXPECT_FALSE(PublicKey::Create(KeyScheme::kEd25519, ToHex(wrong)).ok()) << ToHex(wrong);
  }
  const Ed25519Pair pair;
  std::string upper = ToHex(pair.Raw());
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(PublicKey::Create(KeyScheme::kEd25519, upper).ok());
}

TEST(PublicKey, C09RefusesWrongCurvesSizesAndKinds) {
  const std::string p256 = PemOf(NewEc("P-256").get());
  const std::string rsa = PemOf(NewRsa(2048).get());
  struct Case {
    std::string_view name;
    KeyScheme scheme;
    std::string pem;
  };
  const Case cases[] = {
      {"P-384", KeyScheme::kEcdsaSha2Nistp256, PemOf(NewEc("P-384").get())},
      {"secp256k1", KeyScheme::kEcdsaSha2Nistp256, PemOf(NewEc("secp256k1").get())},
      {"RSA as ECDSA", KeyScheme::kEcdsaSha2Nistp256, rsa},
      {"ECDSA as RSA", KeyScheme::kRsaPssSha256, p256},
      {"RSA-1024", KeyScheme::kRsaPssSha256, PemOf(NewRsa(1024).get())},
      {"RSA-2047", KeyScheme::kRsaPssSha256, PemOf(NewRsa(2047).get())},
      {"empty", KeyScheme::kRsaPssSha256, ""},
      {"two keys", KeyScheme::kEcdsaSha2Nistp256, p256 + p256},
      {"text after", KeyScheme::kEcdsaSha2Nistp256, p256 + "x"},
      {"cut", KeyScheme::kEcdsaSha2Nistp256, p256.substr(0, p256.size() / 2)},
      {"long", KeyScheme::kEcdsaSha2Nistp256, p256 + std::string(20000, '\n')},
      {"hex", KeyScheme::kEcdsaSha2Nistp256, std::string(64, 'a')},
  };
  for (const Case& wrong : cases) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::Create(wrong.scheme, wrong.pem).status()))
        << wrong.name;
  }
}

TEST(PublicKey, C02OneKeyInSeveralSpellingsIsOneIdentity) {
  const KeyHandle ec = NewEc("P-256");
  const std::string uncompressed = PemOf(ec.get());
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(ec.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                           OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED),
            1);
  const std::string compressed = PemOf(ec.get());
  ASSERT_NE(uncompressed, compressed);
  const auto a = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, uncompressed);
  const auto b = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, compressed);
  const auto c = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, uncompressed + "\n\n");
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(*a, *c);
  EXPECT_NE(a->material(), b->material());
  const auto other = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, PemOf(NewEc("P-256").get()));
  EXPECT_FALSE(*a == *other);
}

}  // namespace
}  // namespace rind
