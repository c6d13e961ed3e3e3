// The internal certificate authority of one installation, in one folder.
//
// Promise: made once and kept. Each certificate that it issues is in its log (issued.log, one line
// each, synced) before anyone has it. A good certificate is left alone; one with a third or less of
// its life left is renewed for the same key, so that key and certificate on disk always match while
// services read them again.
// Threading: one thread, one process (the log is locked).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "services/pki/certificate.h"

namespace rind::pki {

inline constexpr absl::Duration kAuthorityLife = absl::Hours(24 * 3652);  // 10 years
inline constexpr absl::Duration kLeafLife = absl::Hours(24 * 90);         // G-03
inline constexpr absl::Duration kRenewBefore = absl::Hours(24 * 30);      // a third

// Who gets a certificate and where its files go.
struct Order {
  std::string name;               // the one DNS name: "mirror-syncer"
  std::string folder;             // ca.pem, certificate.pem, key.pem (0600) are written here
  std::optional<unsigned> owner;  // the user that the files belong to; nothing: who runs this

  // "NAME=FOLDER" or "NAME=FOLDER:UID".
  static StatusOr<Order> Parse(std::string_view text);
};

class Authority {
 public:
  // Loads the authority in `folder`, or makes one there. FailedPrecondition when it has too little
  // life left to issue from, or half of it is missing.
  static StatusOr<Authority> Open(FileSystem& files, const Clock& clock, Random& random,
                                  const std::string& folder);

  // Makes sure that the order's files are there and good for long enough, and says what was done:
  // "mirror-syncer: valid until 2027-02-20T17:00:00Z, kept".
  StatusOr<std::string> Fulfil(const Order& order);

 private:
  Authority(FileSystem& files, const Clock& clock, Random& random, PrivateKey key,
            Certificate certificate, AppendFile log);
  Status IsGood(const Order& order, const PrivateKey& key) const;
  StatusOr<std::string> Issue(const Order& order, const PrivateKey& key);
  Status Write(const Order& order, std::string_view name, std::string_view bytes,
               std::uint32_t mode);

  FileSystem& files_;
  const Clock& clock_;
  Random& random_;
  PrivateKey key_;
  Certificate certificate_;
  AppendFile log_;
};

}  // namespace rind::pki
