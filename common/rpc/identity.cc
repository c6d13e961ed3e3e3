// The certificate files of a process, checked before gRPC sees them.
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/rpc/server.h"

namespace rind::rpc {
namespace {

constexpr std::uint64_t kMaxPemBytes = 1024ULL * 1024;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

StatusOr<Owned<BIO>> OpenPem(const std::string& path) {
  if (path.empty()) return InvalidArgument("tls: a path is empty");
  RIND_ASSIGN_OR_RETURN(std::string pem, LocalFileSystem().Read(path, kMaxPemBytes));
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || BIO_write(bio.get(), pem.data(), static_cast<int>(pem.size())) !=
                            static_cast<int>(pem.size())) {
    return ResourceExhausted(Cat(path, ": no memory"));
  }
  pem.assign(pem.size(), '\0');  // it may have been the key
  return bio;
}

StatusOr<Owned<X509>> ReadCertificate(const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const Owned<BIO> bio, OpenPem(path));
  Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return InvalidArgument(Cat(path, ": holds no PEM certificate"));
  return certificate;
}

StatusOr<Owned<EVP_PKEY>> ReadKey(const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const Owned<BIO> bio, OpenPem(path));
  // The callback refuses encrypted keys instead of asking on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) return InvalidArgument(Cat(path, ": holds no PEM private key"));
  return key;
}

StatusOr<std::string> OneDnsName(const X509& certificate, const std::string& path) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  if (count != 1) {
    return InvalidArgument(Cat(path, ": ", count, " names, wanted exactly one DNS name"));
  }
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
  if (name->type != GEN_DNS) {
    return InvalidArgument(Cat(path, ": its name is no DNS name, wanted exactly one"));
  }
  const ASN1_STRING* text = name->d.dNSName;
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

}  // namespace

StatusOr<std::string> IdentityOf(const TlsFiles& tls) {
  RIND_ASSIGN_OR_RETURN(const Owned<X509> ca, ReadCertificate(tls.ca));
  RIND_ASSIGN_OR_RETURN(const Owned<X509> certificate, ReadCertificate(tls.certificate));
  RIND_ASSIGN_OR_RETURN(const Owned<EVP_PKEY> key, ReadKey(tls.key));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return InvalidArgument(Cat(tls.key, ": is not the key of ", tls.certificate));
  }
  if (X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) != 1) {
    ERR_clear_error();
    return InvalidArgument(Cat(tls.certificate, ": is not signed by ", tls.ca));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) <= 0) {
    return InvalidArgument(Cat(tls.certificate, ": has expired"));
  }
  return OneDnsName(*certificate, tls.certificate);
}

}  // namespace rind::rpc
