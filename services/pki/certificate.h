// X.509 as rind uses it: EC P-256 keys, one authority, leaves with exactly one DNS name.
//
// Promise: OpenSSL's types stay behind this header; private keys leave it as PEM only for the file
// that they belong in.
// Threading: values; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace rind::pki {

class PrivateKey {
 public:
  static StatusOr<PrivateKey> Generate();
  // InvalidArgument unless `pem` is an unencrypted P-256 key.
  static StatusOr<PrivateKey> FromPem(std::string_view pem);
  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  ~PrivateKey();
  StatusOr<std::string> Pem() const;

 private:
  friend class Certificate;
  struct Rep;
  explicit PrivateKey(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

struct Validity {
  absl::Time from;
  absl::Time until;
};

class Certificate {
 public:
  // A self-signed authority that may sign leaves and nothing else.
  static StatusOr<Certificate> MakeAuthority(const PrivateKey& key, const Validity& validity,
                                             Random& random);
  // A leaf for both ends of mutual TLS, named `dns_name` and nothing else.
  static StatusOr<Certificate> MakeLeaf(const Certificate& authority,
                                        const PrivateKey& authority_key, const PrivateKey& key,
                                        const std::string& dns_name, const Validity& validity,
                                        Random& random);
  static StatusOr<Certificate> FromPem(std::string_view pem);
  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  ~Certificate();

  StatusOr<std::string> Pem() const;
  StatusOr<absl::Time> ValidUntil() const;
  std::string SerialHex() const;
  // The one name; InvalidArgument when it has none, several, or one of another kind.
  StatusOr<std::string> DnsName() const;
  bool BelongsTo(const PrivateKey& key) const;
  bool IsSignedBy(const Certificate& authority) const;

 private:
  struct Rep;
  explicit Certificate(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace rind::pki
