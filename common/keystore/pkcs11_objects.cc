#include "common/keystore/pkcs11_objects.h"

#include <array>
#include <memory>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "common/base/text.h"
#include "common/keystore/freer.h"

namespace rind::keystore {
namespace {

// 1.3.101.112 and 1.2.840.10045.3.1.7 (RFC 8410, RFC 5480).
constexpr std::string_view kEd25519Oid("\x06\x03\x2b\x65\x70", 5);
constexpr std::string_view kP256Oid("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10);
// PKCS#11 3.0 lets a token name the curve instead: PrintableString "edwards25519".
constexpr std::string_view kEd25519Name(
    "\x13\x0c"
    "edwards25519",
    14);
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kP256PointBytes = 65;  // 04, X, Y
constexpr std::size_t kP256NumberBytes = 32;
// More objects of one label than this are nobody's keys.
constexpr std::size_t kMaxObjects = 1000;

// The point without the OCTET STRING that most tokens put around it.
std::string_view Unwrap(std::string_view point, std::size_t bytes) {
  if (point.size() == bytes + 2 && point[0] == '\x04' &&
      static_cast<unsigned char>(point[1]) == bytes) {
    return point.substr(2);
  }
  return point;
}

StatusOr<std::string> P256Pem(std::string_view point) {
  const std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
  const std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  if (build == nullptr || context == nullptr) return ResourceExhausted("EC key: no memory");
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  const std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>> parameters(
      OSSL_PARAM_BLD_to_param(build.get()));
  EVP_PKEY* raw = nullptr;
  const bool made =
      parameters != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(raw);
  const std::unique_ptr<BIO, Freer<BIO_free>> out(BIO_new(BIO_s_mem()));
  if (!made || out == nullptr || PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) {
    ERR_clear_error();
    return InvalidArgument("the token's public key is no point of P-256");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace

StatusOr<std::string> CurveOf(KeyScheme scheme) {
  switch (scheme) {
    case KeyScheme::kEd25519:
      return std::string(kEd25519Oid);
    case KeyScheme::kEcdsaSha2Nistp256:
      return std::string(kP256Oid);
    case KeyScheme::kRsaPssSha256:
      break;
  }
  return InvalidArgument(Cat(SchemeName(scheme), ": wanted ed25519 or ecdsa-sha2-nistp256"));
}

StatusOr<PublicKey> PublicKeyOf(std::string_view parameters, std::string_view point) {
  if (parameters == kEd25519Oid || parameters == kEd25519Name) {
    return PublicKey::FromEd25519(Unwrap(point, kEd25519Bytes));
  }
  if (parameters != kP256Oid) {
    return InvalidArgument("a key on another curve: wanted Ed25519 or P-256");
  }
  RIND_ASSIGN_OR_RETURN(const std::string pem, P256Pem(Unwrap(point, kP256PointBytes)));
  return PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, pem);
}

StatusOr<std::string> EcdsaDer(std::string_view r_and_s) {
  if (r_and_s.size() != 2 * kP256NumberBytes) {
    return Internal(
        Cat("the token's signature has ", r_and_s.size(), " bytes: wanted ", 2 * kP256NumberBytes));
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(r_and_s.data());
  const std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(bytes, kP256NumberBytes, nullptr);
  BIGNUM* const s = BN_bin2bn(bytes + kP256NumberBytes, kP256NumberBytes, nullptr);
  if (signature == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return ResourceExhausted("ECDSA signature: no memory");
  }
  unsigned char* encoded = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &encoded);
  if (size <= 0) return ResourceExhausted("ECDSA signature: no memory");
  std::string der(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
  OPENSSL_free(encoded);
  return der;
}

CK_RV FindObjects(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                  std::vector<CK_ATTRIBUTE> wanted, std::vector<CK_OBJECT_HANDLE>& found) {
  found.clear();
  CK_RV result = functions.C_FindObjectsInit(session, wanted.data(), wanted.size());
  if (result != CKR_OK) return result;
  std::array<CK_OBJECT_HANDLE, 16> some{};
  CK_ULONG count = some.size();
  while (result == CKR_OK && count > 0 && found.size() < kMaxObjects) {
    result = functions.C_FindObjects(session, some.data(), some.size(), &count);
    if (result == CKR_OK) found.insert(found.end(), some.begin(), some.begin() + count);
  }
  const CK_RV ended = functions.C_FindObjectsFinal(session);
  return result != CKR_OK ? result : ended;
}

CK_RV ReadAttribute(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, std::string& bytes) {
  constexpr CK_ULONG kMaxBytes = 16384;
  CK_ATTRIBUTE attribute = {type, nullptr, 0};
  CK_RV result = functions.C_GetAttributeValue(session, object, &attribute, 1);
  if (result != CKR_OK) return result;
  if (attribute.ulValueLen > kMaxBytes) return CKR_ATTRIBUTE_VALUE_INVALID;
  bytes.resize(attribute.ulValueLen);
  attribute.pValue = bytes.data();
  result = functions.C_GetAttributeValue(session, object, &attribute, 1);
  if (result == CKR_OK) bytes.resize(attribute.ulValueLen);
  return result;
}

}  // namespace rind::keystore
