// What a signer remembers, as the rules see it.
//
// Promise: Memory holds no document, only versions, digests and departed paths: some 200 bytes for
// a role (16,384 bins take 4 MiB). It changes only by Apply(), with what the ledger has written.
// Threading: as a plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/hash.h"
#include "common/tuf/model/role_name.h"

namespace rind::signing {

// The newest document of a role. Without a signature it is an intent: the signer may have died
// before it signed, and will sign exactly this digest or nothing for that version.
struct Remembered {
  std::int64_t version = 0;
  Sha256Digest digest;  // of the canonical `signed` part
  absl::Time expires;
  std::string key_id;  // "" while it is an intent
  std::string signature;
  Sha256Digest file_sha256;  // of the whole file as published
  std::uint64_t file_length = 0;
};

// A path that left its bin: a file keeps its hash for ever, a page its serial.
struct Tombstone {
  Sha256Digest path;    // sha256 of the path
  Sha256Digest sha256;  // of the file; zero for a page
  std::int64_t serial = 0;
  absl::Time departed;
};

// The root that proofs start from.
struct PinnedRoot {
  std::int64_t version = 0;
  std::string bytes;  // the whole file
};

// "I will sign this": what is written and synced before a signature exists.
struct Intent {
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  std::int64_t version = 0;
  Sha256Digest digest;
  absl::Time expires;
  absl::Time time;  // the signer's clock
  std::vector<Tombstone> departed;
  std::optional<PinnedRoot> root;               // when this request moved it
  std::map<std::string, std::int64_t> offline;  // newest versions shown of offline roles
};

// "I signed it."
struct Done {
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  std::int64_t version = 0;
  std::string key_id;
  std::string signature;
  Sha256Digest file_sha256;
  std::uint64_t file_length = 0;
};

class Memory {
 public:
  const Remembered* Find(const tuf::RoleName& role) const;
  const Tombstone* FindTombstone(const Sha256Digest& path) const;
  const PinnedRoot* root() const { return root_.has_value() ? &*root_ : nullptr; }
  // The newest version shown of an offline role; 0 before the first.
  std::int64_t OfflineVersion(const std::string& role) const;
  // No signature was given after this time: the clock may not be before it.
  absl::Time clock_floor() const { return clock_floor_; }
  const std::map<tuf::RoleName, Remembered>& roles() const { return roles_; }
  std::uint64_t signatures() const { return signatures_; }

  void Apply(const Intent& intent);
  void Apply(const Done& done);

 private:
  std::map<tuf::RoleName, Remembered> roles_;
  std::map<Sha256Digest, Tombstone> tombstones_;
  std::optional<PinnedRoot> root_;
  std::map<std::string, std::int64_t> offline_;
  absl::Time clock_floor_ = absl::InfinitePast();
  std::uint64_t signatures_ = 0;
};

}  // namespace rind::signing
