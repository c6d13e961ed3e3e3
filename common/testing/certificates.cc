#include "common/testing/certificates.h"

#include <cstdlib>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace rind::testing {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// A test that can't make its certificates can't say anything: it ends at once.
void Must(bool done) {
  if (!done) std::abort();
}

Owned<EVP_PKEY> NewKey() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Must(key != nullptr);
  return key;
}

void Extend(X509& certificate, int nid, const std::string& value) {
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  Must(extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1);
}

Owned<X509> NewCertificate(const std::string& common_name, EVP_PKEY& key, absl::Duration starts,
                           absl::Duration ends) {
  Owned<X509> certificate(X509_new());
  Must(certificate != nullptr && X509_set_version(certificate.get(), 2) == 1);
  std::uint64_t serial = 0;
  Must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), absl::ToInt64Seconds(starts));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), absl::ToInt64Seconds(ends));
  X509_set_pubkey(certificate.get(), &key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  Must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                  -1, 0) == 1);
  return certificate;
}

std::string TextOf(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PemOf(X509& certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(bio.get(), &certificate) == 1);
  return TextOf(*bio);
}

std::string PemOf(EVP_PKEY& key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return TextOf(*bio);
}

}  // namespace

struct TestAuthority::State {
  Owned<EVP_PKEY> key = NewKey();
  Owned<X509> certificate;
};

TestAuthority::TestAuthority(const std::string& name) : state_(std::make_unique<State>()) {
  state_->certificate = NewCertificate(name, *state_->key, -absl::Hours(2), absl::Hours(48));
  X509& certificate = *state_->certificate;
  X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate));
  Extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate, NID_key_usage, "critical,keyCertSign");
  Must(X509_sign(&certificate, state_->key.get(), EVP_sha256()) > 0);
}

TestAuthority::~TestAuthority() = default;

rpc::TlsFiles TestAuthority::Issue(const std::string& folder, const Leaf& leaf) const {
  const Owned<EVP_PKEY> key = NewKey();
  const Owned<X509> certificate = NewCertificate("leaf", *key, leaf.starts, leaf.ends);
  X509_set_issuer_name(
      certificate.get(),
      X509_get_subject_name(leaf.self_signed ? certificate.get() : state_->certificate.get()));
  std::vector<std::string> names;
  for (const std::string& name : leaf.dns_names) names.push_back(Cat("DNS:", name));
  for (const std::string& uri : leaf.uris) names.push_back(Cat("URI:", uri));
  if (!names.empty()) Extend(*certificate, NID_subject_alt_name, Join(names, ","));
  Extend(*certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  Must(X509_sign(certificate.get(), leaf.self_signed ? key.get() : state_->key.get(),
                 EVP_sha256()) > 0);

  LocalFileSystem files;
  rpc::TlsFiles tls = {JoinPath(folder, "ca.pem"), JoinPath(folder, "certificate.pem"),
                       JoinPath(folder, "key.pem")};
  Must(files.MakeDirectories(folder, 0700).ok());
  Must(files.Replace(tls.ca, PemOf(*state_->certificate), 0600).ok());
  Must(files.Replace(tls.key, PemOf(*key), 0600).ok());
  Must(files.Replace(tls.certificate, PemOf(*certificate), 0600).ok());
  return tls;
}

rpc::TlsFiles TestAuthority::Issue(const std::string& folder, const std::string& name) const {
  return Issue(folder, Leaf{.dns_names = {name}, .uris = {}});
}

}  // namespace rind::testing
