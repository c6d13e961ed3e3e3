#include "common/signing/memory.h"

#include <algorithm>

namespace rind::signing {

const Remembered* Memory::Find(const tuf::RoleName& role) const {
  const auto found = roles_.find(role);
  return found == roles_.end() ? nullptr : &found->second;
}

const Tombstone* Memory::FindTombstone(const Sha256Digest& path) const {
  const auto found = tombstones_.find(path);
  return found == tombstones_.end() ? nullptr : &found->second;
}

std::int64_t Memory::OfflineVersion(const std::string& role) const {
  const auto found = offline_.find(role);
  return found == offline_.end() ? 0 : found->second;
}

void Memory::Apply(const Intent& intent) {
  Remembered& role = roles_[intent.role];
  role = {.version = intent.version,
          .digest = intent.digest,
          .expires = intent.expires,
          .key_id = {},
          .signature = {},
          .file_sha256 = {},
          .file_length = 0};
  for (const Tombstone& tombstone : intent.departed) tombstones_[tombstone.path] = tombstone;
  if (intent.root.has_value()) root_ = intent.root;
  for (const auto& [name, version] : intent.offline) {
    std::int64_t& newest = offline_[name];
    newest = std::max(newest, version);
  }
  clock_floor_ = std::max(clock_floor_, intent.time);
}

void Memory::Apply(const Done& done) {
  Remembered& role = roles_[done.role];
  // A later intent may stand in the ledger before this record: it must not lose its digest.
  if (role.version != done.version) return;
  role.key_id = done.key_id;
  role.signature = done.signature;
  role.file_sha256 = done.file_sha256;
  role.file_length = done.file_length;
  ++signatures_;
}

}  // namespace rind::signing
