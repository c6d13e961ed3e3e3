// A TUF repository in memory, for tests of whoever reads one: real keys, real signatures, and
// documents that a test may change, sign and spoil at will.
//
// Promise: after construction version 1 of the four top-level roles is published and verifies.
// Publishing is what a careful repository does; everything else is done by editing the documents or
// Files() directly. Failures inside are test failures.
// Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/crypto/public_key.h"
#include "common/tuf/model/documents.h"

namespace rind::testing {

// An Ed25519 key pair that no production code could hold like this: the secret is a plain string.
class SimulatedKey {
 public:
  static SimulatedKey Generate();
  const PublicKey& public_key() const { return public_key_; }
  tuf::KeyId id() const { return tuf::KeyId::Of(public_key_); }
  // The raw 64 bytes.
  std::string Sign(std::string_view message) const;
  // libsodium's 64-byte secret key.
  const std::string& secret() const { return secret_; }

 private:
  SimulatedKey(PublicKey public_key, std::string secret)
      : public_key_(std::move(public_key)), secret_(std::move(secret)) {}
  PublicKey public_key_;
  std::string secret_;
};

class RepositorySimulator {
 public:
  // Everything expires 30 days after `now`.
  explicit RepositorySimulator(absl::Time now);

  // The documents as they will be published next; edit them freely.
  tuf::Root& root() { return root_; }
  tuf::Timestamp& timestamp() { return timestamp_; }
  tuf::Snapshot& snapshot() { return snapshot_; }
  tuf::Targets& targets(const tuf::RoleName& role) { return targets_.at(role); }
  tuf::Targets& targets() { return targets(tuf::TopLevelRole::kTargets); }
  // The keys that sign for a role; put in, take out, share.
  std::vector<SimulatedKey>& keys(const tuf::RoleName& role) { return keys_[role]; }

  // A new key for a top-level role in the next root, in the old one's place.
  void Rotate(tuf::TopLevelRole role);
  // A file of `role`, with its content under targets/ when it is published.
  void AddTarget(const tuf::RoleName& role, const std::string& path, std::string_view content);
  // An empty delegated role with a key of its own; later ones come later in the search.
  void Delegate(const tuf::RoleName& parent, const tuf::RoleName& child,
                std::vector<std::string> patterns, bool terminating);
  // The same document under a second parent.
  void DelegateAgain(const tuf::RoleName& parent, const tuf::RoleName& child,
                     std::vector<std::string> patterns, bool terminating,
                     const std::vector<SimulatedKey>& keys);
  // 2^bit_length bins "PREFIX-x" below `parent`, all with one key.
  void DelegateBins(const tuf::RoleName& parent, int bit_length, const std::string& prefix);

  // Whether the snapshot says length and hash of targets roles, or only versions. Default: both.
  void SetHashesInSnapshot(bool hashes) { hashes_in_snapshot_ = hashes; }

  // Version + 1 of that document, signed, in Files(), and noted in what announces it.
  void PublishRoot();  // by the keys before and now
  void PublishTargets(const tuf::RoleName& role);
  void PublishSnapshot();
  void PublishTimestamp();
  // Every targets role, snapshot, timestamp.
  void Publish();

  // The envelope of a document as it stands, signed by the role's keys.
  std::string Sign(const tuf::RoleName& role, std::string_view canonical) const;
  std::string SignRoot() const;
  std::string SignTimestamp() const;
  std::string SignSnapshot() const;
  std::string SignTargets(const tuf::RoleName& role) const;

  // Path below the mirror's root, such as "metadata/1.root.json", and bytes.
  std::map<std::string, std::string>& Files() { return files_; }
  // The newest published bytes of a role.
  std::string Published(const tuf::RoleName& role) const;
  // Writes all of Files() below `folder`; those that are gone from it stay where they were.
  void WriteTo(FileSystem& files, const std::string& folder) const;

 private:
  void Enrol(const tuf::RoleName& role);
  tuf::RoleKeys Register(const std::vector<SimulatedKey>& keys, tuf::KeyMap& map) const;
  void AddDelegation(const tuf::RoleName& parent, tuf::DelegatedRole role);
  tuf::FileMeta MetaOf(tuf::Version version, std::string_view bytes) const;
  tuf::Delegations& DelegationsOf(const tuf::RoleName& parent);

  absl::Time expires_;
  bool hashes_in_snapshot_ = true;
  tuf::Root root_;
  tuf::Timestamp timestamp_;
  tuf::Snapshot snapshot_;
  std::map<tuf::RoleName, tuf::Targets> targets_;
  std::map<tuf::RoleName, std::vector<SimulatedKey>> keys_;
  std::vector<SimulatedKey> old_root_keys_;
  std::map<tuf::RoleName, std::int64_t> published_;  // the newest version in files_
  std::map<std::string, std::string> contents_;      // by target path
  std::map<std::string, std::string> files_;
};

}  // namespace rind::testing
