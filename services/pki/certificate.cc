#include "services/pki/certificate.h"

#include <ctime>
#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/text.h"

namespace rind::pki {
namespace {

constexpr char kAuthorityName[] = "rind internal CA";
constexpr std::size_t kSerialBytes = 16;
constexpr int kEmptyPathLength = -1;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// OpenSSL's last error as a value; its queue is empty afterwards.
Status Failed(std::string_view what) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof reason);
  }
  ERR_clear_error();
  return Internal(Cat("openssl: ", what, ": ", reason));
}

StatusOr<Owned<BIO>> Holding(std::string_view text) {
  Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) return Failed("buffer");
  return bio;
}

std::string TextOf(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Status SetTimes(X509& certificate, const Validity& validity) {
  const auto set = [](ASN1_TIME* to, absl::Time time) {
    return ASN1_TIME_set(to, absl::ToTimeT(time)) != nullptr;
  };
  if (!set(X509_getm_notBefore(&certificate), validity.from) ||
      !set(X509_getm_notAfter(&certificate), validity.until)) {
    return Failed("validity");
  }
  return OkStatus();
}

Status SetSerial(X509& certificate, Random& random) {
  std::string bytes = random.Bytes(kSerialBytes);
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7FU) | 0x40U);
  const Owned<BIGNUM> number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()), nullptr));
  if (number == nullptr ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) == nullptr) {
    return Failed("serial");
  }
  return OkStatus();
}

Status SetSubject(X509& certificate, const std::string& name) {
  if (X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), kEmptyPathLength, 0) != 1) {
    return Failed("subject");
  }
  return OkStatus();
}

Status Extend(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension == nullptr || X509_add_ext(&certificate, extension.get(), -1) != 1) {
    return Failed(Cat("extension ", OBJ_nid2sn(nid)));
  }
  return OkStatus();
}

StatusOr<Owned<X509>> Prepare(const std::string& subject, EVP_PKEY& key, const Validity& validity,
                              Random& random) {
  Owned<X509> certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), &key) != 1) {
    return Failed("certificate");
  }
  RIND_RETURN_IF_ERROR(SetTimes(*certificate, validity));
  RIND_RETURN_IF_ERROR(SetSerial(*certificate, random));
  RIND_RETURN_IF_ERROR(SetSubject(*certificate, subject));
  return certificate;
}

}  // namespace

struct PrivateKey::Rep {
  Owned<EVP_PKEY> key;
};

PrivateKey::PrivateKey(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

StatusOr<PrivateKey> PrivateKey::Generate() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("key");
  return PrivateKey(std::make_unique<Rep>(Rep{std::move(key)}));
}

StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  RIND_ASSIGN_OR_RETURN(const Owned<BIO> bio, Holding(pem));
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  char group[32] = "";
  std::size_t size = 0;
  if (key == nullptr || EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) != 1 ||
      std::string_view(group) != "prime256v1") {
    ERR_clear_error();
    return InvalidArgument("wanted an unencrypted P-256 key in PEM");
  }
  return PrivateKey(std::make_unique<Rep>(Rep{std::move(key)}));
}

StatusOr<std::string> PrivateKey::Pem() const {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PrivateKey(bio.get(), rep_->key.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr) != 1) {
    return Failed("PEM of a key");
  }
  return TextOf(*bio);
}

struct Certificate::Rep {
  Owned<X509> certificate;
};

Certificate::Certificate(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

StatusOr<Certificate> Certificate::MakeAuthority(const PrivateKey& key, const Validity& validity,
                                                 Random& random) {
  EVP_PKEY& pkey = *key.rep_->key;
  RIND_ASSIGN_OR_RETURN(Owned<X509> made, Prepare(kAuthorityName, pkey, validity, random));
  X509& certificate = *made;
  if (X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate)) != 1) {
    return Failed("issuer");
  }
  // pathlen:0: it signs leaves, never another authority.
  RIND_RETURN_IF_ERROR(
      Extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  RIND_RETURN_IF_ERROR(
      Extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign"));
  RIND_RETURN_IF_ERROR(Extend(certificate, certificate, NID_subject_key_identifier, "hash"));
  if (X509_sign(&certificate, &pkey, EVP_sha256()) <= 0) return Failed("signature");
  return Certificate(std::make_unique<Rep>(Rep{std::move(made)}));
}

StatusOr<Certificate> Certificate::MakeLeaf(const Certificate& authority,
                                            const PrivateKey& authority_key, const PrivateKey& key,
                                            const std::string& dns_name, const Validity& validity,
                                            Random& random) {
  RIND_ASSIGN_OR_RETURN(Owned<X509> made, Prepare(dns_name, *key.rep_->key, validity, random));
  X509& certificate = *made;
  X509& issuer = *authority.rep_->certificate;
  if (X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer)) != 1) {
    return Failed("issuer");
  }
  const std::pair<int, std::string> extensions[] = {
      {NID_basic_constraints, "critical,CA:FALSE"}, {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, "serverAuth,clientAuth"}, {NID_subject_alt_name, Cat("DNS:", dns_name)},
      {NID_subject_key_identifier, "hash"},         {NID_authority_key_identifier, "keyid:always"},
  };
  for (const auto& [nid, value] : extensions) {
    RIND_RETURN_IF_ERROR(Extend(certificate, issuer, nid, value));
  }
  if (X509_sign(&certificate, authority_key.rep_->key.get(), EVP_sha256()) <= 0) {
    return Failed("signature");
  }
  return Certificate(std::make_unique<Rep>(Rep{std::move(made)}));
}

StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  RIND_ASSIGN_OR_RETURN(const Owned<BIO> bio, Holding(pem));
  Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return InvalidArgument("wanted a certificate in PEM");
  return Certificate(std::make_unique<Rep>(Rep{std::move(certificate)}));
}

StatusOr<std::string> Certificate::Pem() const {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), rep_->certificate.get()) != 1) {
    return Failed("PEM of a certificate");
  }
  return TextOf(*bio);
}

StatusOr<absl::Time> Certificate::ValidUntil() const {
  std::tm broken_down = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(rep_->certificate.get()), &broken_down) != 1) {
    return Failed("end of validity");
  }
  return absl::FromTM(broken_down, absl::UTCTimeZone());
}

std::string Certificate::SerialHex() const {
  const Owned<BIGNUM> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(rep_->certificate.get()), nullptr));
  if (number == nullptr) return "";
  const Owned<char> text(BN_bn2hex(number.get()));
  return text == nullptr ? "" : ToLower(text.get());
}

StatusOr<std::string> Certificate::DnsName() const {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(rep_->certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr || sk_GENERAL_NAME_num(names.get()) != 1) {
    return InvalidArgument("wanted exactly one name");
  }
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
  if (name->type != GEN_DNS) return InvalidArgument("wanted a DNS name");
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                     static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
}

bool Certificate::BelongsTo(const PrivateKey& key) const {
  const bool same = X509_check_private_key(rep_->certificate.get(), key.rep_->key.get()) == 1;
  ERR_clear_error();
  return same;
}

bool Certificate::IsSignedBy(const Certificate& authority) const {
  EVP_PKEY* key = X509_get0_pubkey(authority.rep_->certificate.get());
  const bool good = key != nullptr && X509_verify(rep_->certificate.get(), key) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace rind::pki
